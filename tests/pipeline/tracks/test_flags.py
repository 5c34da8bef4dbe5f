"""Flags as a person would set them: one default sound, and subtitles shown by themselves that fit it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.tracks.flags import Shown, forced_for, meant, of_dub
from pipeline.tracks.mux import Mux, NewTrack, mux
from tests.dubbing import film, sound, write

SECONDS = 4
LINE = "1\n00:00:01,000 --> 00:00:02,000\nCartel\n"


def test_titles_say_what_subtitles_are_for() -> None:
    assert meant((), "Español (Forzados)") == {"forced"}
    assert meant((), "Film.es.forced") == {"forced"}
    assert meant(("default",), "English [SDH]") == {"default", "hearing_impaired"}
    assert meant((), "Enforced reforzadores") == frozenset()


def test_forced_subtitles_are_those_of_the_language_that_is_heard() -> None:
    tracks = [
        Shown("eng", "", frozenset({"forced"})),
        Shown("spa", "Full", frozenset()),
        Shown("spa", "Forced", frozenset()),
    ]
    assert [forced_for(tracks, language) for language in ("es", "en", "fr", "")] == [2, 0, None, None]


def test_whom_a_dub_is_for_stays_said() -> None:
    assert of_dub(("default", "original", "visual_impaired"), default=False) == {"dub", "visual_impaired"}
    assert of_dub(("comment",), default=True) == {"dub", "default", "comment"}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film whose own English subtitles are shown by themselves; it also has forced ones in Spanish."""
    folder = tmp_path_factory.mktemp("film")
    bare, lines, out = film(folder, sound(SECONDS, 7)), folder / "lines.srt", folder / "whole.mkv"
    lines.write_text(LINE, encoding="utf-8")
    maps = ["-map", "0:v", "-map", "0:a", "-map", "1", "-map", "1", "-c", "copy", "-c:s", "srt"]
    tags = ["-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=spa"]
    flags = ["-disposition:s:0", "default+hearing_impaired", "-disposition:s:1", "forced"]
    ffmpeg.run(["-i", str(bare), "-i", str(lines), *maps, *tags, *flags, str(out)])
    return out


def shown(path: Path) -> tuple[list[bool], list[set[str]]]:
    info = probe(path)
    subtitles = [o for o in info.others if o.kind == "subtitle"]
    return [a.default for a in info.audio], [set(o.flags) for o in subtitles]


@pytest.mark.parametrize(
    ("default", "audio", "film_shows", "own_shows"),
    [
        ("original", [True, False], [{"default", "hearing_impaired"}, {"forced"}], [{"forced"}]),
        ("dub", [False, True], [{"hearing_impaired"}, {"forced"}], [{"default", "forced"}]),
    ],
)
def test_the_dub_as_default_brings_its_own_forced_subtitles_and_hides_the_others(
    tmp_path: Path, original: Path, default: Literal["original", "dub"], audio: list[bool],
    film_shows: list[set[str]], own_shows: list[set[str]],
) -> None:  # fmt: skip
    dub, lines = write(tmp_path / "dub.mka", sound(SECONDS, 7)), tmp_path / "film.forced.srt"
    lines.write_text(LINE, encoding="utf-8")
    own = NewTrack(lines, "s", "es", lines.stem)
    new = NewTrack(dub, "a", "es", "Español")
    mux(Mux(original, tmp_path / "own.mkv", new, (own,), default=default))
    assert shown(tmp_path / "own.mkv") == (audio, [*film_shows, *own_shows])


def test_without_its_own_the_dub_has_the_films_forced_subtitles_of_its_language(tmp_path: Path, original: Path) -> None:
    dub = write(tmp_path / "dub.mka", sound(SECONDS, 7))
    for language, wanted in (
        ("es", [{"hearing_impaired"}, {"default", "forced"}]),
        ("fr", [{"default", "hearing_impaired"}, {"forced"}]),  # nothing fits: the film's own flags stay
    ):
        mux(Mux(original, tmp_path / f"{language}.mkv", NewTrack(dub, "a", language), default="dub"))
        assert shown(tmp_path / f"{language}.mkv") == ([False, True], wanted)
