"""Words that the page takes from others or makes of names: kinds of job, keys, and what Gradio says itself."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.messages import catalogue, languages
from tests.browsing import Place, Visit
from web.jobs.kinds import KINDS
from web.ui.keys import help_sheet
from web.ui.language import THEIR_CODES
from web.ui.projects.view import MARKS


def test_every_kind_of_job_has_a_name_in_every_language_and_a_mark() -> None:
    missing = [(tag, kind) for tag in languages() for kind in KINDS if f"ui.kind.{kind}" not in catalogue(tag)]
    assert missing == []
    assert set(KINDS) <= set(MARKS)


@pytest.mark.parametrize(("tag", "names"), [("es", ("Espacio", "Mayús ← →", "Supr")), ("en", ("Space", "Shift ← →"))])
def test_keys_are_called_as_on_the_keyboards_of_the_language(tag: str, names: tuple[str, ...]) -> None:
    drawn = help_sheet(tag)
    assert [name for name in names if f"<kbd>{name}</kbd>" not in drawn] == []


@pytest.mark.browser
def test_gradio_speaks_to_people_as_the_page_does(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        visit.page.locator("#highlights-flow .flow-options button.label-wrap").first.click()
        visit.text(catalogue("es")[THEIR_CODES["upload_text.drop_file"]])
        shown = visit.page.locator("body").inner_text()
        assert [words for words in ("Coloque", "Haga clic") if words in shown] == []
