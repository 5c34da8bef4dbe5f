"""Given subtitles: how far from the sound each word begins, spread over the sound of its line and timed by the recogniser.

eSpeak NG's library (Debian package ``libespeak-ng1``) speaks texts of two languages in several voices and says at which sample each word
begins. Lines of subtitles are made of it as people make them: up to 70 letters, shown a little before or after they are said. ``noise``
lays a hiss under it (dB below the voice), ``other words`` changes one word in five of the subtitles, as those who shorten do.

    python -m benchmarks.subtitle_times [--texts 4] [--seed 5]
"""

from __future__ import annotations

import argparse
import ctypes
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks import table
from benchmarks.talks import passages

VOICES = {"es": ("es", "es-419", "es+f3"), "en": ("en-us", "en-gb", "en-us+f4")}
CASES: dict[str, tuple[float | None, float]] = {
    "clean": (None, 0.0),
    "noise −10 dB": (-10.0, 0.0),
    "other words": (None, 0.2),
}
"""What is done: noise in dB, share of words that the subtitles say otherwise."""
LETTERS = 70
SYNCHRONOUS, UTF8, WORD, END = 1, 1, 1, 0


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("text_position", ctypes.c_int), ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int), ("sample", ctypes.c_int), ("user", ctypes.c_void_p), ("id", _Id),
    ]  # fmt: skip


@dataclass(frozen=True)
class Said:
    """Sound at ``rate`` and its words: text and second of its beginning."""

    samples: NDArray[np.float32]
    rate: int
    words: tuple[tuple[str, float], ...]


class Speaker:
    """eSpeak NG's library, which tells of each word when it begins.

    Raises:
        OSError: it is not installed.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self.rate = int(self._library.espeak_Initialize(SYNCHRONOUS, 0, None, 0))
        self._sound: list[NDArray[np.int16]] = []
        self._begun: dict[int, float] = {}
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
        self._callback = kind(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, sound: Any, count: int, events: Any) -> int:
        if sound and count > 0:
            self._sound.append(np.ctypeslib.as_array(sound, (count,)).copy())
        number = 0
        while events[number].type != END:
            if events[number].type == WORD:
                self._begun.setdefault(events[number].text_position - 1, events[number].audio_position / 1000)
            number += 1
        return 0

    def say(self, text: str, voice: str) -> Said:
        """``text`` in a voice; words that the library speaks as several begin with the first."""
        self._sound, self._begun = [], {}
        self._library.espeak_SetVoiceByName(voice.encode())
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, UTF8, None, None)
        self._library.espeak_Synchronize()
        words, at = [], 0
        for word in text.split():
            at = text.index(word, at)
            inside = [t for place, t in self._begun.items() if at <= place < at + len(word)]
            words.append((word, min(inside) if inside else float("nan")))
            at += len(word)
        sound = (np.concatenate(self._sound) / 32768).astype(np.float32)
        return Said(sound, self.rate, tuple(words))


def subtitles(said: Said, rng: np.random.Generator, changed: float) -> tuple[str, list[str]]:
    """SubRip text of what is said, and its words; ``changed`` of them, or so, are others of the same text."""
    words = [w if rng.random() >= changed else said.words[int(rng.integers(len(said.words)))][0] for w, _ in said.words]
    groups: list[list[int]] = [[]]
    for number, (word, _) in enumerate(said.words):
        if groups[-1] and sum(len(words[n]) + 1 for n in groups[-1]) + len(word) > LETTERS:
            groups.append([])
        groups[-1].append(number)
        if word[-1] in ".?!":
            groups.append([])
    groups = [g for g in groups if g]
    ends = [said.words[g[0]][1] for g in groups[1:]] + [len(said.samples) / said.rate]
    out, last = [], 0.0
    for number, (group, end) in enumerate(zip(groups, ends, strict=True), 1):
        start = max(last, said.words[group[0]][1] + float(rng.uniform(-0.25, 0.15)))
        last = max(start + 0.3, end + float(rng.uniform(-0.15, 0.2)))
        out.append(f"{number}\n{_clock(start)} --> {_clock(last)}\n{' '.join(words[n] for n in group)}\n")
    return "\n".join(out), words


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3600000:02d}:{whole // 60000 % 60:02d}:{whole // 1000 % 60:02d},{whole % 1000:03d}"


def errors(path: Path, given: Path, said: Said, kept: Sequence[str], language: str, *, timed: bool) -> list[float]:
    """Seconds between when each word that stayed as it is said begins and when the transcript says so."""
    from pipeline.engine import Engine
    from pipeline.settings import Settings

    with tempfile.TemporaryDirectory() as data:
        engine = Engine(Settings(data_dir=Path(data)))
        found = engine.transcript(path, language, given=given, timed=timed)
    times = [w.start for s in found.sentences for w in s.words]
    pairs = zip(times, said.words, kept, strict=True)
    return [abs(t - true) for t, (word, true), shown in pairs if word == shown and true == true]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=4, help="texts a language and case")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    speaker = Speaker()
    rows: list[tuple[str, ...]] = []
    for language, voices in VOICES.items():
        for case, (noise, changed) in CASES.items():
            rng = np.random.default_rng([options.seed, len(rows)])
            found: dict[str, list[float]] = {"spread": [], "timed": []}
            seconds = took = 0.0
            for number in range(options.texts):
                chosen = rng.permutation([text for part in passages(language).values() for text in part])[:5]
                said = speaker.say(" ".join(map(str, chosen)), voices[number % len(voices)])
                seconds += len(said.samples) / said.rate
                with tempfile.TemporaryDirectory() as name:
                    path, given = Path(name) / "said.flac", Path(name) / "given.srt"
                    hiss = rng.standard_normal(len(said.samples)) * np.sqrt(np.mean(said.samples**2))
                    sound = said.samples + (hiss * 10 ** (noise / 20) if noise is not None else 1e-4 * hiss)
                    soundfile.write(path, np.clip(sound, -1, 1), said.rate)
                    text, kept = subtitles(said, rng, changed)
                    given.write_text(text, encoding="utf-8")
                    for way in found:
                        begun = time.process_time()
                        found[way] += errors(path, given, said, kept, language, timed=way == "timed")
                        took += time.process_time() - begun if way == "timed" else 0.0
            for way, values in found.items():
                median, high = (1000 * float(np.percentile(values, q)) for q in (50, 95))
                cost = f"{60 * took / seconds:.1f}" if way == "timed" else ""
                rows.append((language, case, way, str(len(values)), f"{median:.0f}", f"{high:.0f}", cost))
    head = ("language", "subtitles", "words", "n", "median ms", "p95 ms", "processor seconds a minute")
    print(table(head, rows))


if __name__ == "__main__":
    main()
