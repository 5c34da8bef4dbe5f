"""What can be asked of Reelify: one frozen class for each kind of job, read by page, REST, Gradio client, command line, cluster and retry.

A new parameter is one field here, with its type, default, range and help (:mod:`pipeline.requests` says how). The command line, the
REST body and the endpoint offer it at the doors that it names; the page shows it where its tab draws a component under the field's name
(``web/ui/*/tab.py``, its words in the locales). A new kind of job is a class here with its ``kind``, the workflow that does it, and one
line in :data:`web.jobs.kinds.KINDS`. Files touched, locales aside:

======================================  =====================================================================
a parameter                             this file and the workflow that heeds it; on the page also its tab
a kind of job                           this file, its workflow, ``web/jobs/kinds.py``
======================================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.captions.styles import LONGEST_JSON, STYLES, CaptionStyle, style_of
from pipeline.errors import BadRequest
from pipeline.render.quality import QUALITIES
from pipeline.render.shapes import ASPECTS, FRAMINGS, SOURCE
from pipeline.requests import Request, option, unstored
from pipeline.tracks.choice import AUTO, WANTED
from pipeline.values import Span
from reelify.cut.compilation import CROSSFADE
from reelify.cut.rewriting import Rewrite
from reelify.looks.hands import HandPlace
from reelify.looks.kits import Kit
from reelify.looks.platforms import PLATFORMS, Platform

if TYPE_CHECKING:
    from pipeline.settings import Settings

MOST_CLIPS = 500
MOST_PIECES = 200
LONGEST_TITLE = 200
"""Characters of a title that is drawn into a picture."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip to judge or to cut: all of ``source`` or ``span`` of it; ``title`` is what people call it."""

    source: Path
    span: Span | None = None
    title: str = ""

    @property
    def name(self) -> str:
        return self.title or self.source.name


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenRequest(Request):
    """What all of them have: ``language`` is the spoken one, ``None`` (at the doors ``auto``) where it is to be detected; ``track`` the
    audio track of every file (:mod:`pipeline.tracks.choice`)."""

    language: str | None = option(
        None, "spoken language, ISO 639-1 (two or three letters), or auto", pattern="[a-z]{2,3}", shown="auto"
    )
    subtitles: Path | None = option(
        None,
        "a file of subtitles that is what is said: SRT, VTT, ASS, TTML or JSON",
        metavar="FILE",
        doors=("command",),
    )
    track: str = option(AUTO, "audio track: auto (the one somebody speaks on), a number from 1, or mix", pattern=WANTED)
    words: str = option("", "names and brands as they are written, separated by commas", longest=2000)

    def title(self) -> str:
        """What people call its media."""
        return next((self.called(path) for path in self.files() if path != str(self.subtitles)), "")

    def known_words(self) -> tuple[str, ...]:
        """The names of this request, each once."""
        return tuple(dict.fromkeys(w.strip() for w in self.words.split(",") if w.strip()))

    def __post_init__(self) -> None:
        if self.language is not None:
            wanted = self.language.strip().lower()
            object.__setattr__(self, "language", None if wanted in ("", "auto") else wanted)
        Request.__post_init__(self)


@dataclass(frozen=True, slots=True)
class TranscribeRequest(SpokenRequest):
    """What is said in ``source``."""

    kind: ClassVar[str] = "transcribe"
    source: Path

    @classmethod
    def older(cls, body: dict[str, Any]) -> dict[str, Any]:
        """A track was ``stream``, counted from 0."""
        stream = body.get("stream")
        return {"track": str(stream + 1), **body} if isinstance(stream, int) and stream else body


@dataclass(frozen=True, slots=True)
class FindRequest(SpokenRequest):
    """Where in ``sources`` something is said or heard; ``sounds``: laughter and other reactions are looked for too."""

    kind: ClassVar[str] = "find"
    sources: tuple[Path, ...]
    query: str = option("", "what to look for: words in any inflection, other words for it, or a sound", longest=300)
    count: int = option(20, "at most so many hits", low=1, high=200)
    sounds: bool = option(
        True, "look for speech alone, not for sounds", doors=("command",), calls={"command": "no-sounds"}
    )

    def __post_init__(self) -> None:
        SpokenRequest.__post_init__(self)
        if not self.query.strip():
            raise BadRequest("error.nothing_given")
        if not 1 <= len(self.sources) <= MOST_CLIPS:
            raise BadRequest("error.bad_clip_count", n=len(self.sources), most=MOST_CLIPS)


@dataclass(frozen=True, slots=True)
class ChaptersRequest(SpokenRequest):
    """The chapters of ``source``; written into ``out``."""

    kind: ClassVar[str] = "chapters"
    source: Path
    out: Path | None = unstored(None, "folder of the chapter files; default reelify-out", doors=("command",))


@dataclass(frozen=True, slots=True)
class HighlightsRequest(SpokenRequest):
    """The moments of ``source`` worth sharing. Clips go to ``out`` when ``render``; ``fast`` copies streams (inexact, instant);
    ``transcribe`` lets speech take part (and cuts respect words). ``batch`` is the job of the folder that it belongs to."""

    kind: ClassVar[str] = "highlights"
    source: Path
    clips: int = option(10, "at most so many clips", low=1, high=100)
    min_duration: float | None = option(
        None, "shortest clip in seconds; default MIN_CLIP_DURATION", low=1, high=3600, setting="min_clip_duration"
    )
    max_duration: float | None = option(
        None, "longest clip in seconds; default MAX_CLIP_DURATION", low=1, high=3600, setting="max_clip_duration"
    )
    fast: bool = option(False, "copy the streams: instant, cuts fall on keyframes", doors=("command",))
    transcribe: bool = option(True, "let speech take part", doors=())
    render: bool = option(True, "decide only, write no clips", doors=("command",), calls={"command": "no-render"})
    out: Path | None = unstored(None, "folder of the clips; default reelify-out", doors=("command",))
    batch: str = ""

    def __post_init__(self) -> None:
        SpokenRequest.__post_init__(self)
        low, high = self.min_duration, self.max_duration
        if low is not None and high is not None and low > high:
            raise BadRequest("error.bad_durations", low=low, high=high)

    def durations(self, settings: Settings) -> tuple[float, float]:
        """The shortest and the longest clip in seconds, the settings' where nothing was said. Raises BadRequest."""
        low = settings.min_clip_duration if self.min_duration is None else self.min_duration
        high = settings.max_clip_duration if self.max_duration is None else self.max_duration
        if low > high:
            raise BadRequest("error.bad_durations", low=low, high=high)
        return low, high

    @classmethod
    def older(cls, body: dict[str, Any]) -> dict[str, Any]:
        return {"names": {body["source"]: body["name"]}, **body} if body.get("name") and body.get("source") else body


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of ``source`` (of every file where it is ``None``), seconds of the file."""

    start: float
    end: float
    source: Path | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.start <= self.end:
            raise BadRequest("error.bad_span", start=self.start, end=self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class TightRequest(SpokenRequest):
    """What clips do without. Pauses longer than ``longest_pause`` are cut to a breath (0: none are); ``struck`` goes whatever it is,
    ``restored`` stays. Laughter and applause always stay. ``punch_in`` draws some pieces closer, so that joins look meant."""

    tighten: bool = option(False, "let pauses, fillers and repeated starts go, laughter stays")
    longest_pause: float = option(
        0.6, "tightening: pauses over so many seconds are cut to a breath, 0 leaves all", low=0, high=60
    )
    fillers: bool = option(
        True, "tightening: fillers go (--keep-fillers leaves them in)", calls={"command": "keep-fillers"}
    )
    repeats: bool = option(
        True, "tightening: repeated starts go (--keep-repeats leaves them in)", calls={"command": "keep-repeats"}
    )
    punch_in: bool = option(False, "tightening: draw emphasised pieces closer, so that joins look meant")
    struck: tuple[Place, ...] = option(
        (),
        "tightening, JSON: [[start, end], …] in seconds of the file, stretches that go whatever they are",
        doors=("rest", "client"),
    )
    restored: tuple[Place, ...] = option(
        (),
        "tightening, JSON: [[start, end], …] in seconds of the file, what stays nevertheless",
        doors=("rest", "client"),
    )

    @classmethod
    def older(cls, body: dict[str, Any]) -> dict[str, Any]:
        """Stretches may be given as pairs."""
        pairs = {
            name: [{"start": p[0], "end": p[1]} if isinstance(p, list | tuple) and len(p) == 2 else p for p in given]
            for name in ("struck", "restored") if isinstance(given := body.get(name), list | tuple)
        }  # fmt: skip
        return {**body, **pairs}


def _only_of(request: TightRequest, clips: Sequence[Clip]) -> None:
    """Raises BadRequest where a stretch that goes or stays names a file that is none of the clips': it would count as an input."""
    named = {place.source for place in (*request.struck, *request.restored) if place.source is not None}
    if named - {clip.source for clip in clips}:
        raise BadRequest("error.field", field="struck", detail="source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(TightRequest):
    """How clips are made ready to post: ``hook`` is a title in their first seconds. ``brand`` names a kept look, which
    :func:`reelify.looks.applied.applied` puts into ``kit`` before the job is kept."""

    aspect: str = option(SOURCE, "the picture's shape", choices=(SOURCE, *ASPECTS))
    framing: str = option("follow", "how the shape is filled", choices=tuple(FRAMINGS))
    captions: bool = option(False, "burn captions in")
    hook: str = option("", "title shown in the first seconds", longest=LONGEST_TITLE)
    caption_style: str = option(
        "", f"look of the captions: {', '.join(STYLES)}, a kept one, or a JSON object that says how it differs from the look 'like'",
        longest=LONGEST_JSON,
    )  # fmt: skip
    caption_font: Path | None = option(None, "font file (TTF, OTF) for the captions", doors=("command",))
    brand: str = option("", "a kept look by its name", longest=60)
    kit: Kit = field(default_factory=Kit)
    platform: str = option(
        "", "where it is posted: shape, length, size, safe area and loudness", choices=("", *PLATFORMS)
    )
    frames: tuple[HandPlace, ...] = option(
        (), "frames by hand, JSON: [{start, end (seconds of the file), kind (hand, follow, whole, centre), middle (0 to 1)}, …]",
        metavar="FILE.json",
    )  # fmt: skip
    also: str = option("", "more shapes in the same job, separated by commas: 4:5,1:1", longest=60)
    quality: str = option(next(iter(QUALITIES)), "how finely clips are encoded", choices=tuple(QUALITIES))

    def __post_init__(self) -> None:
        """A place has its own shape where none is asked for."""
        SpokenRequest.__post_init__(self)
        if self.platform and self.aspect == SOURCE:
            object.__setattr__(self, "aspect", PLATFORMS[self.platform].aspect)
        if wrong := set(self.more_shapes) - set(ASPECTS):
            raise BadRequest("error.not_a_choice", field="also", choices=f"{', '.join(ASPECTS)} ({min(wrong)[:20]})")

    @property
    def more_shapes(self) -> tuple[str, ...]:
        """The shapes beside :attr:`aspect`, each once."""
        named = (shape.strip() for shape in self.also.split(","))
        return tuple(dict.fromkeys(shape for shape in named if shape and shape != self.aspect))

    @property
    def place(self) -> Platform | None:
        """Where it is posted, if that was said."""
        return PLATFORMS.get(self.platform)

    @property
    def style(self) -> CaptionStyle:
        """The captions' look. Raises BadRequest where it names one that was kept and not applied."""
        return style_of(self.caption_style)

    @classmethod
    def older(cls, body: dict[str, Any]) -> dict[str, Any]:
        """Clips were ``{"source" or "path", "start", "end", "name", "url"}`` in one."""
        body = TightRequest.older(body)
        given = [clip for clip in body.get("clips") or () if isinstance(clip, Mapping)]
        urls = {str(_path_of(clip)): clip["url"] for clip in given if clip.get("url")}
        return {"names": urls, **body, "clips": [_newer(clip) for clip in given]} if given else body


@dataclass(frozen=True, slots=True)
class RankRequest(Look):
    """Which clips will travel. ``min_score`` ``None`` takes the setting; ``all`` also lists (and renders) what is under it. ``expected``
    is a guess at what is spoken where ``language`` is to be detected: its dictionaries are read while the first clip is listened to."""

    kind: ClassVar[str] = "rank"
    clips: tuple[Clip, ...]
    min_score: float | None = option(
        None, "threshold from 0 to 1; default MIN_VIRAL_SCORE", low=0, high=1, setting="min_viral_score"
    )
    all: bool = option(False, "also list clips below the threshold", calls={"client": "all_clips"})
    expected: str = ""
    render: bool = option(True, "decide only, write no clips", doors=("command",), calls={"command": "no-render"})
    out: Path | None = unstored(None, "folder of the clips; default reelify-out", doors=("command",))
    batch: str = ""

    def __post_init__(self) -> None:
        Look.__post_init__(self)
        _only_of(self, self.clips)
        if not 1 <= len(self.clips) <= MOST_CLIPS:
            raise BadRequest("error.bad_clip_count", n=len(self.clips), most=MOST_CLIPS)


@dataclass(frozen=True, slots=True)
class CompileRequest(Look):
    """One clip of ``clips``, in the order in which they shall be seen. ``smart`` takes the one clip given, finds its key moments and joins
    those within the settings' clip lengths. In the captions ``texts`` replaces sentences and ``corrections`` words, wherever they are said;
    ``card`` is a title in front. The file is called ``name``."""

    kind: ClassVar[str] = "compile"
    clips: tuple[Clip, ...]
    out: Path = unstored(Path("reelify-out"), "folder of the clip", doors=())
    name: str = unstored("clip", "the file's name without its suffix", doors=())
    smart: bool = option(False, "find the key moments of the one clip given", doors=())
    listen: bool = option(True, "hear what is said, for captions and subtitles", doors=())
    crossfade: float = option(CROSSFADE, "seconds of cross-fade at a join", low=0, high=10, doors=())
    corrections: Mapping[str, str] = option(
        dict, "JSON, {heard word: written word} for the captions", doors=("client",)
    )
    texts: tuple[Rewrite, ...] = field(default=())
    card: str = option("", "a title on a card in front; empty for none", longest=LONGEST_TITLE, doors=("client",))

    def __post_init__(self) -> None:
        Look.__post_init__(self)
        _only_of(self, self.clips)
        most = 1 if self.smart else MOST_PIECES
        if not 1 <= len(self.clips) <= most:
            raise BadRequest("error.bad_clip_count", n=len(self.clips), most=most)


def _path_of(clip: Mapping[str, Any]) -> Any:
    return clip.get("source") or clip.get("path")


def _newer(clip: Mapping[str, Any]) -> dict[str, Any]:
    """A clip of an older row as it is written now."""
    span = {"start": clip["start"], "end": clip["end"]} if {"start", "end"} <= clip.keys() else None
    return {"source": _path_of(clip), "span": span, "title": clip.get("name") or "", **clip}
