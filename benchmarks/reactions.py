"""Does the ear hear laughter, applause, cheering and screams where there are none? And does it hear those that are there?

Without any: films, music and a synthetic game (tunes of square waves, shots and engines of noise); a false event is counted as what it
was taken for. With: the same material and talks, with reactions of known times mixed in, -4 to +6 dB beside it.

    python -m benchmarks.reactions [--quick] [--seed 1]
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks import generators, media, table
from benchmarks.generators import RATE, Samples
from pipeline.evidence import sounds
from pipeline.media import decode
from pipeline.settings import Settings
from pipeline.values import Audio, Event

BLOCK = 5
LEVELS = (-4.0, 6.0)
LABELS = ("laughter", "applause", "cheering", "scream", "crowd")
FILMS = (
    "bbb_480p_171s_5.1.mp4",
    "sintel_trailer_480p_moviepy.mp4",
    "tears-of-steel-battle-clip-medium.webm",
    "gradio_world.mp4",
)


def heard(samples: Samples, network: sounds.Network) -> tuple[Event, ...]:
    """The events of mono samples."""
    from pipeline.compute.models import yamnet_classes

    listener = sounds.SoundListener(network, yamnet_classes())
    for low in range(0, len(samples), BLOCK * RATE):
        listener.feed(Audio(samples[low : low + BLOCK * RATE], RATE, low / RATE))
    return listener.finish().events


def game(rng: np.random.Generator, seconds: float) -> Samples:
    """The sound of a game: a tune of square waves, shots and explosions of noise, an engine that rises and falls."""
    t = np.arange(int(seconds * RATE)) / RATE
    notes = 220 * 2 ** (rng.integers(0, 24, int(seconds * 4) + 1) / 12)
    tune = np.sign(np.sin(2 * np.pi * np.cumsum(notes[(t * 4).astype(int)]) / RATE)) * 0.05
    engine = np.sin(2 * np.pi * np.cumsum(60 + 30 * np.sin(t / 3)) / RATE) * 0.05
    out = (tune + engine).astype(np.float32)
    for at in np.cumsum(rng.uniform(0.4, 4.0, int(seconds / 2))):
        low, length = int(at * RATE), float(rng.uniform(0.05, 1.5))
        n = min(int(length * RATE), max(0, len(out) - low))
        decay = np.exp(-np.arange(n) / RATE / (length / 4))
        out[low : low + n] += (rng.standard_normal(n) * decay * rng.uniform(0.05, 0.3)).astype(np.float32)
    return np.clip(out, -1, 1).astype(np.float32)


def material(folder: Path, rng: np.random.Generator, *, quick: bool) -> Iterator[tuple[str, str, Samples]]:
    """(kind, name, samples) of what holds no reaction."""
    for name in FILMS[1:] if quick else FILMS:
        yield "film", name, decode.load_audio(folder / "films" / name, rate=RATE).samples
    for path in sorted((folder / "events" / "music").iterdir())[: 1 if quick else None]:
        yield "music", path.name, decode.load_audio(path, rate=RATE).samples
    yield "game", "generated", game(rng, 60.0 if quick else 180.0)


def planted(rng: np.random.Generator, samples: Samples, folder: Path) -> tuple[Samples, list[Event]]:
    """``samples`` with reactions mixed in, 20 to 35 s apart."""
    out, level, found = samples.copy(), generators._rms(samples), []
    at = float(rng.uniform(6, 12))
    while at + 10 < len(samples) / RATE:
        label = str(rng.choice(sorted(generators.REACTIONS)))
        length, gain = float(rng.uniform(3, 8)), float(rng.uniform(*LEVELS))
        sound = generators.reaction(rng, generators.reaction_files(folder, label), length)
        first = int(at * RATE)
        out[first : first + len(sound)] += sound * np.float32(level * 10 ** (gain / 20))
        found.append(Event(at, at + length, label))
        at += length + float(rng.uniform(20, 35))
    return np.clip(out, -1, 1), found


def met(truth: Event, events: Sequence[Event]) -> bool:
    """Whether something is heard while a reaction lasts, whatever it is called."""
    return any(min(e.end, truth.end) - max(e.start, truth.start) > 0.5 for e in events)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder, network = media(), sounds.load_network(Settings(), threads=2)
    rng = np.random.default_rng(options.seed)
    false: dict[str, Counter[str]] = {}
    minutes: defaultdict[str, float] = defaultdict(float)
    found: dict[str, list[bool]] = {}
    for kind, name, samples in material(folder, rng, quick=options.quick):
        minutes[kind] += len(samples) / RATE / 60
        wrong = heard(samples, network)
        false.setdefault(kind, Counter()).update(e.label for e in wrong)
        print(f"{name}: " + (", ".join(f"{e.label} {e.start:.0f}–{e.end:.0f} s" for e in wrong) or "none"), flush=True)
        mixed, truth = planted(rng, samples, folder)
        events = heard(mixed, network)
        found.setdefault(kind, []).extend(met(e, events) for e in truth)
    for n, language in enumerate(("es",) if options.quick else ("es", "en", "de")):
        files = generators.speech_files(folder, language)
        talk = generators.talk(
            rng,
            files,
            {label: generators.reaction_files(folder, label) for label in generators.REACTIONS},
            n_events=4 + n,
        )
        events = heard(talk.samples, network)
        found.setdefault("talk", []).extend(met(e, events) for e in talk.events)
        outside = [e for e in events if not any(e.start < t.end and t.start < e.end for t in talk.events)]
        false.setdefault("talk", Counter()).update(e.label for e in outside)
        minutes["talk"] += talk.duration / 60
    rows = [
        [kind, f"{minutes[kind]:.1f}", *(false[kind][label] for label in LABELS), f"{sum(false[kind].values()) / minutes[kind]:.2f}",
         f"{sum(found[kind])} of {len(found[kind])}"]
        for kind in false
    ]  # fmt: skip
    print(
        "\n" + table(["material", "minutes", *(f"false {x}" for x in LABELS), "false a minute", "planted heard"], rows)
    )


if __name__ == "__main__":
    main()
