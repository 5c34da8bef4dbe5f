"""One table for each kind of thing, and nobody who keeps a list of their own beside it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pipeline.compute.models import yamnet_classes
from pipeline.evidence import sounds
from pipeline.evidence.sound_events import BY_LABEL, EVENTS, SoundEvent
from pipeline.messages import Message, say
from pipeline.values import Event, Span
from reelify.moments import candidates
from reelify.score import scoring
from reelify.values import Evidence
from web.ui.timeline import timeline

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

    @pytest.mark.parametrize("language", ["es", "en"])
    def test_people_read_its_name_on_a_lane_and_as_a_reason(self, event: SoundEvent, language: str) -> None:
        name = say(Message(event.name), language)
        assert name != event.name
        assert "1:40" in say(Message(event.reason, {"at": 100.0}), language)
        seen = {"duration": 60.0, "events": [{"start": 1.0, "end": 3.0, "label": event.label}]}
        assert f"<span>{name}</span>" in timeline(seen, (), language)


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
