"""Flags of tracks as a person would set them: what a track is for stays, and what is shown by itself fits what is heard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.media.languages import UNKNOWN, iso639_2

PURPOSES = frozenset({"comment", "hearing_impaired", "visual_impaired", "karaoke", "lyrics", "clean_effects"})
"""Flags of a sound track that say whom it is for; they stay whatever is chosen by players."""
FORCED = re.compile(r"\b(forced|forzad[oa]s?|for[cç]ad[oa]s?|forc[eé]e?s?)\b", re.IGNORECASE)
FOR_THE_DEAF = re.compile(r"\b(sdh|cc|closed captions?|hearing impaired)\b", re.IGNORECASE)
"""Words that people put into titles and file names where they mean these flags."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A track of subtitles as it is about to be written."""

    language: str
    title: str
    flags: frozenset[str]


def flags_of(stream: Any) -> set[str]:
    """The names of a stream's dispositions as ffmpeg spells them."""
    return {flag.name for flag in type(stream.disposition) if flag.name and stream.disposition & flag}


def shown_of(stream: Any) -> Shown:
    """What a film's own stream of subtitles is."""
    return Shown(str(stream.language or ""), str(stream.metadata.get("title", "")), frozenset(flags_of(stream)))


def meant(flags: Iterable[str], title: str) -> frozenset[str]:
    """``flags`` of subtitles with what their ``title`` says of them."""
    words = title.replace("_", " ")
    said = {"forced"} if FORCED.search(words) else set()
    return frozenset({*flags, *said, *({"hearing_impaired"} if FOR_THE_DEAF.search(words) else ())})


def of_dub(flags: Iterable[str], *, default: bool) -> frozenset[str]:
    """The flags of a dub's sound track whose file gave it ``flags``."""
    return frozenset({"dub", *(PURPOSES & set(flags)), *({"default"} if default else ())})


def forced_for(tracks: Sequence[Shown], language: str) -> int | None:
    """The number of the subtitles that belong to who hears ``language``: those for signs and foreign words, of that language; else
    ``None``."""
    wanted = iso639_2(language)
    if wanted == UNKNOWN:
        return None
    fits = (n for n, t in enumerate(tracks) if "forced" in meant(t.flags, t.title) and iso639_2(t.language) == wanted)
    return next(fits, None)


def written(flags: Iterable[str]) -> str:
    """``flags`` as ffmpeg's option ``-disposition`` takes them."""
    return "+".join(sorted(flags)) or "0"
