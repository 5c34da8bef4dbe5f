"""Two languages in turns: is every passage written in its own, none lost and none invented?

Read texts of two languages one after the other (real voices, turns of half a minute to a minute), and interviews of passages of the
generated talks in Spanish and English (eSpeak NG, turns of 5 to 25 seconds). Word error rates of the whole recording with nobody saying
which language it is, beside the same recogniser that is given each turn alone with its language, and faster-whisper with ``multilingual``.

    python -m benchmarks.turns [--interviews 4] [--seed 5]
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import table
from benchmarks.peers import Tally
from benchmarks.speech import RATE, plain, recordings
from benchmarks.spoken_talks import VOICES, Voice, say
from benchmarks.talks import passages
from pipeline.compute.device import pick
from pipeline.compute.models import whisper_folder
from pipeline.media.decode import load_audio
from pipeline.settings import Settings
from pipeline.speech.transcriber import Transcriber
from pipeline.values import Audio

PAUSE = 0.6
"""Seconds of faint noise between two turns."""
TURNS = 8
"""Turns of an interview."""
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Turn:
    """Sound in one language and its words."""

    language: str
    samples: Samples
    text: str


def readings() -> Iterator[tuple[Turn, ...]]:
    """Every pair of languages with Spanish or English in it: two recordings of each, in turns."""
    known: dict[str, list[Turn]] = {}
    for said in recordings(False):
        known.setdefault(said.language, []).append(Turn(said.language, load_audio(said.path).samples, said.text))
    for one, other in itertools.combinations(sorted(known, key=lambda code: code not in ("es", "en")), 2):
        if one in ("es", "en"):
            yield tuple(itertools.chain.from_iterable(zip(known[one][:2], known[other][:2], strict=True)))


def interview(seed: int, folder: Path) -> tuple[Turn, ...]:
    """Two voices that take turns, one in Spanish and one in English; the same seed gives the same interview."""
    rng = np.random.default_rng([seed, 23])
    voices = {code: Voice(code, str(rng.choice(VOICES[code]))) for code in VOICES}
    texts = {code: list(rng.permutation([t for kind in passages(code).values() for t in kind])) for code in VOICES}
    turns = []
    for n in range(TURNS):
        code = ("es", "en")[n % 2]
        text = str(texts[code].pop())
        turns.append(Turn(code, say(text, voices[code], folder), text))
    return tuple(turns)


def joined(turns: Sequence[Turn], rng: np.random.Generator) -> Samples:
    """The turns with pauses between, as one recording."""
    pieces = [turns[0].samples]
    for turn in turns[1:]:
        pieces += [rng.normal(0, 1e-3, int(PAUSE * RATE)).astype(np.float32), turn.samples]
    return np.concatenate(pieces)


def systems(settings: Settings) -> Mapping[str, Callable[[Sequence[Turn], Samples], str]]:
    """Functions of the turns and the whole recording to what is heard."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    ours = Transcriber(settings, pick("cpu"))
    batched = BatchedInferencePipeline(WhisperModel(str(whisper_folder(settings)), device="cpu", compute_type="int8"))

    def others(turns: Sequence[Turn], whole: Samples) -> str:
        segments, _ = batched.transcribe(whole, multilingual=True, word_timestamps=True, batch_size=8)
        return " ".join(segment.text for segment in segments)

    return {
        "ours": lambda turns, whole: ours.transcribe(Audio(whole, RATE)).text,
        "ours, each turn alone, its language given": lambda turns, whole: " ".join(
            ours.transcribe(Audio(turn.samples, RATE), language=turn.language).text for turn in turns
        ),
        "faster-whisper batched, multilingual": others,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interviews", type=int, default=4)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    import jiwer

    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        spoken = [interview(options.seed * 100 + n, Path(folder)) for n in range(options.interviews)]
    groups = {"read texts": list(readings()), "interviews": spoken}
    tested = systems(Settings())
    tallies = {name: {group: Tally() for group in groups} for name in tested}
    for group, recorded in groups.items():
        for turns in recorded:
            whole, words = joined(turns, rng), plain(" ".join(turn.text for turn in turns))
            for name, listen in tested.items():
                out = jiwer.process_words(words, plain(listen(turns, whole)) or "-")
                tallies[name][group].errors.append(out.substitutions + out.deletions + out.insertions)
                tallies[name][group].words.append(len(words.split()))
    minutes = {g: sum(len(t.samples) for turns in r for t in turns) / RATE / 60 for g, r in groups.items()}
    head = ["WER %", *(f"{g}, {len(r)} of {minutes[g]:.0f} minutes" for g, r in groups.items())]
    print(table(head, [[name, *(t.rate() for t in parts.values())] for name, parts in tallies.items()]))


if __name__ == "__main__":
    main()
