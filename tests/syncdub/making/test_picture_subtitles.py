"""Subtitles that are pictures go where the map puts them, to a frame; those of missing scenes stay out, and are counted."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import av
import pytest

from pipeline.media import ffmpeg
from pipeline.media.container import opened
from pipeline.tracks.picture_cues import DVB, NAMES, PGS, SPU, cleared, segments, shown_of
from syncdub.making.picture_subtitles import move_pictures
from syncdub.making.plan import placed
from tests.dubbing import pictures, plan

FRAME = 1 / 25
CUES = [(1.0, 2.5), (4.0, 6.0), (8.5, 10.5), (12.0, 13.5), (20.0, 22.0), (30.0, 33.0)]
MAP = plan((0, 10, 3.0, 1.0), (14, 26, 15.0, 25 / 24))
"""The dub lacks nothing from 13 to 15 of the film, its seconds 10 to 14 and those from 26 on belong nowhere."""
KEPT = [(4.0, 5.5), (7.0, 9.0), (11.5, 13.0), (15 + 6 * 25 / 24, 15 + 8 * 25 / 24)]


def stream(folder: Path, codec: str) -> Path:
    """A Matroska file with the cues as one of the three kinds: ffmpeg's own packets, at our times."""
    source, made, out = pictures(folder / "a.sup", CUES), folder / "made.mkv", folder / f"{codec}.mkv"
    coding = {PGS: "copy", SPU: "dvdsub", DVB: "dvbsub"}[codec]
    size = [] if codec == PGS else ["-s", "160x120"]
    ffmpeg.run(["-copyts", "-i", f"file:{source}", "-map", "0:s:0", "-c:s", coding, *size, f"file:{made}"])
    with opened(made) as container, contextlib.closing(av.open(str(out), "w", format="matroska")) as target:
        track = container.streams.subtitles[0]
        data = [bytes(p) for p in container.demux(track) if p.size]
        copied = target.add_stream_from_template(track)
        times = [(start, timed(data[0], end - start)) for start, end in CUES] if codec == SPU else [
            (time, data[k]) for start, end in CUES for k, time in ((0, start), (1, end))
        ]  # fmt: skip
        for time, what in times:
            packet = av.Packet(what)
            packet.stream, packet.time_base, packet.pts, packet.dts = (
                copied,
                Fraction(1, 1000),
                round(time * 1000),
                round(time * 1000),
            )
            target.mux(packet)
    return out


def timed(spu: bytes, seconds: float) -> bytes:
    """An SPU that stops by itself after so long."""
    first = int.from_bytes(spu[2:4], "big")
    stop = int.from_bytes(spu[first + 2 : first + 4], "big")
    return spu[:stop] + round(seconds * 90000 / 1024).to_bytes(2, "big") + spu[stop + 2 :]


def seen(path: Path, codec: str) -> list[tuple[float, float]]:
    """When each picture of a finished file is seen."""
    with opened(path) as container:
        track = container.streams.subtitles[0]
        found = [
            (float((p.pts or 0) * p.time_base), float((p.duration or 0) * p.time_base), bytes(p))
            for p in container.demux(track)
            if p.size
        ]
    assert [f[0] for f in found] == sorted(f[0] for f in found)
    return [(cue.start, cue.end) for cue in shown_of(codec, found)]


@pytest.mark.parametrize("codec", [PGS, SPU, DVB])
def test_pictures_follow_the_map_to_a_frame(tmp_path: Path, codec: str) -> None:
    dub = stream(tmp_path, codec)
    result = move_pictures(dub, 0, codec, placed(MAP), tmp_path / "moved.mkv")
    assert result is not None
    assert (result.kept, result.dropped) == (4, 2)
    told = seen(result.path, codec)
    assert len(told) == len(KEPT)
    for (start, end), (wanted_start, wanted_end) in zip(told, KEPT, strict=True):
        assert start == pytest.approx(wanted_start, abs=FRAME)
        assert end == pytest.approx(wanted_end, abs=FRAME)


def test_nothing_is_written_where_nothing_is_left(tmp_path: Path) -> None:
    dub = stream(tmp_path, PGS)
    result = move_pictures(dub, 0, PGS, placed(plan((40, 50, 3.0, 1.0))), tmp_path / "moved.mkv")
    assert result is not None
    assert (result.kept, result.dropped) == (0, len(CUES))
    assert not result.path.exists()


def test_a_packet_that_needs_an_earlier_one_brings_it_along(tmp_path: Path) -> None:
    with opened(stream(tmp_path, PGS)) as container:
        data = [bytes(p) for p in container.demux(container.streams.subtitles[0]) if p.size]
    first = segments(data[0])
    screen = bytearray(first[0][1])
    screen[7] = 0  # not the start of an epoch: the same picture again, without its pixels
    bare = b"".join(
        bytes([kind]) + len(body).to_bytes(2, "big") + body
        for kind, body in ((0x16, bytes(screen)), *(p for p in first if p[0] in (0x17, 0x80)))
    )
    cues = shown_of(
        PGS, [(1.0, 0.0, data[0]), (2.0, 0.0, cleared(PGS, data[0])), (5.0, 0.0, bare), (6.0, 0.0, cleared(PGS, bare))]
    )
    assert [(c.start, c.end) for c in cues] == [(1.0, 2.0), (5.0, 6.0)]
    assert {kind for kind, _ in segments(cues[1].data)} == {0x14, 0x15, 0x16, 0x17, 0x80}
    assert segments(cues[1].data)[0][1][7] == 0x80


def test_what_is_broken_off_is_no_error() -> None:
    for codec in set(NAMES.values()):
        assert shown_of(codec, [(0.0, 0.0, b""), (1.0, 0.0, b"\x16\xff\xff\x00"), (2.0, 1.0, b"\x0f\x10\x00")]) == ()
