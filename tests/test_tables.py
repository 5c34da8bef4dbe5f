"""One table for each kind of thing, and nobody who keeps a list of their own beside it."""

from __future__ import annotations

import ast
from dataclasses import fields
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from pipeline.captions import script, subtitles
from pipeline.captions.styles import STYLES
from pipeline.captions.subtitles import SUBTITLES
from pipeline.compute.models import yamnet_classes
from pipeline.editors.plans import PLANS
from pipeline.editors.values import Handover
from pipeline.evidence import sounds
from pipeline.evidence.sound_events import BY_LABEL, EVENTS, SoundEvent
from pipeline.media.values import MediaInfo
from pipeline.messages import Message, catalogue, languages, say
from pipeline.render.shapes import ASPECTS, FRAMINGS, standard_size
from pipeline.requests import options_of
from pipeline.settings import Settings
from pipeline.speech import backends
from pipeline.speech.backends import BACKENDS
from pipeline.text.inflection import fold
from pipeline.text.languages.known import LANGUAGES, language_of
from pipeline.text.languages.values import Language
from pipeline.values import Cut, Event, Sentence, Span, Timeline, Transcript, Word
from reelify.__main__ import _parser
from reelify.cut.posting import write_subtitles
from reelify.moments import candidates
from reelify.requests import CompileRequest
from reelify.score import scoring
from reelify.values import Evidence
from syncdub.requests import SyncRequest
from syncdub.witnesses import EXACT, WITNESSES, Witness
from web.ui.dubsync.view import WIDTHS, plot, segment_table
from web.ui.timeline import Whole, timeline
from web.ui.viral.view import _links

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [
    ROOT / "app.py",
    *(
        p
        for room in ("pipeline", "reelify", "syncdub", "web", "benchmarks")
        for p in sorted((ROOT / room).rglob("*.py"))
    ),
]


@cache
def strings(file: Path) -> frozenset[str]:
    """Every text in a module that is no docstring and no part of an f-string."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    spoken = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    spoken |= {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
    constants = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in spoken)
    return frozenset(n.value for n in constants if isinstance(n.value, str))


def written_elsewhere(words: set[str], home: str, also: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """The modules but ``home`` (and folders or modules ``also``) in which one of ``words`` is written."""
    found = {}
    for file in SOURCES:
        name = file.relative_to(ROOT).as_posix()
        if name != home and not name.startswith(also) and (here := words & strings(file)):
            found[name] = here
    return found


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.label)
class TestSoundEvents:
    def test_the_network_knows_its_classes(self, event: SoundEvent) -> None:
        assert all(set(family.classes) <= set(yamnet_classes()) for family in event.families)

    def test_the_detector_gives_its_label(self, event: SoundEvent) -> None:
        rows = np.full((100, len(sounds.FAMILIES)), -15.0, np.float32)
        for column, (known, _) in enumerate(sounds.FAMILIES):
            rows[40:50, column] = -2.0 if known is event else -15.0
        assert [e.label for e in sounds.find_events(rows, 0.48)] == [event.label]

    def test_it_is_a_moment_with_its_set_up(self, event: SoundEvent) -> None:
        evidence = Evidence(200.0, events=(Event(100.0, 104.0, event.label, 1.0),), has_audio=True)
        (found,) = candidates.moments(evidence, {})
        assert found.kind == event.label
        assert found.strength == pytest.approx(event.trust)
        assert candidates.wanted([found], 1.0, 60.0, 200.0).start == pytest.approx(100.0 - event.setup)

    def test_the_score_counts_what_it_is_worth(self, event: SoundEvent) -> None:
        found = scoring.reactions([Event(5.0, 9.0, event.label, 1.0)], Span(0.0, 20.0))
        assert [c.strength for c in found] == ([pytest.approx(event.worth)] if event.worth else [])

    @pytest.mark.parametrize("language", languages())
    def test_people_read_its_name_on_a_lane_and_as_a_reason(self, event: SoundEvent, language: str) -> None:
        name = say(Message(event.name), language)
        assert name != event.name
        assert "1:40" in say(Message(event.reason, {"at": 100.0}), language)
        seen = {"duration": 60.0, "events": [{"start": 1.0, "end": 3.0, "label": event.label}]}
        assert f"<span>{name}</span>" in timeline(Whole(seen, {}), language)


def test_no_label_of_a_sound_is_written_beside_the_table() -> None:
    # A label misspelled, or with another ending, is a list of its own as well: nothing may begin with one.
    home = "pipeline/evidence/sound_events.py"
    spoken = (
        "pipeline/text/languages/",
        "reelify/score/lexicon.py",
        "reelify/score/wordlists.py",
        "reelify/score/patterns.py",
    )
    alike = {
        s for f in SOURCES for s in strings(f) if s.isalpha() and any(s.casefold().startswith(k[:5]) for k in BY_LABEL)
    }
    assert alike >= set(BY_LABEL), "the search finds at least the labels themselves"
    assert not written_elsewhere(alike, home, spoken)


def words_of(prefix: str) -> set[str]:
    """The codes of the locales that begin with ``prefix``, without it."""
    return {code.removeprefix(prefix) for code in catalogue("en") if code.startswith(prefix)}


SAID = Transcript("en", 4.0, (Sentence(0.5, 1.5, "Hello.", (Word(0.5, 1.5, "Hello."),)),))
CUT = Timeline((Cut("/films/a.mp4", Span(1.0, 3.0), 0.0),), "plan")


class TestForms:
    def test_every_subtitle_form_is_written_where_it_says(self, tmp_path: Path) -> None:
        beside = write_subtitles(SAID, tmp_path / "clip.mp4")
        assert set(beside) == {form.name for form in SUBTITLES.values() if form.with_clips}
        assert all("Hello." in path.read_text(encoding="utf-8") for path in beside.values())
        shown = _links({name: f"/{name}" for name in beside}, "en")
        assert shown.count("<a ") == len(beside)
        assert "ui." not in shown

    @pytest.mark.parametrize("form", SUBTITLES)
    def test_the_command_line_offers_every_subtitle_form(self, form: str) -> None:
        assert _parser().parse_args(["transcribe", "a.mp4", "--format", form]).format == form
        assert "Hello." in subtitles.write(SAID, form)

    @pytest.mark.parametrize("form", PLANS)
    def test_every_plan_form_names_its_source(self, form: str) -> None:
        assert "a.mp4" in PLANS[form].write(Handover(CUT, Fraction(25), "title"))

    def test_no_list_of_forms_is_kept_elsewhere(self) -> None:
        # A form's own name may be written where files of other people are read, never two of them in one list.
        known = {*SUBTITLES, *PLANS}
        lists = (ast.Tuple, ast.List, ast.Set, ast.Dict)
        for file in (f for f in SOURCES if f.relative_to(ROOT).parts[0] in ("web", "reelify")):
            for node in (n for n in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(n, lists)):
                written = {
                    c.value.lstrip(".")
                    for c in ast.iter_child_nodes(node)
                    if isinstance(c, ast.Constant) and isinstance(c.value, str)
                }
                assert len(known & written) < 2, f"{file}: {written}"


@pytest.mark.parametrize("style", STYLES)
def test_every_style_of_captions_can_be_burned(style: str) -> None:
    text = script.to_ass(SAID, (1080, 1920), STYLES[style])
    assert sum(r"\p1" not in line for line in text.splitlines() if line.startswith("Dialogue:")) == 1
    assert "hello." in text.casefold()
    assert f"ui.caption_style.{style}" in catalogue("en")
    assert len({script.to_ass(SAID, (1080, 1920), s) for s in STYLES.values()}) == len(STYLES)


class TestShapes:
    def test_every_shape_and_way_to_fill_it_is_offered_with_words(self) -> None:
        offered = {p.name: p.choices for p in options_of(CompileRequest)}
        assert offered["aspect"] == ("source", *ASPECTS)
        assert offered["framing"] == tuple(FRAMINGS)
        assert words_of("ui.aspect.") == {a.replace(":", "x") for a in offered["aspect"]}
        assert words_of("ui.framing.") == set(FRAMINGS)

    @pytest.mark.parametrize("aspect", ASPECTS)
    def test_a_shape_has_its_size(self, aspect: str) -> None:
        width, height = standard_size(aspect, MediaInfo("a", "mp4", 1.0, 1))
        assert width / height == pytest.approx(ASPECTS[aspect][0] / ASPECTS[aspect][1])


class TestWitnesses:
    def test_the_table_knows_all_that_may_be_named(self) -> None:
        assert set(WITNESSES) == set(get_args(Witness)) == words_of("ui.witness.")
        assert set(EXACT) == words_of("ui.sync.follow.")
        assert {p.name: p.choices for p in options_of(SyncRequest)}["follow"] == EXACT

    @pytest.mark.parametrize("name", WITNESSES)
    def test_the_page_draws_and_names_it(self, name: str) -> None:
        known = WITNESSES[name]
        anchors = [{"dub": 1.0, "original": 1.5, "witness": name}]
        segment = {
            "dub_start": 0.0, "dub_end": 2.0, "original_start": 0.5, "original_end": 2.5, "offset_ms": 500.0, "error_ms": 5.0,
            "confidence": 0.9, "rate": 1.0, "evidence": {name: {"anchors": 1}},
        }  # fmt: skip
        drawn = plot({"segments": [segment], "anchors": anchors}, "en")
        assert drawn.count('class="said') == len(WIDTHS)
        assert known.colour in drawn
        assert say(Message(known.title), "en") in segment_table({"segments": [segment]}, "en")
        assert f"{known.colour}:" in (ROOT / "assets/page/look/1-tokens.css").read_text(encoding="utf-8")


class TestRecognisers:
    @pytest.mark.parametrize("name", BACKENDS)
    def test_settings_take_every_backend(self, name: str) -> None:
        assert Settings.from_env({"SPEECH_BACKEND": name}).speech_backend == name
        assert 0 < BACKENDS[name].batch("cpu") < BACKENDS[name].batch("cuda") == BACKENDS[name].batch("mps")

    def test_one_of_them_can_stand_in_on_any_gpu(self) -> None:
        assert backends.on_torch().on_torch
        assert Settings().speech_backend in BACKENDS

    def test_no_name_is_written_beside_the_table(self) -> None:
        # The watch names the libraries whose versions it shows, which are called the same.
        assert not written_elsewhere(set(BACKENDS), "pipeline/speech/backends.py", ("web/watch/monitoring.py",))


AS_WRITTEN = ("abbreviations", "numbered", "trailing")
WITH_ACCENTS = ("asking",)
"""Only its accent tells what asks from what joins: qué, que."""


class TestLanguages:
    @pytest.mark.parametrize("code", LANGUAGES)
    def test_words_are_folded_as_they_are_looked_up(self, code: str) -> None:
        known = LANGUAGES[code]
        lists = {f.name: getattr(known, f.name) for f in fields(Language) if f.name not in (*AS_WRITTEN, *WITH_ACCENTS)}
        found = {word for value in lists.values() if isinstance(value, frozenset | tuple) for word in value}
        assert all(word == fold(word) for word in found)
        short = (word for name in AS_WRITTEN for word in getattr(known, name))
        assert all(word == word.lower() and ("." in word or "º" in word or "°" in word) for word in short)

    def test_a_language_that_nobody_knows_is_written_with_spaces(self) -> None:
        assert language_of("xx").gap == " "
        assert language_of("ja").gap == ""

    def test_no_code_decides_by_the_name_of_a_language(self) -> None:
        # Which script a language is written in is what tells encodings apart.
        told = ROOT / "pipeline/text/encodings.py"
        for file in (
            f for f in SOURCES if f.relative_to(ROOT).parts[0] in ("pipeline", "reelify", "syncdub") and f != told
        ):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Compare) and "language" in ast.unparse(node.left):
                    compared = {c.value for c in node.comparators if isinstance(c, ast.Constant)}
                    assert not compared & set(LANGUAGES), f"{file}: {ast.unparse(node)}"
