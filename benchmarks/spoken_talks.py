"""The talks of ``benchmarks.talks`` spoken aloud: is what was planted found by the whole product, from the file to the clips?

Every passage is spoken by eSpeak NG (Debian package ``espeak-ng``) in a voice of its talk's own: eight voices of two languages, four
accents, men and women, each at its own pace and pitch. Every other talk has an audience that reacts to half of the moments, recorded
laughter and applause mixed under and after the words. The product reads the file as anybody's: it detects, recognises, divides, judges.

A more natural voice shows what people's own talks are like: any command that writes a WAV file may speak instead.

    python -m benchmarks.spoken_talks [--talks 10] [--seed 3] [--rounds 3]
        [--speaker "python say.py --lang {language} --voice {voice} {out} {text}" --voices es=dora,alex en=heart,michael]
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks import generators, media
from benchmarks.talks import GRADES, HIGH, LOW, MOMENTS, graded, order, passages, printed, random_clips
from pipeline.evidence.sound_events import APPLAUSE, LAUGHTER
from pipeline.values import Event, Span

VOICES = {
    "es": ("es", "es-419+f2", "es+f4", "es-419+m3"),
    "en": ("en-us", "en-gb+f3", "en-gb+m4", "en-us+f2"),
}
SPEAKER = "espeak-ng -v {voice} -s {pace} -p {pitch} -w {out} -- {text}"
"""The command that speaks; the words of it may name ``language`` too."""
RATE = generators.RATE
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Spoken:
    """A talk as sound, with the seconds in which its moments are told and the reactions to them (``None`` without)."""

    language: str
    samples: Samples
    moments: tuple[Span, ...]
    reactions: tuple[Event | None, ...]

    @property
    def duration(self) -> float:
        return len(self.samples) / RATE


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks: a voice of :data:`SPEAKER` or another command, at ``pace`` words a minute, pitched 0 to 99 where it can be."""

    language: str
    name: str
    pace: int = 160
    pitch: int = 50
    speaker: str = SPEAKER

    def command(self, text: str, out: Path) -> list[str]:
        """The words of the command that speaks ``text`` into ``out``."""
        known = {"language": self.language, "voice": self.name, "pace": self.pace, "pitch": self.pitch}
        return [word.format(**known, out=out, text=text) for word in self.speaker.split()]


def say(text: str, voice: Voice, folder: Path) -> Samples:
    """``text`` at level 0.08, without the silence around it."""
    from scipy.signal import resample_poly

    out = folder / "said.wav"
    subprocess.run(voice.command(text, out), check=True, stdout=subprocess.DEVNULL)
    samples, rate = soundfile.read(out, dtype="float32")
    plain = np.asarray(resample_poly(samples, RATE, rate), np.float32)
    heard = np.flatnonzero(np.abs(plain) > 0.01)
    plain = plain[heard[0] : heard[-1] + 1]
    return plain * np.float32(0.08 / (np.sqrt(np.mean(plain**2)) + 1e-9))


def spoken(seed: int, voice: Voice, rounds: int, folder: Path, *, audience: bool) -> Spoken:
    """One talk at a pace and a pitch of its own; the same seed gives the same talk."""
    rng = np.random.default_rng([seed, 11])
    voice = replace(voice, pace=int(rng.integers(150, 180)), pitch=int(rng.integers(35, 65)))
    pieces: list[Samples] = [np.zeros(RATE, np.float32)]
    at, moments, reactions = 1.0, list[Span](), list[Event | None]()

    def add(samples: Samples) -> float:
        nonlocal at
        pieces.append(samples)
        at += len(samples) / RATE
        return at

    for kind, text in order(rng, passages(voice.language), rounds):
        start = at
        end = add(say(text, voice, folder))
        if kind in MOMENTS:
            moments.append(Span(start, end))
            event = None
            if audience and rng.random() < 0.5:
                label = (LAUGHTER if kind == "joke" else APPLAUSE).label
                files = generators.reaction_files(media(), label)
                event = Event(
                    at, add(generators.reaction(rng, files, float(rng.uniform(3, 6))) * np.float32(0.08)), label
                )
            reactions.append(event)
        add(np.zeros(int(rng.uniform(0.4, 1.1) * RATE), np.float32))
    sound = np.concatenate(pieces)
    sound += rng.standard_normal(len(sound)).astype(np.float32) * np.float32(1e-3)
    return Spoken(voice.language, np.clip(sound, -1, 1), tuple(moments), tuple(reactions))


def found_in(what: Spoken, folder: Path) -> tuple[list[Span], float]:
    """The product's clips of the talk, best first, and the seconds it took."""
    from pipeline.engine import Engine
    from pipeline.settings import Settings
    from reelify.highlights_workflow import highlights
    from reelify.requests import HighlightsRequest

    path = folder / "talk.flac"
    soundfile.write(path, what.samples, RATE)
    wanted = HighlightsRequest(
        path, clips=len(what.moments) + 1, min_duration=LOW, max_duration=HIGH, render=False, language=what.language
    )
    began = time.perf_counter()
    result = highlights(Engine(Settings()), wanted)
    return [c.span for c in result.highlights.clips], time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--talks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each filler comes; 3 makes talks of six minutes"
    )
    parser.add_argument("--speaker", default=SPEAKER, help="the command that speaks")
    parser.add_argument("--voices", nargs="+", default=[f"{code}={','.join(names)}" for code, names in VOICES.items()])
    options = parser.parse_args()
    voices = {code: names.split(",") for code, _, names in (text.partition("=") for text in options.voices)}
    rows: dict[str, dict[str, list[float]]] = {}
    rng = np.random.default_rng(options.seed)
    seconds = minutes = 0.0
    n_moments = 0
    for i in range(options.talks):
        language = ("es", "en")[i % 2]
        voice = Voice(language, voices[language][i // 2 % len(voices[language])], speaker=options.speaker)
        with tempfile.TemporaryDirectory() as name:
            what = spoken(options.seed * 100 + i, voice, options.rounds, Path(name), audience=i % 4 > 1)
            clips, took = found_in(what, Path(name))
        seconds, minutes, n_moments = seconds + took, minutes + what.duration / 60, n_moments + len(what.moments)
        for method, spans in (
            ("this product", clips),
            ("random clips of 20 s", random_clips(rng, what.duration, len(clips))),
        ):
            row = rows.setdefault(method, {k: [] for k in GRADES})
            for grade, value in graded(spans, what.moments, what.reactions, what.duration).items():
                row[grade].append(value)
        print(
            f"<!-- {voice.name}: " + ", ".join(f"{k} {v[-1]:.2f}" for k, v in rows["this product"].items()) + " -->",
            flush=True,
        )
    print(f"{options.talks} spoken talks of {minutes / options.talks:.1f} minutes, {n_moments} moments\n")
    print(printed(rows))
    print(f"\none minute of talk, from the file to the clips: {seconds / minutes:.1f} s")


if __name__ == "__main__":
    main()
