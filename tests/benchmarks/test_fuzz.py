"""Damaged media: nobody crashes, hangs or leaves something behind. A small part of ``benchmarks.fuzz``."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from benchmarks import fuzz
from benchmarks.fuzz import CONTAINERS, DAMAGES, LIMIT, Examiner


@pytest.mark.models
def test_damaged_media_is_survived() -> None:
    outcomes = fuzz.run(3 * len(CONTAINERS), seed=11, limit=LIMIT)
    assert [o for o in outcomes if o.result.startswith(("CRASH", "HANG", "BUG"))] == []
    assert [o for o in outcomes if o.left] == []
    assert {o.container for o in outcomes} == set(CONTAINERS)
    assert any(o.result == "done" for o in outcomes)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_every_damage_changes_a_file_and_is_repeatable(damage: fuzz.Damage) -> None:
    for seed in range(20):
        made = random.Random(seed).randbytes(20_000)
        first, second = bytearray(made), bytearray(made)
        damage(first, random.Random(seed))
        damage(second, random.Random(seed))
        assert first == second
        assert first != made


def _misbehaving(pipe: Connection, root: Path) -> None:
    while (path := pipe.recv()) is not None:
        if path.name == "crash":
            os.abort()
        if path.name == "hang":
            time.sleep(60)
        pipe.send(("done", ()))


def test_crashes_and_hangs_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "examine", _misbehaving)
    examiner = Examiner(tmp_path / "root", 20.0)
    assert examiner(tmp_path / "fine")[0] == "done"
    examiner.limit = 1.0
    found = [examiner(tmp_path / name)[0] for name in ("crash", "hang")]
    examiner.limit = 20.0
    assert [*found, examiner(tmp_path / "fine")[0]] == ["CRASH: exit -6", "HANG", "done"]
    examiner.close()


def _matroska(folder: Path, *codecs: bytes) -> Path:
    """A film with one picture and two sounds, in which the named codecs have become unknown ones."""
    from pipeline.media import ffmpeg

    path = folder / "unknown.mkv"
    picture, sound = (["-f", "lavfi", "-i", source] for source in ("testsrc2=s=64x64:r=5:d=2", "sine=d=2"))
    options = ["-map", "0", "-map", "1", "-map", "2", "-c:v", "mpeg4", "-c:a:0", "ac3", "-c:a:1", "flac"]
    ffmpeg.run([*picture, *sound, *sound, *options, str(path)])
    data = path.read_bytes()
    for codec in codecs:
        assert codec in data
        data = data.replace(codec, codec[:2] + b"X" * (len(codec) - 2))
    path.write_bytes(data)
    return path


def test_tracks_of_unknown_codecs_are_not_there(tmp_path: Path) -> None:
    from pipeline.media.decode import load_audio
    from pipeline.media.probe import probe

    path = _matroska(tmp_path, b"V_MPEG4/ISO/ASP", b"A_AC3")
    info = probe(path)
    assert info.video is None
    assert [track.codec for track in info.audio] == ["flac"]
    assert load_audio(path).duration == pytest.approx(2.0, abs=0.1)


def test_sound_that_cannot_be_converted_is_damage_not_an_error() -> None:
    """A damaged packet may decode to a frame of 17 channels, which nothing can mix."""
    import av.error

    from pipeline.media.decode import _Run

    class Unwilling:
        def push(self, frame: object) -> None:
            raise av.error.ArgumentError(22, "Invalid argument")

    frame = av.AudioFrame(format="fltp", layout="stereo", samples=30_000)
    frame.sample_rate = 44100
    run = _Run(0.0, ("fltp", "stereo", 44100), "mono", 16000)
    run._graph = Unwilling()
    assert list(run.push(frame)) == []
    assert list(run.rest()) == []


def test_a_stream_that_begins_later_ends_nothing() -> None:
    from pipeline.media.container import raw_packets

    class Container:
        """As PyAV behaves: the packet of an unknown stream is consumed by the error."""

        def __init__(self) -> None:
            self.left = iter([1, 2, None, 3, None, 4])

        def demux(self) -> Iterator[int]:
            for packet in self.left:
                if packet is None:
                    raise IndexError("list index out of range")
                yield packet

    assert list(raw_packets(Container())) == [1, 2, 3, 4]  # type: ignore[arg-type]
