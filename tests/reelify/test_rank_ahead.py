"""What is heard and seen in clips is gathered on another core while their words are written down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.engine import Engine
from pipeline.errors import BadRequest, Cancelled
from pipeline.media.probe import probe
from pipeline.media.values import MediaInfo
from pipeline.progress import Report, breathe, heeding, no_report
from pipeline.settings import Settings
from reelify.rank_workflow import rank_clips
from reelify.requests import Clip, RankRequest
from tests.conftest import ROOT

TALKS = [ROOT / "assets" / "examples" / f"viral_{n}.mp4" for n in (1, 2)]


class Told:
    """An engine that notes what it is asked for, and hears nothing."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.later: list[Callable[[], object]] = []
        self.seen: list[str] = []

    def ahead(self, load: Callable[[], object]) -> None:
        self.later.append(load)

    def probe(self, path: Path) -> MediaInfo:
        return probe(path)

    def transcript(self, *asked: Any, **more: Any) -> None:
        raise BadRequest("error.bad_span", start=0, end=0)

    def evidence(self, path: Path, report: Report = no_report, stream: int = 0) -> None:
        self.seen.append(path.name)
        breathe()


def asked(engine: Told, clips: list[Path]) -> None:
    found = rank_clips(cast(Engine, engine), RankRequest(tuple(map(Clip, clips)), render=False))
    assert len(found.skipped) == len(clips)


def test_every_clip_that_can_be_read_is_looked_at_ahead(tmp_path: Path) -> None:
    engine = Told()
    asked(engine, [TALKS[0], tmp_path / "missing.mp4", TALKS[1]])
    assert engine.seen == []
    engine.later[-1]()
    assert engine.seen == [talk.name for talk in TALKS]


def test_a_job_that_is_stopped_stops_what_goes_on_ahead() -> None:
    engine, stopped = Told(), False

    def tick() -> None:
        if stopped:
            raise Cancelled

    with heeding(tick):
        asked(engine, TALKS)
    stopped = True
    with pytest.raises(Cancelled):
        engine.later[-1]()
    assert engine.seen == [TALKS[0].name]
