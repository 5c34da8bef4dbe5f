"""Does the viral score order passages as people labelled them? Beside counting keywords, and chance.

Three sets: the passages of ``benchmarks/data/passages.json`` by half (``tune`` was looked at while weights were set, ``held``
was not, ``late`` was written after the word lists were fixed; all three by the same author, who also wrote the lists), and the
twelve passages of the designed talk, from its script and from what the recogniser hears.

    python -m benchmarks.viral [--quick]          --quick leaves the recogniser out
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from benchmarks import ROOT, media, table
from pipeline.evidence.sound_events import LAUGHTER
from pipeline.settings import Settings
from pipeline.speech.clock import between
from pipeline.text.embedder import Embedder
from pipeline.text.keywords import keywords
from pipeline.text.tagger import facts
from pipeline.values import Event, Sentence, Span, Transcript
from reelify.fitted import learned
from reelify.score import judging, semantics
from reelify.values import Evidence, ViralScore

SETTINGS = Settings()
NOWHERE = Span(0.0, 0.0)
EMBED = Embedder(SETTINGS).encode


@dataclass(frozen=True)
class Labelled:
    """A passage with its label 0–3; ``evidence`` where there is media."""

    language: str
    label: int
    sentences: tuple[Sentence, ...]
    evidence: Evidence | None = None
    span: Span = NOWHERE


@functools.lru_cache(maxsize=4)
def known(language: str) -> semantics.Vocabulary:
    commercial, emotional = (keywords(k, language, EMBED) for k in (SETTINGS.viral_keywords, SETTINGS.emotion_keywords))
    return semantics.vocabulary(commercial, emotional, learned(), EMBED)


def spoken(text: str, start: float = 0.0, end: float = 0.0) -> tuple[Sentence, ...]:
    """Sentences spread over ``start``…``end`` by their length (2.5 words a second where no end is given)."""
    parts = [p for p in re.split(r"(?<=[.!?])\s+", text.strip()) if p]
    end = end or start + len(text.split()) / 2.5
    edges = np.concatenate([[0], np.cumsum([len(p) for p in parts])]) / max(1, sum(len(p) for p in parts))
    times = start + edges * (end - start)
    return tuple(Sentence(float(a), float(b), p) for a, b, p in zip(times, times[1:], parts, strict=False))


def score(item: Labelled) -> ViralScore:
    speech = semantics.speech(item.sentences, facts([s.text for s in item.sentences], item.language), EMBED)
    if item.evidence is None:
        return judging.score_text(speech, known(item.language))
    return judging.score_clip(speech, known(item.language), item.evidence, item.span)


def counted(item: Labelled) -> float:
    """Baseline: exact keywords for each word."""
    said = re.findall(r"\w+", " ".join(s.text for s in item.sentences).lower())
    wanted = {*SETTINGS.viral_keywords, *SETTINGS.emotion_keywords}
    return sum(w in wanted for w in said) / max(1, len(said))


def passages(half: str) -> list[Labelled]:
    rows = json.loads((ROOT / "benchmarks" / "data" / "passages.json").read_text(encoding="utf-8"))
    return [Labelled(r["language"], r["label"], spoken(r["text"])) for r in rows if r["half"] == half]


def talk(transcript: Transcript | None, *, sound: bool) -> list[Labelled]:
    """The talk's passages; ``sound`` adds the audience's reactions where the truth has them."""
    truth = json.loads((media() / "viral" / "viral_es_truth.json").read_text(encoding="utf-8"))
    out = []
    for row in truth["segments"]:
        span = Span(row["start"], row["end"])
        said = between(transcript, span).sentences if transcript else spoken(row["text"], span.start, span.end)
        events = (Event(row["audience"][0], row["audience"][1], LAUGHTER.label),) if row["audience"] and sound else ()
        evidence = Evidence(truth["duration"], events=events) if sound else None
        out.append(Labelled("es", row["score"], said, evidence, span))
    return out


def heard() -> Transcript | None:
    """What the recogniser hears in the talk."""
    from pipeline.engine import Engine

    path: Path = media() / "viral" / "viral_es_talk.mp4"
    return Engine(replace(SETTINGS, language="es")).transcript(path, "es") if path.is_file() else None


def row(name: str, method: str, items: Sequence[Labelled], value: Callable[[Labelled], float]) -> list[object]:
    scores = [value(i) for i in items]
    labels = [i.label for i in items]
    pairs = [
        (a, b)
        for a, x in zip(scores, labels, strict=True)
        for b, y in zip(scores, labels, strict=True)
        if x == 3 and y == 0
    ]
    above = sum(a > b for a, b in pairs)
    rho = spearmanr(scores, labels).statistic if len(set(scores)) > 1 else 0.0
    zero, three = ([s for s, n in zip(scores, labels, strict=True) if n == k] for k in (0, 3))
    return [name, method, len(items), f"{above}/{len(pairs)}", f"{rho:.2f}", f"{max(zero):.2f}", f"{min(three):.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    sets = {f"passages, {half}": passages(half) for half in ("tune", "held", "late")}
    sets |= {"talk, script": talk(None, sound=False), "talk, script and laughter": talk(None, sound=True)}
    if not quick and (transcript := heard()):
        sets["talk, recognised"] = talk(transcript, sound=False)
    rng = random.Random(1)
    rows = [
        row(name, method, items, value)
        for name, items in sets.items()
        for method, value in (
            ("viral score", lambda i: score(i).total),
            ("keyword count", counted),
            ("chance", lambda i: rng.random()),
        )
    ]
    print(table(["set", "method", "n", "3 above 0", "Spearman", "highest 0", "lowest 3"], rows))


if __name__ == "__main__":
    main()
