"""Tightening on talks with known pauses, fillers and laughter: what is found, what is lost, what is heard at the joins.

The phrases are read by any voice: ``--phrases`` lists them, a line each (file name, language, text); ``--voices DIR,DIR`` are folders of
recordings (WAV). Where there are none, ``--speak COMMAND`` reads them, by default eSpeak NG (Debian package ``espeak-ng``). A talk is put
together of them with a room's noise, pauses of known length, an audience, and seeds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import ROOT, media, table
from benchmarks.generators import RATE, reaction, reaction_files
from pipeline.engine import Engine
from pipeline.evidence.sound_events import LAUGHTER
from pipeline.media import decode
from pipeline.settings import Settings
from pipeline.values import Cut, Span, Timeline
from reelify.requests import Clip as Asked
from reelify.requests import CompileRequest
from reelify.tighten_workflow import Tight, tight

LONGEST_PAUSE = 0.6
ELSEWHERE = 5
ROOM_DB = -62.0
TEXTS = json.loads((ROOT / "benchmarks" / "data" / "tightening.json").read_text(encoding="utf-8"))
"""Sets of texts by name, then by language: ``content`` that stays, some of it like a filler, and ``fillers``. The ``second`` was written
after the rules that the ``first`` was used for, the ``third`` after what the second showed."""
SPEAK = "espeak-ng -v {language} -s 150 -w {out} -- {text}"
Samples = NDArray[np.float32]


@dataclass(slots=True)
class Truth:
    """Where everything lies in a talk, seconds."""

    said: list[Span] = field(default_factory=list)
    pauses: list[Span] = field(default_factory=list)
    fillers: list[tuple[Span, str]] = field(default_factory=list)
    laughter: list[Span] = field(default_factory=list)


def name_of(language: str, text: str) -> str:
    """The recording of a phrase."""
    return f"{language}_{hashlib.sha256(text.encode()).hexdigest()[:10]}.wav"


def phrases(texts: str) -> Iterator[tuple[str, str, str]]:
    """(file, language, text) of everything of a set that is read."""
    for language, said in TEXTS[texts].items():
        for text in (*said["content"], *said["fillers"]):
            yield name_of(language, text), language, text


def read_aloud(command: str, folder: Path, texts: str) -> None:
    """Has ``command`` read what is not yet in ``folder``; its parts ``{language}``, ``{out}`` and ``{text}`` are filled."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, language, text in phrases(texts):
        if not (folder / name).is_file():
            parts = [p.format(language=language, out=folder / name, text=text) for p in shlex.split(command)]
            subprocess.run(parts, check=True, capture_output=True)


def recording(folder: Path, language: str, text: str) -> Samples:
    """A phrase without the silence around it, at one level."""
    sound = decode.load_audio(folder / name_of(language, text), rate=RATE).samples
    heard = np.flatnonzero(np.abs(sound) > 0.01)
    sound = sound[max(0, heard[0] - 160) : heard[-1] + 320]
    return np.asarray(sound * (0.08 / np.sqrt(np.mean(sound[np.abs(sound) > 0.01] ** 2))), np.float32)


class Talk:
    """Samples that grow, and the truth about them."""

    def __init__(self, rng: np.random.Generator, folder: Path, language: str) -> None:
        self.rng, self.folder, self.language = rng, folder, language
        self.truth = Truth()
        self.parts: list[Samples] = []
        self.length = 0

    @property
    def now(self) -> float:
        return self.length / RATE

    def add(self, samples: Samples) -> Span:
        """Appends sound; where it lies."""
        begun = self.now
        self.parts.append(samples)
        self.length += len(samples)
        return Span(begun, self.now)

    def wait(self, seconds: float) -> None:
        """A pause; a long one is one to be found."""
        span = self.add(np.zeros(round(seconds * RATE), np.float32))
        if seconds > LONGEST_PAUSE + 0.1:
            self.truth.pauses.append(span)

    def filler(self, text: str) -> None:
        """A filler set apart as people do."""
        self.wait(float(self.rng.uniform(0.22, 0.5)))
        self.truth.fillers.append((self.add(recording(self.folder, self.language, text)), text))
        self.wait(float(self.rng.uniform(0.22, 0.5)))

    def laugh(self) -> None:
        """An audience, a moment after what was said."""
        self.wait(0.25)
        sound = reaction(self.rng, reaction_files(media(), LAUGHTER.label), float(self.rng.uniform(2.5, 4.0)))
        level = 0.06 / max(1e-6, float(np.sqrt(np.mean(sound**2))))
        self.truth.laughter.append(self.add(np.asarray(sound * level, np.float32)))
        self.wait(0.3)

    def finished(self) -> Samples:
        """All of it in a room."""
        room = self.rng.normal(0, 10 ** (ROOM_DB / 20), self.length).astype(np.float32)
        return np.asarray(np.clip(np.concatenate(self.parts) + room, -1, 1), np.float32)


def talk(seed: int, folder: Path, language: str, texts: str = "first") -> Talk:
    """One talk: every sentence once, fillers before half of them, long pauses, laughter twice."""
    rng = np.random.default_rng(seed)
    made = Talk(rng, folder, language)
    made.wait(0.4)
    fillers = list(rng.permutation(TEXTS[texts][language]["fillers"]))
    for number, text in enumerate(TEXTS[texts][language]["content"]):
        answer = "?" in text
        made.truth.said.append(made.add(recording(folder, language, text)))
        if answer:
            made.wait(0.45)
        elif number in (5, 9):
            made.laugh()
        elif number % 2 == 0 and fillers:
            made.filler(fillers.pop())
        else:
            made.wait(float(rng.uniform(0.8, 2.4)))
            if fillers and rng.random() < 0.5:
                made.filler(fillers.pop())
    made.wait(0.4)
    return made


def covered(span: Span, gone: Sequence[Span]) -> float:
    """Seconds of ``span`` that are gone."""
    return sum(span.overlap(g) for g in gone)


def clicks_db(path: Path, plan: Timeline, source: Path) -> tuple[float, float]:
    """The loudest jump at a join, dBFS: what is over 3 kHz within 5 ms of it, less what the source has there on both sides. And the same
    at :data:`ELSEWHERE` times as many places as quiet where nothing was cut: what noise and the codec make of it by themselves."""
    from scipy.signal import butter, sosfilt

    filters = butter(4, 3000, "highpass", fs=48000, output="sos")
    result, original = (np.asarray(sosfilt(filters, decode.load_audio(p, rate=48000).samples)) for p in (path, source))

    def jump(at: float, *there: float) -> tuple[float, float]:
        usual = max(_peak(original, time, 0.03) for time in there)
        return 10 * float(np.log10(max(_peak(result, at, 0.005) ** 2 - usual**2, 1e-12))), usual

    joins = [jump(b.at, a.span.end, b.span.start) for a, b in zip(plan.cuts[:-1], plan.cuts[1:], strict=True)]
    loudest, rng, elsewhere = max((usual for _, usual in joins), default=0.0), np.random.default_rng(0), [-120.0]
    long = [cut for cut in plan.cuts if cut.span.duration > 0.5]
    for _ in range(1000 * bool(long and joins)):
        cut = long[rng.integers(len(long))]
        away = rng.uniform(0.2, cut.span.duration - 0.2)
        found, usual = jump(cut.at + away, cut.span.start + away)
        elsewhere += [found] if usual <= loudest else []
        if len(elsewhere) > ELSEWHERE * len(joins):
            break
    return max((found for found, _ in joins), default=-120.0), max(elsewhere)


def _peak(samples: NDArray[np.float64], time: float, reach: float) -> float:
    low, high = max(0, round((time - reach) * 48000)), round((time + reach) * 48000)
    return float(np.abs(samples[low:high]).max(initial=0.0))


def judged(truth: Truth, found: Tight) -> dict[str, float]:
    """What was found, lost and kept."""
    gone = _union([r.removal.span for r in found.receipts if r.gone])
    pauses = [covered(p, gone) >= p.duration - 0.4 for p in truth.pauses]
    fillers = [covered(s, gone) >= 0.8 * s.duration for s, _ in truth.fillers]
    return {
        "pauses": sum(pauses), "n_pauses": len(pauses), "fillers": sum(fillers), "n_fillers": len(fillers),
        "lost": sum(max(0.0, covered(s, gone) - 0.04) for s in truth.said), "said": sum(s.duration for s in truth.said),
        "reactions": sum(covered(s, gone) for s in truth.laughter), "saved": found.saved,
    }  # fmt: skip


def _union(spans: Sequence[Span]) -> list[Span]:
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.start <= out[-1].end:
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return out


def missed(truth: Truth, found: Tight) -> list[str]:
    """The fillers that stayed."""
    gone = _union([r.removal.span for r in found.receipts if r.gone])
    return [text for s, text in truth.fillers if covered(s, gone) < 0.8 * s.duration]


def run(folders: Sequence[Path], seeds: Sequence[int], texts: str) -> None:
    """Prints the table: each language over all voices and seeds."""
    import soundfile

    from pipeline.render.options import RenderOptions
    from pipeline.render.render import render

    rows = []
    with tempfile.TemporaryDirectory() as place:
        engine = Engine(Settings.from_env({"DATA_DIR": place, "MODELS_DIR": str(Settings.from_env().models_dir)}))
        for language in TEXTS[texts]:
            total: dict[str, float] = {}
            worst, elsewhere, left = -120.0, -120.0, []
            for number, (folder, seed) in enumerate((folder, seed) for folder in folders for seed in seeds):
                made = talk(seed, folder, language, texts)
                path, out = Path(place) / f"{language}{number}.wav", Path(place) / f"{language}{number}.m4a"
                soundfile.write(path, made.finished(), RATE)
                plan = Timeline((Cut(str(path), Span(0.0, made.now), 0.0),))
                wish = CompileRequest(
                    (Asked(path),), Path(place), tighten=True, longest_pause=LONGEST_PAUSE, language=language
                )
                transcripts = {str(path): engine.transcript(path, language)}
                engine.evidence(path)
                began = time.process_time()
                found = tight(engine, plan, wish, transcripts)
                total["spent"] = total.get("spent", 0.0) + time.process_time() - began
                total["heard"] = total.get("heard", 0.0) + made.now
                render(found.plan, out, RenderOptions(loudness=None))
                click, chance = clicks_db(out, found.plan, path)
                worst, elsewhere = max(worst, click), max(elsewhere, chance)
                left += missed(made.truth, found)
                for key, value in judged(made.truth, found).items():
                    total[key] = total.get(key, 0.0) + value
            rows.append([
                language, f"{total['pauses']:.0f} of {total['n_pauses']:.0f}", f"{total['fillers']:.0f} of {total['n_fillers']:.0f}",
                f"{total['lost']:.2f} of {total['said']:.0f} s", f"{total['reactions']:.2f} s", f"{worst:.0f} dB ({elsewhere:.0f})",
                f"{total['saved']:.0f} s", f"{60 * total['spent'] / total['heard']:.1f} s",
                ", ".join(f"{text} {left.count(text)}" for text in sorted(set(left))) or "–",
            ])  # fmt: skip
    head = (
        "language",
        "pauses found",
        "fillers found",
        "content cut",
        "laughter cut",
        "loudest click (where nothing was cut)",
        "saved",
        "processor a minute",
        "fillers missed",
    )
    print(table(head, rows))


def main() -> None:
    """Lists the phrases, or measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phrases", action="store_true", help="list what is to be read and end")
    parser.add_argument("--voices", default="", help="folders of the recordings, separated by commas")
    parser.add_argument("--speak", default=SPEAK, help="the command that reads a phrase where no folder is given")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one talk a language")
    parser.add_argument("--texts", choices=sorted(TEXTS), default="first", help="what is said")
    options = parser.parse_args()
    if options.phrases:
        print("\n".join("\t".join(row) for row in phrases(options.texts)))
        return
    with tempfile.TemporaryDirectory() as own:
        folders = [Path(name) for name in options.voices.split(",") if name]
        if not folders:
            read_aloud(options.speak, Path(own), options.texts)
        missing = [name for folder in folders for name, *_ in phrases(options.texts) if not (folder / name).is_file()]
        if missing:
            sys.exit(f"Nobody has read {len(missing)} of the phrases (`--phrases` lists them).")
        run(folders or [Path(own)], range(1 if options.quick else options.seeds), options.texts)


if __name__ == "__main__":
    main()
