"""What is said is listened to while pictures are still looked at."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from pipeline.engine import Engine
from pipeline.errors import Cancelled, ModelUnavailable
from pipeline.evidence.gather import Heard, RawEvidence
from pipeline.media.probe import probe
from pipeline.media.values import MediaInfo
from pipeline.messages import Message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings
from pipeline.values import Curve, Transcript
from reelify.hearing import Listening
from reelify.highlights_workflow import collect
from reelify.requests import HighlightsRequest
from tests.conftest import ROOT

TALK = ROOT / "assets" / "examples" / "viral_1.mp4"


class Watching:
    """An engine whose pictures are looked at until the words are there, and the other way round where ``fails``."""

    def __init__(self, speech: float = 1.0, fails: Exception | None = None, *, tells: bool = True) -> None:
        self.settings, self.asked = Settings(), 0
        self._speech, self._fails, self._tells = speech, fails, tells
        self._listened, self._looking = threading.Event(), threading.Event()

    def ahead(self, load: object) -> None:
        """Nothing."""

    def evidence(self, path: str, report: Report, stream: int, heard: Heard) -> RawEvidence:
        sound = RawEvidence(40.0, (Curve("speech", np.full(80, self._speech, np.float32), 0.5),), has_audio=True)
        if self._tells:
            heard(sound)
            self._looking.set()
            if self._fails:
                raise self._fails
            assert self._speech < 0.2 or self._listened.wait(20)
        report(1.0, Message("progress.evidence"))
        return sound

    def transcript(
        self, path: Path | str, language: str | None, stream: int, report: Report, *more: object
    ) -> Transcript:
        self.asked += 1
        if self._tells:
            assert self._looking.wait(20)
        while self._fails:
            report(0.5, Message("progress.transcribing"))
        self._listened.set()
        return Transcript("es", 40.0)


def collected(engine: Watching, report: Report = no_report) -> Transcript | None:
    found, _ = collect(cast(Engine, engine), info(), HighlightsRequest(TALK), report)
    return found.transcript


def info() -> MediaInfo:
    return probe(TALK)


def test_words_are_heard_while_pictures_are_looked_at() -> None:
    engine = Watching()
    assert collected(engine) == Transcript("es", 40.0)
    assert engine.asked == 1


def test_where_the_sound_is_not_told_of_or_nobody_speaks() -> None:
    known = Watching(tells=False)
    assert (collected(known), known.asked) == (Transcript("es", 40.0), 1)
    silent = Watching(speech=0.0)
    assert (collected(silent), silent.asked) == (None, 0)


def test_pictures_that_fail_stop_the_listening() -> None:
    with pytest.raises(ModelUnavailable):
        collected(Watching(fails=ModelUnavailable(name="x")))


def test_who_stops_the_work_stops_both() -> None:
    said: list[float] = []

    def stop(fraction: float, message: Message) -> None:
        said.append(fraction)
        raise Cancelled

    with pytest.raises(Cancelled):
        collected(Watching(), stop)
    assert len(said) == 1


def test_listening_begins_once_and_what_it_raises_is_raised() -> None:
    begun: list[str] = []

    def broken() -> Transcript | None:
        begun.append(threading.current_thread().name)
        raise ModelUnavailable(name="x")

    with Listening(broken) as listening:
        for _ in range(2):
            listening.begin()
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                listening.said()
    with Listening(broken) as listening, pytest.raises(ModelUnavailable):
        listening.said()
    assert [name == threading.current_thread().name for name in begun] == [False, True]
