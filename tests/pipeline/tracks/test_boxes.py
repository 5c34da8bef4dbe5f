"""Extended languages of MP4 files are read, and go with the tracks into the finished file."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from pipeline.media import ffmpeg
from pipeline.tracks.mux import Mux, NewTrack, mux
from pipeline.tracks.tags import extended_languages, head_of


def boxes(content: bytes) -> list[tuple[bytes, bytes]]:
    out, at = [], 0
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        out.append((kind, content[at + 8 : at + size]))
        at += size
    return out


def written(parts: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(struct.pack(">I4s", 8 + len(content), kind) + content for kind, content in parts)


def told(path: Path, tags: list[str]) -> Path:
    """``path``, whose head is at its end, with an extended language in each track that has a tag."""
    file, left = boxes(path.read_bytes()), list(tags)

    def track(content: bytes) -> bytes:
        tag = left.pop(0)
        added = [(b"elng", b"\0\0\0\0" + tag.encode() + b"\0")] if tag else []
        return written([(k, written([*boxes(c), *added]) if k == b"mdia" else c) for k, c in boxes(content)])

    assert file[-1][0] == b"moov"
    moov = [(k, track(c) if k == b"trak" else c) for k, c in boxes(file[-1][1])]
    path.write_bytes(written([*file[:-1], (b"moov", written(moov))]))
    return path


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A picture and two sound tracks, the second in the Spanish of Latin America."""
    given = ["-f", "lavfi", "-i", "testsrc=s=64x48:d=2:r=10", "-f", "lavfi", "-i", "sine=d=2"]
    made = ["-map", "0", "-map", "1", "-map", "1", "-c:v", "mpeg4", "-c:a", "aac", "-metadata:s:a:1", "language=spa"]
    ffmpeg.run([*given, *made, str(tmp_path / "film.mp4")])
    return told(tmp_path / "film.mp4", ["", "en-GB", "es-419"])


def test_the_tags_are_read_in_the_order_of_the_tracks(film: Path) -> None:
    with film.open("rb") as file:
        assert extended_languages(file) == ("", "en-GB", "es-419")
    assert head_of(film).languages == ("", "en-GB", "es-419")


def test_they_go_into_the_finished_film(film: Path, tmp_path: Path) -> None:
    dub = tmp_path / "dub.mka"
    ffmpeg.run(["-f", "lavfi", "-i", "sine=300:d=2", "-c:a", "flac", str(dub)])
    mux(Mux(film, tmp_path / "out.mkv", NewTrack(dub, "a", "pt", "dub")))
    assert head_of(tmp_path / "out.mkv").languages[1:3] == ("en-GB", "es-419")


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0\x08ftyp", b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x04moov12345678", b"RIFF" * 20]
)
def test_what_is_no_such_file_or_damaged_tells_nothing(content: bytes, film: Path) -> None:
    assert extended_languages(io.BytesIO(content)) == ()
    whole = film.read_bytes()
    assert extended_languages(io.BytesIO(whole[: whole.index(b"moov") + 40])) == ()
