"""What can be asked of SyncDub: where a dub belongs (:class:`AnalyseRequest`), the film with both tracks (:class:`SyncRequest`), and
that of a whole season (:class:`BatchRequest`).

They are one family: to write a film is to analyse it first, so everything that is known of an analysis is known of a film. How a
parameter or a kind of job is added, and what it touches, is said in :mod:`reelify.requests`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from pipeline.requests import Request, option, unstored
from pipeline.tracks.encode import Codec
from syncdub.making.plan import Fill
from syncdub.witnesses import EXACT

MOST_TRACKS = 999


@dataclass(frozen=True, slots=True)
class Nudge:
    """Segment number ``segment`` of a plan (−1 is all of it) shall be heard ``ms`` later."""

    ms: float
    segment: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyseRequest(Request):
    """Which files, which audio tracks (counted from 0, ``None`` chooses), which witness rules where sound and picture
    disagree; ``quick`` leaves speech out. ``name`` is what the result is called."""

    kind: ClassVar[str] = "analyse"
    original: Path
    dub: Path
    original_stream: int | None = option(
        None, "audio track of the original, from 0", low=0, high=MOST_TRACKS, metavar="N", doors=("command",)
    )
    dub_stream: int | None = option(
        None, "audio track of the dub, from 0", low=0, high=MOST_TRACKS, metavar="N", doors=("command",)
    )
    follow: str = option(
        EXACT[0], "sound or picture: which one the dub follows where its own two differ", choices=EXACT
    )
    quick: bool = option(False, "music and picture only, without transcription", doors=("command", "client"))
    name: str = option("", "what the result is called", longest=200, doors=("rest",))

    def title(self) -> str:
        return f"{self.called(self.original)} + {self.called(self.dub)}"

    @classmethod
    def older(cls, body: dict[str, Any]) -> dict[str, Any]:
        """The files' names had fields of their own."""
        pairs = ((body.get("original"), body.get("original_name")), (body.get("dub"), body.get("dub_name")))
        names = {path: name for path, name in pairs if path and name}
        return {"names": names, **body} if names else body


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest(AnalyseRequest):
    """Also the film.

    ``plan`` is the file of an earlier analysis (that of job ``plan_job``), which ``nudges`` move; it is executed without analysis.
    ``fill`` is what is heard where the dub has nothing, unless
    ``cut_gaps`` takes those seconds out of the film; ``codec`` is used where the dub's packets cannot be copied. ``language`` (of
    the dub) overrides what the file says; ``interface`` is the language of track titles. ``subtitles`` are SubRip or ASS files timed
    to the dub. The film becomes ``output``. ``parts`` are the rest of a
    dub that comes in several files, ``also`` further dubs, each with its parts. ``batch`` is the job of the season whose episode it is.
    """

    kind: ClassVar[str] = "sync"
    output: Path = unstored(Path("synced.mkv"), "the film", doors=())
    plan: Path | None = None
    plan_job: str = ""
    parts: tuple[Path, ...] = option(
        (), "what follows the dub's file in order: CD2, CD3, …", metavar="FILE", doors=("command",)
    )
    also: tuple[tuple[Path, ...], ...] = ()
    batch: str = ""
    nudges: tuple[Nudge, ...] = ()
    fill: Fill = option("silence", "where the dub has nothing: silence, original or bed", doors=("command", "client"))
    cut_gaps: bool = option(False, "leave out of the film what the dub lacks: a shorter version")
    codec: Codec = option("flac", "flac, eac3 or aac where packets cannot be copied", doors=("command", "client"))
    nudge_ms: float = option(0.0, "shift the dub by hand, + is later", metavar="MS", doors=("command",))
    language: str = option("", "language of the dub, where its file does not say it", longest=35, metavar="es")
    default: Literal["original", "dub"] = option(
        "original", "the sound track that players choose; with dub also the forced subtitles of its language"
    )
    subtitles: tuple[Path, ...] = option((), "SRT or ASS timed to the dub", metavar="FILE", doors=("command",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """By hand: these dubs (each with its parts in order) belong to this film."""

    original: Path
    dubs: tuple[tuple[Path, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest(Request):
    """``films`` and one tuple of files for each release of ``dubs``; or ``pairs`` by hand, which are not judged again.

    ``asks`` are fields of a :class:`SyncRequest` that hold for every episode. ``naming`` is the template of names
    (:mod:`syncdub.batch.called`). The films are written into ``out``.
    """

    kind: ClassVar[str] = "batch"
    films: tuple[Path, ...] = ()
    dubs: tuple[tuple[Path, ...], ...] = ()
    pairs: tuple[Together, ...] = ()
    asks: Mapping[str, Any] = field(default_factory=dict)
    by: Literal["auto", "names", "content"] = option("auto", "how files are paired: names, content, or both (auto)")
    naming: str = option(
        "", "names of the results, e.g. '{title} ({year}) - S{season:02}E{episode:02} [{languages}]'", longest=300, metavar="TEMPLATE",
        calls={"command": "names"},
    )  # fmt: skip
    dry_run: bool = option(False, "only show which files belong together", doors=("command", "rest"))
    out: Path = unstored(Path("season"), "folder of the results", doors=())

    def title(self) -> str:
        return " + ".join(_side(self.called(side[0])) for side in (self.films, *self.dubs) if side) or "season"


def _side(name: str) -> str:
    """The folder of a library's file, the name of an upload."""
    folder = Path(name).parent
    return folder.as_posix() if folder.name else name
