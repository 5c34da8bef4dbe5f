"""Whether a card says what the processor says: every stage on both, compared.

``python -m benchmarks.agreement [--seconds 60]``

Exit status 1 where a stage is further off than it may be. Without a card its way is gone by torch on the processor: a rehearsal, which
shows that every stage still goes that way, not what a card makes of it. What is missing (a model, real media) costs its row.
"""

from __future__ import annotations

import argparse
import difflib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import gpu_sound, gpu_speech, table
from benchmarks.gpu_stages import pictures
from pipeline.compute.device import Device, pick
from pipeline.errors import ModelUnavailable
from pipeline.evidence.signals import CURVES
from pipeline.settings import Settings
from pipeline.speech.backends import BACKENDS
from pipeline.values import Audio, Frames, Word

SAME_WORDS, SAME_TIME = 0.995, 0.020
"""Share of words that must be the same, and seconds by which 95 % of their starts may differ."""
SAME_PLACE = 1e-4
"""Seconds by which places of a dub may differ."""
SEEN, BLOCK = 24.0, 200
"""Seconds of pictures, and pictures looked at together."""
PROCESSOR = pick("cpu")
MISSING = (ModelUnavailable, ImportError, FileNotFoundError)
Found = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Check:
    """``work(device, seconds)`` gives named arrays; ``within`` says how far each of them may be from the processor's: the largest
    difference, as a share of the largest value."""

    name: str
    work: Callable[[Device, float], Found]
    within: dict[str, float]


def _sound(seconds: float) -> Audio:
    """Real speech over noise, where there is any."""
    noise = gpu_sound.sound(seconds)
    try:
        return Audio(0.1 * noise.samples + gpu_speech.speech(seconds), noise.rate)
    except FileNotFoundError:
        return noise


def _signals(device: Device, seconds: float) -> Found:
    from pipeline.evidence.signals import AudioSignals

    measured = AudioSignals(device.kind)
    measured.feed(_sound(seconds))
    found = measured.finish(music=False)
    return {curve.name: curve.values for curve in found.curves}


def _prints(device: Device, seconds: float) -> Found:
    from pipeline.evidence.fingerprints import mel_bytes

    return {"bytes": mel_bytes(np.stack([_sound(seconds).samples] * 2), device.kind)}


def _front_end(device: Device, seconds: float) -> Found:
    from pipeline.compute.models import yamnet_classes
    from pipeline.evidence.sounds import SoundListener

    seen: list[NDArray[np.uint8]] = []

    def network(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen.append(patches.copy())
        return np.zeros((len(patches), 521), np.float32)

    SoundListener(network, yamnet_classes(), device=device.kind).feed(_sound(seconds))
    return {"patches": np.concatenate(seen)}


def _stems(device: Device, seconds: float) -> Found:
    from pipeline.evidence import stems

    piece = np.stack([np.resize(_sound(10.0).samples, stems.PIECE)] * 2)
    return {"sound": stems.separated([piece], stems.RATE, device.kind)[0]}


def _shots(device: Device, seconds: float) -> Found:
    from pipeline.evidence.motion import PictureSignals
    from pipeline.evidence.shots import ShotFinder

    film, finder, signals = pictures(min(seconds, SEEN)), ShotFinder(device.kind), PictureSignals(device.kind)
    for low in range(0, len(film.times), BLOCK):
        part = Frames(film.times[low : low + BLOCK], film.pixels[low : low + BLOCK])
        finder.feed(part)
        signals.feed(part)
    scores, movement = (np.concatenate(state) for state in (finder.state()["scores"], signals.state()["rows"]))
    cuts = np.array([shot.start for shot in finder.finish(min(seconds, SEEN))])
    return {"scores": scores, "movement": movement, "cuts": cuts}


def _second_look(device: Device, seconds: float) -> Found:
    from pipeline.evidence.second_look import SIZE, WINDOW, Stretch, probabilities

    pixels = np.random.default_rng(2).integers(0, 255, (4, WINDOW, *SIZE, 3), dtype=np.uint8)
    asked = [Stretch(np.arange(WINDOW) / 25, one, (WINDOW // 2,)) for one in pixels]
    return {"probability": np.array(probabilities(asked, device.kind))}


def _search(device: Device, seconds: float) -> Found:
    from syncdub.exact.correlation import best_places
    from syncdub.reading.device_search import places_by_torch

    chance = np.random.default_rng(1)
    own = chance.standard_normal((30000, 48)).astype(np.float32)
    dub = (own[5000:25000] + 0.7 * chance.standard_normal((20000, 48))).astype(np.float16)
    how = best_places if device is PROCESSOR else partial(places_by_torch, device.kind)
    at, score, spread = how(own, dub, np.arange(0, 18000, 500), 2000, 4, 40)
    return {"place": at[:, 0], "score": score[:, 0], "spread": spread}


CHECKS = (
    Check("sound: curves", _signals, dict.fromkeys(CURVES, 1e-3)),
    Check("sound: prints", _prints, {"bytes": 2 / 255}),
    Check("sound: front end of the recogniser", _front_end, {"patches": 2 / 255}),
    Check("sound: music and effects without voices", _stems, {"sound": 1e-2}),
    Check("picture: shots, movement", _shots, {"scores": 1e-4, "movement": 1e-4, "cuts": 0.0}),
    Check("picture: doubtful cuts looked at again", _second_look, {"probability": 0.02}),
    Check("search for a dub's windows", _search, {"place": SAME_PLACE / 300.0, "score": 1e-4, "spread": 1e-3}),
)
"""A place is a frame of 10 ms among 30,000: 300 s."""


def compared(check: Check, card: Device, seconds: float) -> tuple[str, bool]:
    """What to say of a stage, and whether both agree."""
    try:
        ours, theirs = (check.work(device, seconds) for device in (PROCESSOR, card))
    except MISSING as error:
        return f"not here: {error or type(error).__name__}", True
    off = {name: distance(ours[name], theirs[name]) for name in check.within}
    said = ", ".join(f"{name} {value:.1g}" for name, value in off.items())
    return said, all(off[name] <= most for name, most in check.within.items())


def distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The largest difference as a share of the largest value; infinite where shapes differ or something is no number."""
    if one.shape != other.shape or not np.isfinite(np.asarray(other, np.float64)).all():
        return float("inf")
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    return float(np.abs(a - b).max(initial=0.0) / max(np.abs(a).max(initial=0.0), 1e-12))


def words_of(device: Device, backend: str, seconds: float) -> list[Word]:
    """What a recogniser hears in real speech."""
    from pipeline.speech.transcriber import Transcriber

    spoken = gpu_speech.speech(seconds)
    one = Transcriber(replace(Settings.from_env(), speech_backend=backend), device)
    found = one.transcribe(lambda: gpu_speech.blocks(spoken), language=gpu_speech.LANGUAGE, duration=seconds)
    return [word for sentence in found.sentences for word in sentence.words]


def same_words(ours: list[Word], theirs: list[Word]) -> tuple[float, float]:
    """The share of words that both have, and by how many seconds 95 % of their starts differ at most."""
    plain, others = ([re.sub(r"\W", "", word.text).lower() for word in words] for words in (ours, theirs))
    blocks = difflib.SequenceMatcher(None, plain, others, autojunk=False).get_matching_blocks()
    late = [abs(ours[b.a + n].start - theirs[b.b + n].start) for b in blocks for n in range(b.size)]
    return len(late) / max(1, len(ours), len(theirs)), float(np.quantile(late, 0.95)) if late else np.inf


def heard(card: Device, seconds: float) -> Iterator[tuple[str, str, bool]]:
    """A row for each recogniser, the processor's and the card's."""
    for backend in BACKENDS:
        name = f"speech: {backend}"
        try:
            share, late = same_words(*(words_of(device, backend, seconds) for device in (PROCESSOR, card)))
        except MISSING as error:
            yield name, f"not here: {error or type(error).__name__}", True
            continue
        agree = share >= SAME_WORDS and late <= SAME_TIME
        yield name, f"{100 * share:.1f} % of words, starts within {1e3 * late:.0f} ms", agree


def main() -> int:
    """Every stage on both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds, begun = parser.parse_args().seconds, time.monotonic()
    found = pick("auto")
    card = found if found.is_card else replace(PROCESSOR, name="the processor by torch (a rehearsal)")
    rows = [(check.name, *compared(check, card, seconds)) for check in CHECKS]
    rows += heard(card, seconds)
    print(f"\n## {card.name} against the processor, {time.monotonic() - begun:.0f} s\n")
    head = ("stage", "largest difference as a share of the largest value", "agrees")
    print(table(head, [(name, said, "yes" if agree else "NO") for name, said, agree in rows]))
    return 0 if all(agree for *_, agree in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
