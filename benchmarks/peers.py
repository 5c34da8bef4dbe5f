"""Speech beside what people would pick: faster-whisper with the same weights, sequential and batched, word times asked for.

Nobody says which language it is. Read texts in six languages, as they are, through a telephone's band, in noise and over music (word error
rate with a 95 % interval, resampling recordings); a talk and a film with few words (time alone). Work is in seconds of the clock and of the
processor: on a machine that does other things too only the second means something.

    python -m benchmarks.peers [--conditions clean phone noise music] [--languages es en] [--part words times] [--sequential] [--times 1]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import ROOT, media, table
from benchmarks.speech import LANGUAGES, RATE, plain, recordings
from pipeline.compute.device import pick
from pipeline.compute.models import whisper_folder
from pipeline.media.decode import load_audio
from pipeline.settings import Settings
from pipeline.speech.backends import BACKENDS
from pipeline.speech.transcriber import Transcriber
from pipeline.speech.values import Chunk
from pipeline.speech.voice import VoiceDetector, chunks, load_session
from pipeline.speech.whisper.encoder import alike
from pipeline.speech.whisper.rounded import RoundedEncoder
from pipeline.values import Audio

Listen = Callable[[NDArray[np.float32]], str]
CONDITIONS = ("clean", "phone", "noise", "music")
NOISE_DB, MUSIC_DB = -10.0, -12.0
"""Level of noise and of music against the voice."""


@dataclass(slots=True)
class Tally:
    """Errors and words of each recording; seconds of sound, of the clock and of the processor."""

    errors: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    sound: float = 0.0
    clock: float = 0.0
    work: float = 0.0

    def listen(self, one: Listen, samples: NDArray[np.float32]) -> str:
        """What ``one`` hears; its time is counted."""
        clock, work = time.perf_counter(), time.process_time()
        text = one(samples)
        self.clock, self.work = self.clock + time.perf_counter() - clock, self.work + time.process_time() - work
        self.sound += len(samples) / RATE
        return text

    def rate(self) -> str:
        """Word error rate in percent and its 95 % interval."""
        rng = np.random.default_rng(1)
        errors, words = np.array(self.errors), np.array(self.words)
        drawn = rng.integers(0, len(errors), (2000, len(errors)))
        low, high = np.percentile(100 * errors[drawn].sum(1) / words[drawn].sum(1), [2.5, 97.5])
        return f"{100 * errors.sum() / words.sum():.1f} ({low:.1f}–{high:.1f})"


def heard_through(condition: str, samples: NDArray[np.float32], music: NDArray[np.float32]) -> NDArray[np.float32]:
    """The recording as it is, through a telephone's band, in noise, or over music."""
    from scipy.signal import butter, sosfilt

    level = float(np.sqrt(np.mean(samples**2)))
    if condition == "phone":
        band = butter(4, (300, 3400), "bandpass", fs=RATE, output="sos")
        return np.asarray(sosfilt(band, samples)).astype(np.float32)
    if condition == "noise":
        other = np.random.default_rng(7).normal(0, 1, len(samples))
        return np.asarray(samples + level * 10 ** (NOISE_DB / 20) * other).astype(np.float32)
    if condition == "music":
        other = np.resize(music, len(samples)).astype(np.float64)
        loud = level * 10 ** (MUSIC_DB / 20) / float(np.sqrt(np.mean(other**2)))
        return np.asarray(samples + loud * other).astype(np.float32)
    return samples


def systems(settings: Settings, sequential: bool) -> Mapping[str, Listen]:
    """Ours and the others, as functions of sound to text."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = WhisperModel(str(whisper_folder(settings)), device="cpu", compute_type="int8", cpu_threads=2)
    batched = BatchedInferencePipeline(model)

    def by(whose: Any, **options: Any) -> Listen:
        def listen(samples: NDArray[np.float32]) -> str:
            segments, _ = whose.transcribe(samples, word_timestamps=True, **options)
            return " ".join(segment.text for segment in segments)

        return listen

    def ours(name: str) -> Listen:
        one = Transcriber(replace(settings, speech_backend=name), pick("cpu"))
        return lambda samples: one.transcribe(Audio(samples, RATE)).text

    found = {f"ours, {name}": ours(name) for name in BACKENDS}
    found |= {f"faster-whisper batched, beam {n}": by(batched, beam_size=n, batch_size=8) for n in (1, 5)}
    if sequential:
        found |= {f"faster-whisper, beam {n}": by(model, beam_size=n, vad_filter=True) for n in (1, 5)}
    return found


def floors(settings: Settings) -> Mapping[str, Listen]:
    """What no recogniser of these weights does without: where somebody speaks, and each chunk encoded once."""
    from faster_whisper.audio import pad_or_trim
    from faster_whisper.feature_extractor import FeatureExtractor

    encoder, extract, session = RoundedEncoder(whisper_folder(settings), 2), FeatureExtractor(), load_session()

    def cut(samples: NDArray[np.float32]) -> list[Chunk]:
        return list(chunks([Audio(samples, RATE)], VoiceDetector(session)))

    def detected(samples: NDArray[np.float32]) -> str:
        cut(samples)
        return ""

    def encoded(samples: NDArray[np.float32]) -> str:
        found = cut(samples)
        for frames, numbers in alike(found).items():
            encoder([pad_or_trim(extract(found[n].samples)[..., :-1], 2 * frames) for n in numbers])
        return ""

    return {"floor: voice detector": detected, "floor: voice detector, encoder once a chunk": encoded}


def said(conditions: list[str], languages: list[str], quick: bool) -> Iterator[tuple[str, NDArray[np.float32], str]]:
    """Condition, sound and words of every recording in these languages."""
    music = load_audio(media() / "events" / "music" / "reno_project-system.flac").samples[20 * RATE : 120 * RATE]
    for recording in (one for one in recordings(quick) if one.language in languages):
        samples = load_audio(recording.path).samples
        for condition in conditions:
            yield condition, heard_through(condition, samples, music), plain(recording.text)


def word_errors(tested: Mapping[str, Listen], conditions: list[str], languages: list[str], quick: bool) -> str:
    """The table of word error rates and speed."""
    import jiwer

    tallies = {name: {c: Tally() for c in conditions} for name in tested}
    for condition, samples, words in said(conditions, languages, quick):
        for name, listen in tested.items():
            tally = tallies[name][condition]
            out = jiwer.process_words(words, plain(tally.listen(listen, samples)) or "-")
            tally.errors.append(out.substitutions + out.deletions + out.insertions)
            tally.words.append(len(words.split()))
    rows = []
    for name, by_condition in tallies.items():
        parts = by_condition.values()
        clock, work, sound = (sum(getattr(t, what) for t in parts) for what in ("clock", "work", "sound"))
        whole = Tally([e for t in parts for e in t.errors], [w for t in parts for w in t.words])
        rates = [t.rate() for t in parts]
        rows.append([name, *rates, whole.rate(), f"{clock:.1f}", f"{work:.1f}", f"{sound / 60:.1f}"])
    return table(["WER %", *conditions, "all", "s", "processor s", "minutes heard"], rows)


def times(tested: Mapping[str, Listen], path: Path, n: int, again: int = 1) -> str:
    """The table of what a file, ``again`` and again, takes, least of ``n``."""
    samples = np.tile(load_audio(path).samples, again)
    rows = []
    base = 0.0
    for name, listen in tested.items():
        best = Tally(clock=1e9, work=1e9)
        for _ in range(n):
            tally = Tally()
            text = tally.listen(listen, samples)
            best = min(best, tally, key=lambda t: t.work)
        base = base or best.work
        rows.append(
            [name, f"{best.clock:.1f}", f"{best.work:.1f}", f"{best.work / base:.2f}", len(plain(text).split())]
        )
    return table([f"{path.name}, {len(samples) / RATE:.0f} s", "s", "processor s", "work against ours", "words"], rows)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one recording a language")
    parser.add_argument("--conditions", nargs="*", default=["clean"], choices=CONDITIONS)
    parser.add_argument("--languages", nargs="*", default=list(LANGUAGES), choices=LANGUAGES)
    parser.add_argument("--part", nargs="*", default=["words", "times"], choices=("words", "times"))
    parser.add_argument("--sequential", action="store_true", help="faster-whisper without batches too")
    parser.add_argument("--times", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(models_dir=Path(folder))
        tested = systems(settings, chosen.sequential)
        first = load_audio(ROOT / "assets" / "examples" / "viral_1.mp4").samples
        for listen in tested.values():
            listen(first)
        for path, again in (
            (media() / "speech" / "es" / "nordic_469_es.mp3", 1),
            (media() / "viral" / "viral_es_talk.mp4", 4),
            (ROOT / "assets" / "examples" / "highlights_short_films.mp4", 1),
        ):
            if "times" in chosen.part:
                print(times({**tested, **floors(settings)}, path, chosen.times, again) + "\n", flush=True)
        if "words" in chosen.part:
            print(word_errors(tested, list(chosen.conditions), list(chosen.languages), chosen.quick))


if __name__ == "__main__":
    main()
