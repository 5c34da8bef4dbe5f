"""What goes of a talk made of tones and silence, and the plan without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.evidence.sound_events import LAUGHTER
from pipeline.media import channels
from pipeline.media.probe import probe
from pipeline.tracks.choice import chosen
from pipeline.values import Audio, Cut, Event, Span, Timeline, Word
from reelify.tighten.cutting import PUNCH, punched, tightened
from reelify.tighten.finding import removals
from reelify.tighten.hearing import RATE, measured
from reelify.tighten.hesitations import doubtful
from reelify.tighten.pauses import pauses
from reelify.tighten.values import LEAD, TAIL, Again, Sound, Talk, Wish

SAID = ((0.5, 1.5), (3.0, 4.0), (5.2, 6.2), (9.0, 10.0))
"""Where words are; an "eh" lies at 4.4."""
HUM = (4.4, 4.8)
EXAMPLE = Path(__file__).resolve().parents[3] / "assets" / "examples" / "viral_1.mp4"
ALL = Wish(longest_pause=0.6)


def tone(seconds: float, moving: bool) -> np.ndarray:
    """A voice that holds its vowel, or one that moves on eight times a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    partials = [np.sin(2 * np.pi * 130 * n * time) / n for n in range(1, 30)]
    if not moving:
        return np.sum(partials[:6], axis=0)
    turns = (time * 8).astype(int) % 4
    return np.sum([p * (np.abs(np.arange(1, 30)[n] - 3 - 7 * turns) < 4) for n, p in enumerate(partials)], axis=0)


@pytest.fixture(scope="module")
def sound() -> Sound:
    samples = np.random.default_rng(1).normal(0, 0.0005, 11 * RATE)
    for (a, b), moving in [*((s, True) for s in SAID), (HUM, False)]:
        low = round(a * RATE)
        piece = tone(b - a, moving)
        samples[low : low + len(piece)] += 0.1 * piece
    return measured([Audio(samples.astype(np.float32), RATE)], 0.0)


@pytest.fixture
def talk(sound: Sound) -> Talk:
    words = tuple(Word(a, b, f"word{n}") for n, (a, b) in enumerate(SAID))
    return Talk(Span(0.0, 11.0), words, (False,) * 4, sound, "es")


def test_pauses_are_cut_to_a_breath_and_a_hum_without_words_is_a_filler(talk: Talk) -> None:
    found = removals(talk, ALL)
    pauses = [r for r in found if r.kind == "pause"]
    expected = [(1.5 + TAIL, 3.0 - LEAD), (6.2 + TAIL, 9.0 - LEAD), (10.0 + TAIL, 11.0)]
    assert [t for r in pauses for t in (r.start, r.end)] == pytest.approx([t for e in expected for t in e], abs=0.03)
    (filler,) = (r for r in found if r.kind == "filler")
    assert filler.start == pytest.approx(4.0 + TAIL, abs=0.03)
    assert filler.end == pytest.approx(5.2 - LEAD, abs=0.03)
    for a, b in SAID:
        assert not any(r.span.overlap(Span(a + 0.02, b - 0.02)) for r in found)


def test_only_what_is_wished_goes(talk: Talk) -> None:
    assert {r.kind for r in removals(talk, replace(ALL, longest_pause=None))} == {"filler"}
    assert {r.kind for r in removals(talk, replace(ALL, fillers=False))} == {"pause"}
    assert not removals(talk, Wish(None, False, False))
    assert len([r for r in removals(talk, Wish(2.0, False)) if r.kind == "pause"]) == 1


def test_a_hum_that_has_a_word_is_no_filler(talk: Talk) -> None:
    words = (*talk.words[:2], Word(*HUM, "y"), *talk.words[2:])
    found = removals(replace(talk, words=words, ends=(False,) * 5), replace(ALL, longest_pause=None))
    assert not found


def test_laughter_and_the_silence_before_it_stay(talk: Talk) -> None:
    laughing = replace(talk, reactions=(Event(2.0, 2.4, LAUGHTER.label), Event(9.0, 10.0, LAUGHTER.label)))
    pauses = [r.span for r in removals(laughing, ALL) if r.kind == "pause"]
    assert not any(p.overlap(Span(1.7, 2.7)) or p.overlap(Span(6.2, 9.0)) for p in pauses)


def test_a_struck_word_goes_whole_and_nothing_else(talk: Talk) -> None:
    (struck,) = removals(talk, Wish(None, False, False, struck=(Span(3.2, 3.9),)))
    assert (struck.kind, struck.text) == ("struck", "word1")
    assert struck.start == pytest.approx(1.5 + TAIL)
    assert 4.0 <= struck.end <= HUM[0] + 1.0
    assert not struck.span.overlap(Span(*SAID[2]))


def test_the_plan_follows_and_what_is_restored_stays(talk: Talk) -> None:
    cut = Cut("/a.mp4", talk.span, 0.0)
    plan, found = Timeline((cut,), crossfade=0.08), removals(talk, ALL)
    made, receipts = tightened(plan, {cut: found}, {cut: talk}, ())
    assert made.duration == pytest.approx(11.0 - sum(r.end - r.start for r in found))
    assert (made.crossfade, made.soft) == (0.0, 0.02)
    assert all(a.end == pytest.approx(b.at) for a, b in zip(made.cuts[:-1], made.cuts[1:], strict=True))
    assert all(r.gone for r in receipts)
    kept, receipts = tightened(plan, {cut: found}, {cut: talk}, (Span(1.6, 2.9),))
    assert [r.gone for r in receipts] == [False, True, True, True]
    assert kept.duration == pytest.approx(made.duration + found[0].end - found[0].start)
    nothing, receipts = tightened(plan, {cut: found}, {cut: talk}, (Span(0.0, 11.0),))
    assert nothing == plan
    assert not any(r.gone for r in receipts)


def test_joined_pieces_are_not_of_one_size(sound: Sound) -> None:
    cuts = tuple(Cut("/a.mp4", Span(a - 0.1, b + 0.1), 1.2 * n) for n, (a, b) in enumerate(SAID))
    sizes = [c.zoom for c in punched(Timeline(cuts), {"/a.mp4": [sound]}).cuts]
    assert sizes == [1.0, PUNCH, 1.0, PUNCH]


def test_where_everything_is_loud_nothing_is_a_pause() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 5 * RATE).astype(np.float32)
    everywhere = measured([Audio(noise, RATE)], 0.0)
    assert not removals(Talk(Span(0.0, 5.0), (), (), everywhere, "es"), ALL)
    assert not removals(Talk(Span(0.0, 5.0), (), (), measured([], 0.0), "es"), ALL)


def test_the_pauses_of_a_shipped_clip_by_their_length() -> None:
    """Quiet are 0.50 s before the first word, 0.32 and 0.41 s inside, 0.67 s at the end: by default only the last is too long."""
    info = probe(EXAMPLE)
    heard = measured(channels.heard(info, stream=chosen(info, "auto").heard, rate=RATE), 0.0)
    clip = Talk(Span(0.0, info.duration), (), (), heard, "es")
    found = {longest: pauses(clip, longest) for longest in (0.6, 0.4, 0.3)}
    assert [len(f) for f in found.values()] == [1, 3, 4]
    assert sum(r.end - r.start for r in found[0.6]) == pytest.approx(0.67, abs=0.05)
    assert sum(r.end - r.start for r in found[0.4]) == pytest.approx(1.18, abs=0.1)


@pytest.mark.parametrize(
    ("heard", "gone"),
    [
        ([("Grecia.", 0.82)], False), ([("En", 0.17), ("Grecia.", 0.82)], False), ([("Valdemoro,", 0.57)], False),
        ([("y", 0.27), ("recordarás", 0.86)], False), ([("Emilio,", 0.9)], False), ([("eme,", 0.2)], True), ([("embre,", 0.4)], True),
        ([("este", 0.5), ("quiere", 0.2)], True), ([("este", 0.5), ("quiere", 0.9)], False),
    ],
)  # fmt: skip
def test_what_a_recogniser_believes_is_no_hum(talk: Talk, heard: list[tuple[str, float]], gone: bool) -> None:
    step = (HUM[1] - HUM[0]) / len(heard)
    inside = [Word(HUM[0] + n * step, HUM[0] + (n + 1) * step, t, p) for n, (t, p) in enumerate(heard)]
    words = (*talk.words[:2], *inside, *talk.words[2:])
    steady = replace(talk.sound, change=np.full_like(talk.sound.change, 0.07))
    unknown = frozenset({"emilio", "eme", "embre"})
    heard_so = replace(talk, words=words, ends=(False,) * len(words), sound=steady, unknown=unknown)
    assert bool(removals(heard_so, replace(ALL, longest_pause=None))) is gone


def said_in_the_hum(talk: Talk, words: list[tuple[str, float]], unknown: frozenset[str] = frozenset()) -> Talk:
    """``talk`` with words, of these probabilities, written for its "eh"."""
    step = (HUM[1] - HUM[0]) / len(words)
    inside = [Word(HUM[0] + n * step, HUM[0] + (n + 1) * step, t, p) for n, (t, p) in enumerate(words)]
    said = (*talk.words[:2], *inside, *talk.words[2:])
    return replace(talk, words=said, ends=(False,) * len(said), unknown=unknown)


@pytest.mark.parametrize(
    ("words", "again", "gone"),
    [
        ([("I", 0.6), ("bought", 0.9)], Again(0.02, "Move on."), True), ([("Anna,", 0.75)], Again(0.74, "Anna."), False),
        ([("and", 0.9), ("thee.", 0.8)], Again(0.1, "And thee."), False), ([("bought", 0.9)], None, False), ([("Embs,", 0.98)], Again(0.02, "EMS."), True), ([("Embs,", 0.98)], Again(0.7, "Embs."), False),
        ([("pues", 0.7), ("mis", 0.9)], Again(0.01, "Puesa."), True), ([("pues", 0.7), ("sí", 0.5)], Again(0.02, "¡Pues el C!"), False),
        ([("pues", 0.9), ("claro", 0.9)], Again(0.21, "Puesclado."), False), ([("este", 0.5), ("quiere", 0.2)], Again(0.02, "estén"), True),
    ],
)  # fmt: skip
def test_what_is_written_into_a_filler_is_not_heard_again(
    talk: Talk, words: list[tuple[str, float]], again: Again | None, gone: bool
) -> None:
    said = said_in_the_hum(talk, words, frozenset({"embs"}))
    asked = doubtful(said)
    assert list(asked.values()) == ([" ".join(text for text, _ in words)] if again else [])
    heard = replace(said, again={span: again for span in asked if again})
    assert bool(removals(heard, replace(ALL, longest_pause=None))) is gone


def test_a_word_that_moves_is_not_doubted(talk: Talk) -> None:
    moving = replace(talk, words=(Word(*SAID[0], "amigos"), *talk.words[1:]))
    assert not doubtful(moving)


def test_a_word_nobody_wrote_is_not_lost_beside_a_filler(talk: Talk) -> None:
    words = (
        Word(*SAID[0], "o"),
        Word(*SAID[1], "sea,"),
        *talk.words[3:],
    )  # nothing written for what is said from 5.2 to 6.2
    said = replace(talk, words=(Word(SAID[1][0], SAID[1][1], "pues,"), *words[2:]), ends=(False,) * 2)
    (filler,) = (r for r in removals(said, ALL) if r.text)
    assert filler.start >= SAID[0][1]
    assert filler.end <= SAID[2][0]
