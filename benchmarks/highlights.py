"""Are the moments an audience reacted to inside the proposed clips? Beside random clips and the loudest places.

A talk with known reactions, and talks generated from a seed: speech in six languages with laughter, applause, cheering and
screams mixed under it 8 dB below to 3 dB above the speech, and talks without any reaction, where nothing should be proposed.
Every method may give one clip more than there are reactions.

    python -m benchmarks.highlights [--quick] [--talks 12] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import generators, media, table
from pipeline.values import Event, Span
from reelify.values import Evidence

MIN, MAX = 15.0, 60.0
LANGUAGES = ("es", "en", "de", "fr", "it", "pt")
BASELINE_CLIP = 20.0


def evidence_of(path: Path) -> Evidence:
    """What the product measures in ``path``; no transcript."""
    from pipeline.compute.device import pick
    from pipeline.evidence.gather import gather
    from pipeline.media.probe import probe
    from pipeline.settings import Settings

    raw = gather(path, probe(path), settings=Settings(), device=pick("cpu"))
    return Evidence(
        raw.duration, {c.name: c for c in raw.curves}, raw.events, raw.shots, raw.silences, raw.beats,
        None, raw.has_audio, raw.has_video,
    )  # fmt: skip


def ours(evidence: Evidence, count: int) -> list[Span]:
    from reelify.moments.highlights import find_highlights

    return [c.span for c in find_highlights(evidence, count=count, min_duration=MIN, max_duration=MAX).clips]


def loudest(evidence: Evidence, count: int) -> list[Span]:
    """The loudest places, far enough apart, each in the middle of a clip."""
    curve = evidence.curves["loudness"]
    chosen: list[float] = []
    for i in np.argsort(-curve.values, kind="stable"):
        time = float(i) * curve.step
        if all(abs(time - other) >= BASELINE_CLIP for other in chosen):
            chosen.append(time)
        if len(chosen) == count:
            break
    return [Span(max(0.0, t - BASELINE_CLIP / 2), t + BASELINE_CLIP / 2) for t in chosen]


def by_chance(evidence: Evidence, count: int, rng: np.random.Generator) -> list[Span]:
    starts = rng.uniform(0, max(1.0, evidence.duration - BASELINE_CLIP), count)
    return [Span(float(t), float(t) + BASELINE_CLIP) for t in starts]


def inside(clips: Sequence[Span], events: Sequence[Event]) -> int:
    """Events that lie whole in one clip (0.3 s of their fading edges may be outside)."""
    return sum(any(c.start <= e.start + 0.3 and e.end - 0.3 <= c.end for c in clips) for e in events)


def covered(clips: Sequence[Span], duration: float) -> float:
    grid = np.arange(0, duration, 0.1)
    return float(np.mean([any(c.contains(t) for c in clips) for t in grid])) if len(grid) else 0.0


def measure(cases: Sequence[tuple[str, Evidence, Sequence[Event]]], seed: int) -> list[list[object]]:
    """A row for each method over all ``cases`` with reactions."""
    rng = np.random.default_rng(seed)
    rows: list[list[object]] = []
    for name in ("this product", "loudest places", "random clips"):
        found, cover, total, clips = 0.0, list[float](), 0, 0.0
        for _, evidence, events in cases:
            count = len(events) + 1
            draws = 50 if name == "random clips" else 1
            for _ in range(draws):
                spans = {"this product": ours, "loudest places": loudest}.get(name, lambda e, c: by_chance(e, c, rng))(
                    evidence, count
                )
                found += inside(spans, events) / draws
                cover.append(covered(spans, evidence.duration))
                clips += len(spans) / draws
            total += len(events)
        rows.append([name, f"{found:.1f} of {total}", f"{found / total:.1%}", f"{np.mean(cover):.0%}", f"{clips:.0f}"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three generated talks")
    parser.add_argument("--talks", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = media()
    talk = folder / "highlights" / "talk_with_audience.mp4"
    truth = json.loads(talk.with_suffix(".json").read_text())["events"]
    events = tuple(Event(e["start"], e["end"], e["event"]) for e in truth)
    head = ["method", "reactions whole in a clip", "", "of the file in clips", "clips"]
    print("talk_with_audience.mp4\n")
    print(table(head, measure([("talk", evidence_of(talk), events)], options.seed)))
    cases: list[tuple[str, Evidence, tuple[Event, ...]]] = []
    quiet: list[tuple[str, Evidence, tuple[Event, ...]]] = []
    reactions = {label: generators.reaction_files(folder, label) for label in generators.REACTIONS}
    with tempfile.TemporaryDirectory() as temporary:
        for i in range(3 if options.quick else options.talks):
            rng = np.random.default_rng([options.seed, i])
            language = LANGUAGES[i % len(LANGUAGES)]
            n_events = 0 if i % 4 == 3 else int(rng.integers(3, 7))
            files = generators.speech_files(folder, language)
            made = generators.talk(rng, files, reactions, n_events=n_events, language=language)
            path = Path(temporary) / f"talk{i}.mp4"
            generators.write_talk(made, path, rng)
            (cases if made.events else quiet).append((f"{i} {language}", evidence_of(path), made.events))
            path.unlink()
    print(f"\n{len(cases)} generated talks, seed {options.seed}\n")
    print(table(head, measure(cases, options.seed)))
    counts = [len(ours(evidence, 6)) for _, evidence, _ in quiet]
    print(f"\n{len(quiet)} generated talks without any reaction: clips proposed {counts}")


if __name__ == "__main__":
    main()
