"""How long work is stopped between two reports."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.compute.device import in_batches, sparing
from pipeline.errors import Cancelled
from pipeline.media import ffmpeg
from pipeline.media.decode import load_audio, video_blocks
from pipeline.messages import Message
from pipeline.progress import Sides, breathe, heeding, no_report, turn


def no_more() -> None:
    raise Cancelled


class After:
    """Lets so many breaths pass."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def test_nobody_stops_work_of_its_own() -> None:
    breathe()
    with heeding(no_more), pytest.raises(Cancelled):
        breathe()
    breathe()


def test_threads_heed_it_where_they_are_given_the_context() -> None:
    found: list[str] = []

    def work() -> None:
        try:
            breathe()
            found.append("went on")
        except Cancelled:
            found.append("stopped")

    with heeding(no_more):
        for target in (work, lambda: contextvars.copy_context().run(work)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(work,))
        thread.start()
        thread.join()
    assert found == ["went on", "went on", "stopped"]


def test_who_waits_for_a_turn_can_be_stopped() -> None:
    lock = threading.Lock()
    with lock, heeding(no_more), pytest.raises(Cancelled), turn(lock):
        pass
    with turn(lock):
        assert lock.locked()
    assert not lock.locked()


def test_batches_are_stopped_between_two() -> None:
    done: list[int] = []

    def work(part: Any) -> list[int]:
        done.extend(part)
        return list(part)

    with heeding(After(2)), pytest.raises(Cancelled):
        in_batches(range(100), 10, work)
    assert done == list(range(20))
    with heeding(no_more), pytest.raises(Cancelled):
        sparing("cpu", lambda kind: kind)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("film") / "film.mkv"
    made = ["testsrc2=s=64x36:r=25:d=4", "sine=d=4"]
    inputs = [part for source in made for part in ("-f", "lavfi", "-i", source)]
    ffmpeg.run([*inputs, "-c:v", "mpeg4", "-c:a", "pcm_s16le", str(target)])
    return target


@pytest.mark.parametrize(
    "work",
    [
        lambda film: load_audio(film, rate=8000),
        lambda film: list(video_blocks(film, width=16, height=16)),
        lambda film: ffmpeg.run([*ffmpeg.safe_input(film), "-f", "null", "-"]),
        lambda film: ffmpeg.capture(["-re", *ffmpeg.safe_input(film), "-f", "null", "-"]),
    ],
    ids=["sound", "pictures", "ffmpeg", "its output"],
)
def test_reading_and_writing_media_is_stopped_in_the_middle(film: Path, work: Callable[[Path], object]) -> None:
    with heeding(After(1)), pytest.raises(Cancelled):
        work(film)
    assert np.all(np.isfinite(load_audio(film, rate=8000).samples))


def test_work_side_by_side_is_one_report() -> None:
    told: list[tuple[float, str]] = []
    sides = Sides(lambda fraction, message: told.append((round(fraction, 6), message.code)), (0.25, 0.75))
    first, second = sides.part(0), sides.part(1)
    second(0.2, Message("b"))
    first(0.4, Message("a"))
    second(0.6, Message("b"))
    first(1.0, Message("a"))
    second(0.8, Message("b"))
    assert told == [(0.15, "b"), (0.25, "a"), (0.55, "a"), (0.7, "a"), (0.85, "b")]
    remembered = Sides(lambda fraction, message: told.append((round(fraction, 6), message.code)), (0.4, 0.6))
    remembered.done(0)
    for fraction, code in ((0.5, "c"), (0.75, "d")):
        remembered.part(1)(fraction, Message(code))
    assert told[-2:] == [(0.7, "c"), (0.85, "d")]


def test_where_one_side_is_stopped_or_fails_the_other_stops() -> None:
    def stopped(fraction: float, message: Message) -> None:
        raise Cancelled

    sides = Sides(stopped, (0.5, 0.5))
    with pytest.raises(Cancelled):
        sides.part(0)(0.1, Message("a"))
    sides = Sides(no_report, (0.5, 0.5))
    sides.part(1)(0.1, Message("b"))
    with pytest.raises(ValueError, match="broken"), sides:
        raise ValueError("broken")
    with pytest.raises(Cancelled):
        sides.part(1)(0.2, Message("b"))
