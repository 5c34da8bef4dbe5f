"""What file names say of an episode, in the forms that people and programs write."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import BadRequest
from syncdub.batch.called import Facts, called, title_of
from syncdub.batch.names import read_name


@pytest.mark.parametrize(
    ("name", "season", "episode"),
    [
        ("Show.S01E02.1080p.WEB-DL.x264.mkv", 1, 2),
        ("show s1e2.mkv", 1, 2),
        ("Show - 1x02 - The Pilot (2019).avi", 1, 2),
        ("Serie T2 Cap. 11.mkv", 2, 11),
        ("Serie Temporada 3 Capítulo 4.mp4", 3, 4),
        ("Season 2/05 - Title.mkv", 2, 5),
        ("[Group] Show - 05 [1080p][A1B2C3D4].mkv", None, 5),
        ("Show - 05v2 (1280x720 x265).mkv", None, 5),
        ("Show Episodio 12.mkv", None, 12),
        ("Show ep07.mkv", None, 7),
        ("07 Title of it.mkv", None, 7),
        ("Show #13.mkv", None, 13),
        ("Show 1999 DVDRip 5.1.mkv", None, None),
        ("Blade Runner 2049 (2017) 1080p.mkv", None, None),
        ("rec_deadbeefq.mkv", None, None),
        ("Show.S00E01.mkv", 0, 1),
    ],
)
def test_season_and_episode(name: str, season: int | None, episode: int | None) -> None:
    found = read_name(Path("/x") / name)
    assert (found.season, found.episode) == (season, episode)


@pytest.mark.parametrize(
    "name", ["Show 2019-03-21.mkv", "Show.21.03.2019.mkv", "Show 2019.03.21 720p.mkv", "show_20190321.mp4"]
)
def test_dates(name: str) -> None:
    assert read_name(Path(name)).date == "2019-03-21"


def test_parts_are_told_from_numbers() -> None:
    assert read_name(Path("Film CD2.avi")).part == 2
    assert read_name(Path("Film CD2.avi")).episode is None
    assert read_name(Path("Show S01E03 part 1.avi")).part == 1


def test_a_title_is_what_is_left() -> None:
    assert read_name(Path("The.Show.S01E02.El Árbol.720p.mkv")).title == ("the", "show", "el", "arbol")


FACTS = Facts(Path("/f/The.Show.(2019).S01E02.1080p.mkv"), Path("/d/x.mka"), "", ("es", "en"))


def test_names_follow_the_template() -> None:
    said = called("{title} ({year}) - S{season:02}E{episode:02} [{languages}]", FACTS)
    assert said == "The Show (2019) - S01E02 [es+en].mkv"


def test_what_is_not_known_leaves_nothing_behind() -> None:
    bare = Facts(Path("/f/Film.mkv"), Path("/d/x.mka"))
    assert called("{title} ({year}) - S{season:02}E{episode:02} [{languages}]", bare) == "Film.mkv"


def test_no_template_keeps_the_films_name() -> None:
    assert called("", FACTS) == "The.Show.(2019).S01E02.1080p.mkv"


@pytest.mark.parametrize("template", ["{nothing}", "{title", "{title.__class__.x}", "{0}", "{episode:wrong}"])
def test_a_template_that_cannot_be_used_is_refused(template: str) -> None:
    with pytest.raises(BadRequest):
        called(template, FACTS)


def test_a_name_cannot_leave_its_folder() -> None:
    assert "/" not in called("../../{title}", FACTS)


def test_titles_keep_their_writing() -> None:
    assert title_of(Path("El.Ministerio.1x02.mkv")) == "El Ministerio"
