"""What a file's name says of its episode: season and number, date, running number, part, title. Pure.

Forms: ``S01E02``, ``1x02``, ``T1 Cap. 2``, ``Season 1/02``, ``2019-03-21``, ``21.03.2019``, ``Show - 05``, ``Ep 5``, ``05 - Title``,
``CD2``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

_SEASON_WORD = r"(?:season|temporada|saison|staffel|stagione|series|s|t)"
_EPISODE_WORD = r"(?:episode|episodio|capitulo|chapter|folge|puntata|cap|ep|e)"
_BOTH = (
    re.compile(rf"\b{_SEASON_WORD}[ ._-]*(\d{{1,2}})[ ._,-]*{_EPISODE_WORD}[ ._-]*(\d{{1,3}})(?!\d)"),
    re.compile(r"(?<![\da-z])(\d{1,2})x(\d{2,3})(?![\dx])"),
)
_YMD = re.compile(r"(?<!\d)((?:19|20)\d\d)[ ._-]?(0[1-9]|1[0-2])[ ._-]?(0[1-9]|[12]\d|3[01])(?!\d)")
_DMY = re.compile(r"(?<!\d)(0[1-9]|[12]\d|3[01])[ ._-](0[1-9]|1[0-2])[ ._-]((?:19|20)\d\d)(?!\d)")
_SEASON = re.compile(rf"^{_SEASON_WORD}[ ._-]*(\d{{1,2}})$")
_NUMBER = (
    re.compile(rf"\b{_EPISODE_WORD}[ ._-]*(\d{{1,4}})(?!\d)"),
    re.compile(r"#[ ]?(\d{1,4})(?!\d)"),
    re.compile(r" - (\d{1,4})(?:v\d)?(?= |$|\[|\()"),
    re.compile(r"\[(\d{1,3})(?:v\d)?\]"),
    re.compile(r"^(\d{1,3})(?= |$|\.|-)"),
    re.compile(r" (\d{1,3})(?:v\d)?$"),
)
_PART = re.compile(r"\b(?:cd|disc|disk|dvd|part|parte|pt)[ ._-]?([1-9])(?!\d)")
_NOISE = re.compile(
    r"\b(?:\d{3,4}[pi]|\d{3,4}x\d{3,4}|[xh][ .]?26[45]|hevc|avc|xvid|divx|av1|(?:8|10|12)bits?|web|web-?dl|webrip|bluray|blu-ray|bd|"
    r"bdrip|brrip|dvd|dvdrip|hdtv|hdrip|tvrip|remux|aac|e?ac3|dd|ddp|dts|flac|mp3|opus|[257][ .][01]|stereo|mono|dual|multi|"
    r"castellano|latino|spanish|espanol|english|ingles|german|french|italian|dub|dubbed|doblaje|esp?|eng?|vo|vose|proper|repack|"
    r"(?:19|20)\d\d|[0-9a-f]{8}|v\d)\b"
)
_WORD = re.compile(r"[^\W_]+")
MOST_RUNNING = 1899
"""A larger number in a name is a year."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a name says; ``None`` or empty where it says nothing. ``part`` counts from 1 (``CD2``), ``title`` is what is left, in plain
    lower-case words."""

    season: int | None = None
    episode: int | None = None
    date: str = ""
    part: int | None = None
    title: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """What names the episode alone, empty where nothing does."""
        if self.date:
            return ("date", self.date)
        if self.episode is None:
            return ()
        return ("number", "" if self.season is None else str(self.season), str(self.episode))


def read_name(path: Path) -> Named:
    """What the name of ``path``, and its folder's where that is a season's, say."""
    text = _plain(path.stem)
    part = _PART.search(text)
    rest = text if part is None else _without(text, part)
    for pattern in _BOTH:
        if found := pattern.search(rest):
            return Named(int(found[1]), int(found[2]), "", _int(part), _title(_without(rest, found)))
    if (dated := _date(rest)) is not None:
        return Named(None, None, dated[0], _int(part), _title(dated[1]))
    season = _SEASON.match(_plain(path.parent.name))
    number, left = _number(rest)
    if number is None:
        return Named(part=_int(part), title=_title(rest))
    return Named(int(season[1]) if season else None, number, "", _int(part), _title(left))


def _plain(text: str) -> str:
    """Lower case, no accents, single blanks for dots and underscores."""
    flat = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    return re.sub(r"\s+", " ", re.sub(r"[._]", " ", flat)).strip()


def _date(text: str) -> tuple[str, str] | None:
    """(the day, what is left) of a name that has one."""
    if found := _YMD.search(text):
        return f"{found[1]}-{found[2]}-{found[3]}", _without(text, found)
    if found := _DMY.search(text):
        return f"{found[3]}-{found[2]}-{found[1]}", _without(text, found)
    return None


def _number(text: str) -> tuple[int | None, str]:
    clean = re.sub(r"\s+", " ", _NOISE.sub(" ", text)).strip()
    clean = re.sub(r"[\[(][\s,-]*[\])]", "", clean).strip()
    for pattern in _NUMBER:
        found = pattern.search(clean)
        if found and int(found[1]) <= MOST_RUNNING:
            return int(found[1]), _without(clean, found)
    return None, clean


def _title(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(_NOISE.sub(" ", text)))


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}".strip()


def _int(found: re.Match[str] | None) -> int | None:
    return int(found[1]) if found else None
