"""Are the strong moments of a talk found whole, without a laugh to point at them? Talks put together from passages never fitted on.

Each talk has five or six planted moments (a confession, a number, a tip, a strong opinion, a story, something funny) among eight
kinds of filler (greeting, thanks, sponsor, agenda, notices, call to action, reading out, small talk), in Spanish or English. Words get
times at a speaker's pace, passages a pause; in every other talk an audience reacts to half of the moments and there is a loud trap.
The transcript is taken as said, so what is measured is the choice and not the recogniser; ``benchmarks.spoken_talks`` speaks them.

    python -m benchmarks.talks [--quick] [--talks 12] [--seed 1]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks import ROOT, readers, table
from benchmarks.fitting import Interval, interval
from pipeline.evidence.sound_events import APPLAUSE, LAUGHTER
from pipeline.settings import Settings
from pipeline.text.keywords import keywords
from pipeline.text.tagger import facts
from pipeline.values import Curve, Event, Sentence, Span, Transcript, Word
from reelify.fitted import learned
from reelify.moments.highlights import find_highlights
from reelify.score.semantics import Vocabulary, speech, vocabulary
from reelify.thoughts_workflow import thoughts_of
from reelify.values import Evidence

FOLDER = ROOT / "benchmarks" / "data" / "talks"
MOMENTS = ("confession", "number", "tip", "claim", "story", "joke")
FILLERS = ("greeting", "thanks", "sponsor", "agenda", "housekeeping", "call", "reading", "smalltalk")
LOW, HIGH = 15.0, 60.0


@dataclass(frozen=True)
class Talk:
    """What the decision sees, and the planted moments with their reactions (``None`` without)."""

    language: str
    evidence: Evidence
    moments: tuple[Span, ...]
    reactions: tuple[Event | None, ...]


def passages(language: str) -> dict[str, list[str]]:
    """The talks' passages by kind."""
    out: dict[str, list[str]] = {}
    for line in (FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        kind, text = line.split("\t")
        out.setdefault(kind, []).append(text)
    return out


def order(rng: np.random.Generator, known: dict[str, list[str]], rounds: int = 3) -> list[tuple[str, str]]:
    """Kinds and texts of one talk: a greeting, then moments and ``rounds`` of fillers in random order, a moment never beside another."""
    kinds = list(rng.permutation(MOMENTS)[: int(rng.integers(5, 7))])
    fillers = [str(f) for _ in range(rounds) for f in rng.permutation(FILLERS[1:])]
    plan = ["greeting"]
    places = set(rng.choice(len(fillers), len(kinds), replace=False).tolist())
    for i, filler in enumerate(fillers):
        plan.append(str(filler))
        plan += [str(kinds.pop())] if i in places else []
    used: dict[str, list[str]] = {k: list(rng.permutation(v)) for k, v in known.items()}
    return [(k, str(used[k].pop() if len(used[k]) > 1 else used[k][0])) for k in plan]


def talk(seed: int, language: str, *, audience: bool) -> Talk:
    """One talk with word times; the same seed gives the same talk."""
    rng = np.random.default_rng([seed, 7])
    at = 1.0
    sentences: list[Sentence] = []
    moments: list[Span] = []
    reactions: list[Event | None] = []
    for kind, text in order(rng, passages(language)):
        start, pace = at, float(rng.uniform(2.3, 3.0))
        for piece in readers.split(text):
            sentence = _said(piece, at, pace)
            sentences.append(sentence)
            at = sentence.end + float(rng.uniform(0.2, 0.5))
        if kind in MOMENTS:
            moments.append(Span(start, sentences[-1].end))
            event = None
            if audience and rng.random() < 0.5:
                event = Event(at, at + float(rng.uniform(2, 5)), (LAUGHTER if kind == "joke" else APPLAUSE).label, 0.8)
                at = event.end
            reactions.append(event)
        at += float(rng.uniform(0.2, 0.9))
    n = int(at / 0.5) + 4
    loudness = rng.normal(-24, 1.5, n).astype(np.float32)
    if audience:
        trap = int(rng.integers(10, n - 10))
        loudness[trap : trap + 4] += 12.0
    evidence = Evidence(
        n * 0.5, {"loudness": Curve("loudness", loudness, 0.5)}, tuple(e for e in reactions if e),
        transcript=Transcript(language, n * 0.5, tuple(sentences)), has_video=False,
    )  # fmt: skip
    return Talk(language, evidence, tuple(moments), tuple(reactions))


def _said(text: str, start: float, pace: float) -> Sentence:
    words, at, out = text.split(), start, []
    for word in words:
        length = (0.4 + 0.12 * len(word)) / pace
        out.append(Word(at, at + 0.9 * length, word))
        at += length
    return Sentence(start, out[-1].end, text, tuple(out))


def judged(what: Talk, known: Vocabulary) -> Evidence:
    """The talk's evidence with its thoughts."""
    said = what.evidence.transcript
    assert said is not None
    spoken = speech(said.sentences, facts([s.text for s in said.sentences], said.language), readers.embed)
    return replace(what.evidence, thoughts=thoughts_of(spoken, known, what.evidence.events))


def covered(clips: Sequence[Span], moment: Span) -> bool:
    return any(c.overlap(moment) >= 0.6 * moment.duration for c in clips)


def whole(clips: Sequence[Span], moment: Span, reaction: Event | None) -> bool:
    end = moment.end if reaction is None else reaction.start + 0.5
    return any(c.start <= moment.start + 0.3 and c.end >= end - 0.3 for c in clips)


GRADES = {
    "covered": "moments covered", "whole": "whole, with their reaction", "share": "of the talk in clips",
    "p1": "right: first", "p3": "of three", "p5": "of five",
}  # fmt: skip
"""What one talk's clips are graded by, each in [0, 1], with the heads of the columns."""


def graded(
    clips: Sequence[Span], moments: Sequence[Span], reactions: Sequence[Event | None], duration: float
) -> dict[str, float]:
    """The grades of one talk; of the first one, three and five ``clips`` those that hold a moment are right."""
    out = {
        "covered": float(np.mean([covered(clips, m) for m in moments])),
        "whole": float(np.mean([whole(clips, m, r) for m, r in zip(moments, reactions, strict=True)])),
        "share": sum(c.duration for c in clips) / duration,
    }
    for k in (1, 3, 5):
        good = [any(m.overlap(c) >= 0.6 * m.duration for m in moments) for c in clips[:k]]
        out[f"p{k}"] = float(np.mean(good)) if good else 0.0
    return out


def printed(rows: dict[str, dict[str, list[float]]]) -> str:
    """Grades by method, means over talks with their intervals."""
    return table(
        ["method", *GRADES.values()],
        [
            [name, *(_told(interval(np.array(v), np.arange(len(v)))) for v in row.values())]
            for name, row in rows.items()
        ],
    )


def random_clips(rng: np.random.Generator, duration: float, n: int) -> list[Span]:
    """``n`` clips of 20 s anywhere in a talk."""
    return [Span(float(s), float(s) + 20.0) for s in rng.uniform(0, duration - 20, n)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--talks", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    known = {}
    for language in ("es", "en"):
        settings = Settings()
        one, two = (keywords(k, language, readers.embed) for k in (settings.viral_keywords, settings.emotion_keywords))
        known[language] = vocabulary(one, two, learned(), readers.embed)
    n = 4 if options.quick else options.talks
    talks = [talk(options.seed * 100 + i, ("es", "en")[i % 2], audience=i % 4 > 1) for i in range(n)]
    rng = np.random.default_rng(options.seed)
    rows: dict[str, dict[str, list[float]]] = {}
    seconds, minutes = 0.0, 0.0
    for number, what in enumerate(talks):
        began = time.perf_counter()
        evidence = judged(what, known[what.language])
        found = find_highlights(evidence, count=len(what.moments) + 1, min_duration=LOW, max_duration=HIGH)
        seconds += time.perf_counter() - began
        minutes += evidence.duration / 60
        spans = [c.span for c in found.clips]
        if options.show:
            _show(number, what, evidence, spans)
        for name, clips in (
            ("this product", spans),
            ("random clips of 20 s", random_clips(rng, evidence.duration, len(spans))),
        ):
            row = rows.setdefault(name, {k: [] for k in GRADES})
            for grade, value in graded(clips, what.moments, what.reactions, evidence.duration).items():
                row[grade].append(value)
    print(f"{len(talks)} talks of {minutes / len(talks):.1f} minutes, {sum(len(t.moments) for t in talks)} moments\n")
    print(printed(rows))
    print(f"\none minute of talk, judged and divided: {seconds / minutes:.2f} s")


def _told(value: Interval) -> str:
    return f"{value.mean:.0%} ({value.low:.0%} to {value.high:.0%})"


def _show(number: int, what: Talk, evidence: Evidence, clips: Sequence[Span]) -> None:
    print(f"\ntalk {number} {what.language}")
    sentences = evidence.transcript.sentences if evidence.transcript else ()
    for t in evidence.thoughts:
        planted = any(m.overlap(t.span) > 0.5 for m in what.moments)
        taken = next((i + 1 for i, c in enumerate(clips) if c.overlap(t.span) > 0.6 * t.span.duration), "-")
        text = " ".join(s.text for s in sentences[t.first : t.last + 1])
        print(
            " ".join(
                [
                    "*" if planted else " ",
                    str(taken),
                    f"{t.worth:.2f} {t.routine:.2f} {t.kind:12s}",
                    text[:150],
                    "|",
                    t.labels.title,
                ]
            )
        )


if __name__ == "__main__":
    main()
