"""No word of a caption outside its clip, whichever way the clip is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.engine import Engine
from pipeline.evidence.gather import Heard, RawEvidence
from pipeline.media import ffmpeg
from pipeline.progress import Report, no_report
from pipeline.render import render
from pipeline.render.checks import Checked
from pipeline.render.options import RenderOptions
from pipeline.settings import Settings
from pipeline.speech import clock
from pipeline.text.values import Facts, Keyword
from pipeline.values import Sentence, Span, Timeline, Transcript, Word
from reelify.compile_workflow import compile_clip
from reelify.rank_workflow import rank_clips
from reelify.requests import Clip, CompileRequest, RankRequest

SECONDS = 24.0
INSIDE = Span(4.3, 11.2)
"""Begins inside the first sentence and ends inside another: at 4.3 s four words have been said."""


def said() -> Transcript:
    """A word a second, each with a name of its own; sentences of six."""
    words = [Word(t + 0.1, t + 0.8, f"w{t}") for t in range(24)]
    groups = [words[i : i + 6] for i in range(0, 24, 6)]
    sentences = tuple(Sentence(g[0].start, g[-1].end, " ".join(w.text for w in g), tuple(g)) for g in groups)
    return Transcript("en", SECONDS, sentences)


class Told(Engine):
    """An engine that has heard everything already."""

    def transcript(
        self,
        path: Path | str,
        language: str | None = None,
        stream: int = 0,
        report: Report = no_report,
        given: Path | None = None,
        names: Sequence[str] = (),
        *,
        timed: bool = True,
    ) -> Transcript:
        return said()

    def evidence(
        self, path: Path | str, report: Report = no_report, stream: int = 0, heard: Heard | None = None
    ) -> RawEvidence:
        return RawEvidence(SECONDS, has_audio=True, has_video=True)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.eye(len(texts), 512, dtype=np.float32)

    def facts(self, texts: Sequence[str], language: str) -> tuple[Facts, ...]:
        return tuple(Facts(text, language, ()) for text in texts)

    def keywords(self, texts: Sequence[str], language: str) -> tuple[Keyword, ...]:
        return ()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    seen = ["-f", "lavfi", "-i", f"testsrc=size=64x48:rate=10:duration={SECONDS}"]
    heard = ["-f", "lavfi", "-i", f"sine=duration={SECONDS}"]
    ffmpeg.run([*seen, *heard, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", ffmpeg.safe_output(path)])
    return path


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Told(Settings.from_env({"DATA_DIR": str(tmp_path / "data"), "TEMP_DIR": str(tmp_path / "temp")}))


def ranked(engine: Engine, film: Path, out: Path) -> tuple[Path, list[Span]]:
    request = RankRequest((Clip(film, INSIDE),), language="en", all=True, out=out, captions=True)
    (clip,) = rank_clips(engine, request).clips
    assert clip.path is not None
    return clip.path, [INSIDE]


def cut_by_hand(engine: Engine, film: Path, out: Path) -> tuple[Path, list[Span]]:
    return compile_clip(engine, CompileRequest((Clip(film, INSIDE),), out, language="en", captions=True)).path, [INSIDE]


def compiled(engine: Engine, film: Path, out: Path) -> tuple[Path, list[Span]]:
    spans = [Span(14.35, 17.6), INSIDE]
    pieces = tuple(Clip(film, span) for span in spans)
    return compile_clip(engine, CompileRequest(pieces, out, language="en", captions=True)).path, spans


def key_moments(engine: Engine, film: Path, out: Path) -> tuple[Path, list[Span]]:
    request = CompileRequest((Clip(film, INSIDE),), out, smart=True, language="en", captions=True)
    result = compile_clip(engine, request)
    return result.path, [cut.span for cut in result.plan.cuts]


WAYS = [ranked, cut_by_hand, compiled, key_moments]


@pytest.mark.parametrize("way", WAYS, ids=lambda w: w.__name__)
def test_captions_say_what_is_heard_in_the_clip_and_nothing_else(
    way: Callable[[Engine, Path, Path], tuple[Path, list[Span]]],
    engine: Engine,
    film: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    burned: list[Transcript] = []

    def noted(timeline: Timeline, out: Path | str, options: RenderOptions | None = None, *more: Any) -> Checked:
        assert options is not None
        burned.extend([options.captions] if options.captions else [])
        return real(timeline, out, options, *more)

    real = render.render
    monkeypatch.setattr(render, "render", noted)
    path, spans = way(engine, film, tmp_path / "out")
    heard = [
        w.text for span in spans for s in said().sentences for w in s.words if span.contains((w.start + w.end) / 2)
    ]
    length = sum(span.duration for span in spans)
    assert len(burned) == 1
    assert [w.text for s in burned[0].sentences for w in s.words] == heard
    assert all(0.0 <= w.start < w.end <= length + 1e-6 for s in burned[0].sentences for w in s.words)
    subtitles = path.with_suffix(".srt").read_text(encoding="utf-8")
    assert re.findall(r"w\d+", subtitles) == heard
    for start, end in re.findall(r"([\d:,]+) --> ([\d:,]+)", subtitles):
        assert 0.0 <= seconds(start) < seconds(end) <= length + 0.001


def seconds(stamp: str) -> float:
    hours, minutes, rest = stamp.replace(",", ".").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


@pytest.mark.parametrize("span", [Span(0.0, SECONDS), INSIDE, Span(4.9, 5.05), Span(11.79, 12.11)])
def test_what_is_between_two_times_stays_on_its_clock(span: Span) -> None:
    kept = clock.between(said(), span)
    inside = [w for s in said().sentences for w in s.words if span.contains((w.start + w.end) / 2)]
    assert [w.text for s in kept.sentences for w in s.words] == [w.text for w in inside]
    assert all(span.start <= w.start <= w.end <= span.end for s in kept.sentences for w in s.words)
    there = clock.moved(said(), span, at=100.0)
    assert [w.start - 100.0 + span.start for s in there.sentences for w in s.words] == pytest.approx(
        [w.start for s in kept.sentences for w in s.words]
    )
