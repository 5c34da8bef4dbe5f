"""Words of subtitles where they are heard: what is read together, whose times are believed, and a real recogniser."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.engine import Engine
from pipeline.errors import ModelUnavailable
from pipeline.media.probe import probe
from pipeline.settings import Settings
from pipeline.speech.values import RATE, Chunk, HeardWord
from pipeline.values import Audio, Word
from pipeline.written import written as there
from pipeline.written.aligning import LONGEST, aligned, heard_chunks, on_pieces, readings
from pipeline.written.placing import STEP, words_of_lines
from pipeline.written.reading import Line

LINES = (Line(1.0, 2.0, "uno dos"), Line(2.1, 3.0, "tres"), Line(9.0, 10.0, "cuatro cinco"))
SECONDS = 12
VOICE = np.ones(int(SECONDS / STEP) + 1, np.float32)


def sound(seconds: float = SECONDS) -> list[Audio]:
    """Samples that say at which second they lie, in blocks of odd lengths."""
    samples = (np.arange(int(seconds * RATE)) / RATE).astype(np.float32)
    cuts = [0, 7001, 30011, 100003, len(samples)]
    return [Audio(samples[a:b], RATE, a / RATE) for a, b in pairwise(cuts) if b > a]


def saying(times: dict[str, tuple[float, float, float]]) -> object:
    """A recogniser that hears words at seconds of the file, with a probability."""

    def align(chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        return [
            tuple(HeardWord(times[w][0] - c.start, times[w][1] - c.start, f" {w}", times[w][2]) for w in text.split())
            for c, text in zip(chunks, texts, strict=True)
        ]

    return align


HEARD = {"uno": (1.1, 1.3, 0.9), "dos": (1.7, 1.9, 0.9), "tres": (2.4, 2.6, 0.8), "cuatro": (9.2, 9.5, 0.9), "cinco": (9.6, 9.9, 0.7)}  # fmt: skip


def test_lines_near_each_other_are_read_together_and_hear_their_own_sound() -> None:
    found = readings(LINES, "es")
    assert [(r.first, r.text) for r in found] == [(0, "uno dos tres"), (2, "cuatro cinco")]
    chunks = list(heard_chunks(sound(), found, VOICE))
    for reading, chunk in zip(found, chunks, strict=True):
        assert chunk.start == pytest.approx(reading.span.start, abs=1e-3)
        assert chunk.duration == pytest.approx(reading.span.duration, abs=1e-3)
        assert chunk.samples[0] == pytest.approx(reading.span.start, abs=1e-3)
    assert [c.duration for c in heard_chunks(sound(9.5), found, VOICE)][1] == pytest.approx(0.9, abs=0.05)


def test_nothing_read_at_once_is_longer_than_a_recogniser_hears() -> None:
    talk = [Line(2.0 * n, 2.0 * n + 1.9, "una frase de alguien") for n in range(60)]
    assert max(r.span.duration for r in readings(talk, "es")) < 30
    assert [n for r in readings(talk, "es") for n in range(r.first, r.first + len(r.lines))] == list(range(60))
    assert readings([Line(0.0, LONGEST + 5, "demasiado larga")], "es") == []


def test_words_have_the_times_at_which_they_are_heard() -> None:
    known = aligned(LINES, sound(), VOICE, "es", saying(HEARD))  # type: ignore[arg-type]
    words = words_of_lines(LINES, VOICE, "es", known)
    assert [(w.text, w.start, w.end) for w in words] == [
        (" uno", 1.1, 1.3),
        (" dos", 1.7, 1.9),
        (" tres", 2.4, 2.6),
        (" cuatro", 9.2, 9.5),
        (" cinco", 9.6, 9.9),
    ]


@pytest.mark.parametrize("wrong", [{"dos": (1.7, 1.9, 0.01), "uno": (1.1, 1.3, 0.2)}, {"dos": (3.2, 3.4, 0.9)}])  # fmt: skip
def test_a_line_that_is_not_heard_as_written_shares_its_sound(wrong: dict[str, tuple[float, float, float]]) -> None:
    known = aligned(LINES, sound(), VOICE, "es", saying(HEARD | wrong))  # type: ignore[arg-type]
    assert sorted(known) == [1, 2]
    assert words_of_lines(LINES, VOICE, "es", known)[:2] == words_of_lines(LINES, VOICE, "es")[:2]


def test_nobody_listens_where_nobody_speaks() -> None:
    def align(chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        raise AssertionError

    assert aligned(LINES, sound(), np.zeros_like(VOICE), "es", align) == {}


def test_pieces_have_the_times_of_their_letters() -> None:
    heard = [Word(0.0, 1.0, " ab", 0.5), Word(1.0, 2.0, " c d.", 1.0)]
    assert [(w.start, w.end, w.text, w.probability) for w in on_pieces(["ab", "c", "d."], heard) if w] == [
        (0.0, 1.0, "ab", 0.5),
        (1.0, 1.333, "c", 1.0),
        (1.333, 2.0, "d.", 1.0),
    ]
    letters = on_pieces(["a", "b"], heard)
    assert [w.end for w in letters if w] == [0.5, 1.0]
    assert on_pieces(["ab", "x", "d."], heard)[1:] == [None, None]
    assert on_pieces(["ab", "c", "d.", "e"], heard)[3] is None


speaks = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no voice to speak with")


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, tuple[float, float]]:
    """Speech with a breath of its own in a line, the subtitles of it, and when the words before and after the breath begin."""
    from pipeline.media.decode import load_audio

    folder = tmp_path_factory.mktemp("talk")
    parts = []
    for n, text in enumerate(("The weather in the mountains is", "remarkably beautiful today")):
        subprocess.run(["espeak-ng", "-v", "en-us", "-w", str(folder / f"{n}.wav"), text], check=True)
        parts.append(load_audio(folder / f"{n}.wav", rate=RATE, layout="mono").samples.reshape(-1))
    first, second = (p[np.flatnonzero(np.abs(p) > 0.01)[0] :] for p in parts)
    silence = np.zeros(RATE, np.float32)
    soundfile.write(folder / "talk.wav", np.concatenate([silence, first, silence[: RATE // 8], second, silence]), RATE)
    seam = 1.0 + len(first) / RATE + 0.125
    end = seam + len(second) / RATE
    srt = folder / "given.srt"
    srt.write_text(
        f"1\n00:00:00,800 --> 00:00:0{end:.3f}\n".replace(".", ",")
        + "The weather in the mountains is remarkably beautiful today\n"
    )
    return folder / "talk.wav", srt, (1.0, seam)


@speaks
@pytest.mark.parametrize("backend", ["faster-whisper", "openai-whisper"])
def test_a_real_recogniser_times_given_words(
    talk: tuple[Path, Path, tuple[float, float]], backend: str, tmp_path: Path
) -> None:
    path, srt, (begin, seam) = talk
    settings = Settings.from_env({"DATA_DIR": str(tmp_path), "SPEECH_BACKEND": backend, "DEVICE": "cpu"})
    found = Engine(settings).transcript(path, "en", given=srt)
    words = {w.text.strip(): w for s in found.sentences for w in s.words}
    assert found.text == "The weather in the mountains is remarkably beautiful today"
    assert words["The"].start == pytest.approx(begin, abs=0.15)
    assert words["remarkably"].start == pytest.approx(seam, abs=0.12)
    assert all(w.probability < 1.0 for w in words.values()), "they were spread"


def test_without_a_recogniser_words_are_spread(tmp_path: Path) -> None:
    path, given = tmp_path / "a.wav", tmp_path / "a.srt"
    rng = np.random.default_rng(0)
    soundfile.write(path, rng.standard_normal(4 * RATE) * 0.1, RATE)
    given.write_text("1\n00:00:01,000 --> 00:00:03,000\nUno dos tres\n", encoding="utf-8")

    def gone(chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        raise ModelUnavailable(name="whisper")

    plain = there.written(probe(path), 0, "es", given)
    assert there.written(probe(path), 0, "es", given, align=gone) == plain
