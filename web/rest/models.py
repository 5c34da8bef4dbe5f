"""The bodies of requests and answers, as OpenAPI describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, create_model

from pipeline.requests import Parameter, Request, options_of
from reelify.folder_request import FolderRequest
from reelify.requests import HighlightsRequest, RankRequest
from syncdub.requests import SyncRequest

Location = str
Body = TypeVar("Body", bound=BaseModel)
ORIGINAL = ("original", "original_video", "original_path", "original_file", "video_original", "file1", "video1")
DUBBED = ("dubbed", "dubbed_video", "dubbed_path", "dubbed_file", "video_dubbed", "dub", "file2", "video2")
NAMES = ("name", "custom_name", "output_name", "output_filename", "filename")
"""Names of the upload's fields: ours first, then what older clients call them."""
NAMED = (
    "An http(s) address, a path this service gave (/clips/…, /api/upload/resumable/…), or a path in the media library."
)
OLDER: Mapping[str, tuple[str, ...]] = {"name": NAMES}
"""By parameter: ours first, then what older clients call it."""


def with_options(request: type[Request]) -> Callable[[type[Body]], type[Body]]:
    """Gives a body the parameters that ``request`` offers in REST, each with its range and help; all of them may be left out."""

    def add(body: type[Body]) -> type[Body]:
        offered: dict[str, Any] = {p.called: _field(p) for p in options_of(request, "rest")}
        return create_model(body.__name__, __base__=body, __module__=body.__module__, __doc__=body.__doc__, **offered)

    return add


def _field(parameter: Parameter) -> tuple[Any, Any]:
    """A parameter as pydantic takes a field. What has no meaning but its default may also be ``null``."""
    limits, kind = parameter.option, Literal[parameter.choices] if parameter.choices else parameter.kind
    known = {"ge": limits.low, "le": limits.high, "max_length": limits.longest, "pattern": _pattern(parameter)}
    more: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    if parameter.called in OLDER:
        more["validation_alias"] = AliasChoices(*OLDER[parameter.called])
    text = limits.help[:1].upper() + limits.help[1:] + "."
    if parameter.kind in (bool, str) and parameter.default is not None:
        return kind, Field(parameter.default, description=text, **more)
    return kind | None, Field(None, description=text, **more)


def _pattern(parameter: Parameter) -> str | None:
    """The form of a text as OpenAPI has it, the word for ``None`` included."""
    limits = parameter.option
    return "^(" + "|".join(filter(None, (limits.pattern, limits.shown))) + ")$" if limits.pattern else None


def sent(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI has an answer that is a file of one of these media types."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    return {200: {"description": "The file.", "content": content}}


class Problem(BaseModel):
    """Every answer that is not a success."""

    status: Literal["error"] = "error"
    error: str = Field(examples=["no_audio"], description="Stable code.")
    message: str = Field(description="For people, in the language of Accept-Language.")
    job_id: str | None = None


@with_options(HighlightsRequest)
class GenerateRequest(BaseModel):
    """A video to find moments in."""

    video_url: Location = Field(
        min_length=1, max_length=4096, description=NAMED, examples=["https://example.com/video.mp4"]
    )


@with_options(FolderRequest)
class FolderBody(BaseModel):
    """A folder of videos."""

    folder: str | list[str] = Field(
        description=f"A folder of the media library, or a list of files: {NAMED}", max_length=4096
    )
    options: dict[str, str | bool | float] = Field(
        default_factory=dict,
        description="Options of every video: clips, min_duration, max_duration, track, words, language, transcribe; with `rank` min_score, "
        "all, language, track, words, aspect, captions.",
    )


class FolderVideo(BaseModel):
    """A video of a folder."""

    video: str
    task_id: str | None = Field(description="The task that looks at it.")
    status: str | None
    clips: int
    error: str


class FolderReport(BaseModel):
    task_id: str
    status: str
    videos: list[FolderVideo]


class RawClip(BaseModel):
    """A moment that was cut out."""

    model_config = ConfigDict(extra="allow")
    url: str | None = Field(examples=["/clips/raw/clip_1_5f0c3a9b1d2e.mp4"])
    start: float = Field(description="Seconds in the source.")
    end: float
    duration: float
    score: float | None = None
    parts: dict[str, float] | None = None
    reasons: list[str] | None = None


class GenerateAnswer(BaseModel):
    model_config = ConfigDict(extra="allow")
    status: Literal["success"] = "success"
    clips: list[RawClip]
    message: str
    job_id: str


class ClipRef(BaseModel):
    """One clip to judge."""

    url: Location = Field(min_length=1, max_length=4096, description=NAMED)


@with_options(RankRequest)
class SelectRequest(BaseModel):
    """Clips to rank."""

    clips: list[ClipRef] = Field(min_length=1, max_length=100)


class ViralClip(BaseModel):
    model_config = ConfigDict(extra="allow")
    url: str | None = Field(examples=["/clips/viral/clip_1_5f0c3a9b1d2e_viral.mp4"])
    keywords: list[str]
    duration: float
    viral_score: float
    transcript: str


class SelectAnswer(BaseModel):
    model_config = ConfigDict(extra="allow")
    status: Literal["success"] = "success"
    viral_clips: list[ViralClip]
    message: str
    job_id: str


class LookBody(BaseModel):
    """A look to keep; what is left out is as it is by itself. Files are named as media are, fonts and logos too."""

    model_config = ConfigDict(extra="forbid")
    style: str | None = Field(None, max_length=2000, description="Look of the captions: a name or a JSON object.")
    font: Location | None = Field(None, max_length=4096, description="Font file (TTF, OTF) of the captions. " + NAMED)
    logo: Location | None = Field(None, max_length=4096, description="Picture in a corner. " + NAMED)
    logo_place: str | None = Field(None, description="Its corner: top-left, top-right, bottom-left or bottom-right.")
    logo_size: float | None = Field(None, ge=0.03, le=0.5, description="Its width as a share of the picture's.")
    logo_opacity: float | None = Field(None, ge=0.05, le=1)
    intro: Location | None = Field(None, max_length=4096, description="Video before every clip. " + NAMED)
    outro: Location | None = Field(None, max_length=4096, description="Video after every clip. " + NAMED)
    end_card: str | None = Field(None, max_length=200, description="Text of a card after every clip; empty for none.")
    colour: str | None = Field(None, pattern="^#[0-9a-fA-F]{6}$", description="The card's colour.")
    music: Location | None = Field(None, max_length=4096, description="Music under every clip. " + NAMED)
    music_level: float | None = Field(None, ge=-40, le=0, description="How loud, decibels against the clip.")
    ducking: float | None = Field(None, ge=0, le=30, description="Decibels lower where somebody speaks.")


class LookAnswer(BaseModel):
    status: Literal["success"] = "success"
    look: dict[str, Any]


class LookList(BaseModel):
    looks: list[dict[str, Any]]
    caption_styles: dict[str, dict[str, Any]]


class Accepted(BaseModel):
    """A job has been queued."""

    status: Literal["queued"] = "queued"
    task_id: str
    status_url: str
    message: str


@with_options(SyncRequest)
class SyncBody(BaseModel):
    """Two files that are already where the service can read them."""

    model_config = ConfigDict(title="SyncRequest")
    original: Location = Field(
        min_length=1, max_length=4096, description=NAMED,
        validation_alias=AliasChoices(*ORIGINAL),
    )  # fmt: skip
    dubbed: Location = Field(
        min_length=1, max_length=4096, description=NAMED,
        validation_alias=AliasChoices(*DUBBED),
    )  # fmt: skip
    also: list[Location | list[Location]] = Field(
        [], max_length=16, description="Further dubs of the film, each a file or a list of its parts in order."
    )


class Task(BaseModel):
    """A job as it is now."""

    model_config = ConfigDict(extra="allow")
    task_id: str
    kind: str
    title: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float = Field(description="Percent, 0 to 100.")
    message: str
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    seconds_left: float | None = Field(description="What was promised; 0 once it takes longer.")
    ahead: int = Field(description="Jobs that run or wait before this one.")
    stages: dict[str, float] = Field(description="Seconds by stage.")
    result: dict[str, Any] | None = None
    download_url: str | None = None
    error: str | None = None


class TaskList(BaseModel):
    tasks: list[Task]
    total: int
    counts: dict[str, int]


class UploadPlan(BaseModel):
    """A file that will be sent in pieces."""

    name: str = Field(min_length=1, max_length=1000)
    size: int = Field(ge=1, lt=2**53, description="Bytes.")


class UploadState(BaseModel):
    url: str = Field(description="Where to send the pieces; also names the file in other requests once it is complete.")
    name: str
    size: int
    offset: int


class Health(BaseModel):
    status: Literal["ready", "degraded"]
    reasons: list[str] = Field(description="What is wrong, for people.")
    uptime: float = Field(description="Seconds since the start.")


class SystemInfo(BaseModel):
    """Sizes in bytes, loads in percent."""

    model_config = ConfigDict(extra="allow")
    cpu: dict[str, Any]
    memory: dict[str, int]
    disk: dict[str, int]
    gpu: list[dict[str, Any]]
    device: dict[str, Any] | None = Field(
        default=None,
        description="What computes here: `kind` (cpu, or torch's name of a card of any make), `name`, `memory`, `precision`, "
        "`beside` (other cards of its family), `doubts` (why it is the processor). Null where a cluster does the work.",
    )


class LibraryState(BaseModel):
    enabled: bool
    available: bool = Field(description="Whether its volume answers.")
    extensions: list[str] = Field(description="File types that are accepted.")


class LibraryItem(BaseModel):
    """A folder or a file; `path` is what other requests name it by."""

    model_config = ConfigDict(extra="allow")
    name: str
    path: str
    type: Literal["folder", "file"]


class LibraryPage(BaseModel):
    path: str
    folders: list[LibraryItem]
    files: list[LibraryItem] = Field(description="With `size` (bytes) and `modified` (seconds since the epoch).")
    total: int
    offset: int


class Done(BaseModel):
    status: Literal["success"] = "success"
    task_id: str
    message: str
