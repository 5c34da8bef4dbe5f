"""IETF language tags and nested chapters get into a finished Matroska file, and nothing else moves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.media import ffmpeg
from pipeline.media.container import opened
from pipeline.tracks.ebml import Node, is_intact, master, nodes, number, void, written
from pipeline.tracks.mux import Mux, NewTrack, mux
from pipeline.tracks.tags import CHAPTER, CHAPTERS, EDITION, Head, head_of, retag, room

UID, START, DISPLAY, NAME, SPOKEN, SPOKEN_IETF, LINK = 0x73C4, 0x91, 0x80, 0x85, 0x437C, 0x437D, 0x8F


def chapter(uid: int, seconds: float, names: dict[str, str], *inside: Node) -> Node:
    displays = [
        nodes(
            master(
                DISPLAY,
                [Node(NAME, name.encode()), Node(SPOKEN, b"eng"), Node(SPOKEN_IETF, tag.encode())],
                checked=False,
            )
        )[0]
        for tag, name in names.items()
    ]
    link = nodes(master(LINK, [Node(0x89, number(77))], checked=False))[0]
    parts = [Node(UID, number(uid)), Node(START, number(round(seconds * 1e9))), link, *displays, *inside]
    return nodes(master(CHAPTER, parts, checked=False))[0]


def nested() -> bytes:
    one = chapter(1, 0.0, {"en": "Opening", "es-419": "Apertura"}, chapter(2, 1.0, {"en": "Titles"}))
    edition = nodes(master(EDITION, [one, chapter(3, 2.0, {"en": "Scene"})], checked=False))
    return nodes(master(CHAPTERS, edition))[0].payload


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Three seconds with two languages, a font, and chapters inside chapters."""
    plain = tmp_path / "plain.mkv"
    font = tmp_path / "a.ttf"
    font.write_bytes(b"font")
    made = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=64x48:d=3:r=10",
        "-f",
        "lavfi",
        "-i",
        "sine=d=3",
        "-f",
        "lavfi",
        "-i",
        "sine=300:d=3",
    ]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-c:v", "mpeg4", "-c:a", "flac", "-attach", str(font)]
    tags = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=spa", "-metadata:s:t", "mimetype=font/ttf"]
    padding = ["-metadata_header_padding", str(room(["", "", ""], nested()))]
    ffmpeg.run([*made, *maps, *tags, *padding, str(plain)])
    assert retag(plain, ["", "en-GB", "es-419"], nested())
    return plain


def packets(path: Path) -> list[tuple[int, int | None, bytes]]:
    with opened(path) as container:
        return [(p.stream.index, p.pts, bytes(p)) for p in container.demux() if p.size]


def test_tags_and_chapters_are_read_back_and_packets_stay(film: Path, tmp_path: Path) -> None:
    told = head_of(film)
    assert told.languages == ("", "en-GB", "es-419")
    assert told.n_chapters == 3
    assert b"Apertura" in told.chapters
    with opened(film) as container:
        assert len(container.chapters()) >= 2
        assert [s.language for s in container.streams.audio] == ["eng", "spa"]
    before = packets(film)
    assert retag(film, ["", "en", "es-MX"])
    assert packets(film) == before
    assert head_of(film).languages == ("", "en", "es-MX")


def test_a_finished_film_keeps_the_originals_tags_and_chapters(film: Path, tmp_path: Path) -> None:
    dub, out = tmp_path / "dub.mka", tmp_path / "out.mkv"
    ffmpeg.run(["-f", "lavfi", "-i", "sine=500:d=3", "-c:a", "flac", str(dub)])
    lost = mux(Mux(film, out, NewTrack(dub, "a", "pt-BR", "Português")))
    assert not lost
    told = head_of(out)
    assert told.languages == ("", "en-GB", "es-419", "pt-BR")
    assert told.n_chapters == 3
    with opened(out) as container:
        assert [s.language for s in container.streams.audio] == ["eng", "spa", "por"]
        assert "Scene" in [c["metadata"]["title"] for c in container.chapters()]
    kept = [(i, t, d) for i, t, d in packets(out) if i < 3]
    assert [x for x in kept if x[0] == 0] == [x for x in packets(film) if x[0] == 0]


@pytest.mark.skipif(shutil.which("mkvmerge") is None, reason="mkvmerge is not installed")
def test_mkvmerge_reads_the_same(film: Path) -> None:
    told = subprocess.run(["mkvmerge", "-J", str(film)], capture_output=True, text=True, check=True).stdout
    assert '"language_ietf": "es-419"' in told
    assert '"num_entries": 2' in told


def test_a_file_without_room_or_with_other_tracks_stays_as_it_was(film: Path, tmp_path: Path) -> None:
    before = film.read_bytes()
    assert not retag(film, ["en"])
    assert not retag(film, ["", "en", "es"], nested() * 40)
    assert film.read_bytes() == before
    other = tmp_path / "other.mp4"
    other.write_bytes(b"no matroska at all" * 100)
    assert head_of(other) == Head()


def test_chapters_without_end_are_refused(film: Path) -> None:
    inside = b""
    for _ in range(3000):
        inside = written(CHAPTER, inside)
    before = film.read_bytes()
    assert not retag(film, ["", "en", "es"], written(EDITION, inside))
    assert film.read_bytes() == before


@pytest.mark.parametrize("size", [0, 2, 9, 127, 128, 129, 130, 16385, 16386, 16387])
def test_a_void_is_as_long_as_asked(size: int) -> None:
    assert len(void(size)) == size


def test_a_damaged_element_is_seen() -> None:
    whole = nodes(master(CHAPTERS, [Node(EDITION, b"")]))[0].payload
    assert is_intact(whole)
    assert not is_intact(whole[:3] + bytes([whole[3] ^ 1]) + whole[4:])
