"""What a clip may be posted with: on its card, on the clipboard, in tables for other programs."""

from __future__ import annotations

from web.ui.highlights.work import table_rows
from web.ui.posting.card import columns, score_bar, to_post
from web.ui.viral.view import score_rows

LABELS = {"title": "Perdí la casa", "description": "Perdí la casa. Y volví.", "tags": ["casa", "deuda"]}


def test_one_button_copies_title_description_and_tags() -> None:
    shown = to_post(LABELS, "es")
    assert (
        'data-copy="Perdí la casa&#10;&#10;' in shown or 'data-copy="Perdí la casa\n\nPerdí la casa. Y volví.' in shown
    )
    assert "#casa #deuda" in shown
    assert 'data-copied="Copiado"' in shown
    assert "Copiar" in shown
    assert "Copy" in to_post(LABELS, "en")


def test_nothing_said_is_nothing_to_post() -> None:
    assert to_post({}, "es") == to_post({"title": "", "description": "", "tags": []}, "en") == ""


def test_a_title_that_is_markup_stays_text() -> None:
    bad = '"><script>alert(1)</script>'
    assert "<script" not in to_post({"title": bad, "description": bad, "tags": [bad]}, "es")


def test_the_score_is_a_number_too() -> None:
    assert "82<small>/100" in score_bar(0.8249, "es")
    assert "width:0%" in score_bar(0.0, "en")


def test_tables_for_other_programs_hold_what_to_post() -> None:
    clip = {"made": (1.0, 9.0), "score": 0.5, "reasons": ["x"], **LABELS}
    (row,) = table_rows([clip], "es")
    assert list(row)[-3:] == ["Título", "Descripción", "Etiquetas"]
    assert row["Etiquetas"] == "casa deuda"
    ranked = {"title": "a.mp4", "duration": 8.0, "viral_score": 0.5, "parts": {"hook": 0.2}, "suggested": LABELS}
    (row,) = score_rows([ranked], "en")
    assert (row["Title"], row["Tags"], row["Clip"]) == ("Perdí la casa", "casa deuda", "a.mp4")
    assert columns({}, "en") == {"Title": "", "Description": "", "Tags": ""}
