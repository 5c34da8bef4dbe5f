"""The bodies of requests and answers, as OpenAPI describes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

Location = str
ORIGINAL = ("original", "original_video", "original_path", "original_file", "video_original", "file1", "video1")
DUBBED = ("dubbed", "dubbed_video", "dubbed_path", "dubbed_file", "video_dubbed", "dub", "file2", "video2")
NAMES = ("name", "custom_name", "output_name", "output_filename", "filename")
"""Names of the upload's fields: ours first, then what older clients call them."""
NAMED = (
    "An http(s) address, a path this service gave (/clips/…, /api/upload/resumable/…), or a path in the media library."
)


class Problem(BaseModel):
    """Every answer that is not a success."""

    status: Literal["error"] = "error"
    error: str = Field(examples=["no_audio"], description="Stable code.")
    message: str = Field(description="For people, in the language of Accept-Language.")
    job_id: str | None = None


class GenerateRequest(BaseModel):
    """A video to find moments in."""

    video_url: Location = Field(
        min_length=1, max_length=4096, description=NAMED, examples=["https://example.com/video.mp4"]
    )
    clips: int | None = Field(None, ge=1, le=100, description="At most so many clips.")
    min_duration: float | None = Field(None, ge=1, le=3600, description="Seconds; default MIN_CLIP_DURATION.")
    max_duration: float | None = Field(None, ge=1, le=3600, description="Seconds; default MAX_CLIP_DURATION.")
    language: str | None = Field(None, pattern="^([a-z]{2,3}|auto)$", description="Spoken language, ISO 639-1.")


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


class SelectRequest(BaseModel):
    """Clips to rank."""

    clips: list[ClipRef] = Field(min_length=1, max_length=100)
    min_score: float | None = Field(None, ge=0, le=1, description="Default MIN_VIRAL_SCORE.")
    language: str | None = Field(None, pattern="^([a-z]{2,3}|auto)$")
    all: bool = Field(False, description="Keep clips below the threshold too.")


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


class Accepted(BaseModel):
    """A job has been queued."""

    status: Literal["queued"] = "queued"
    task_id: str
    status_url: str
    message: str


class SyncRequest(BaseModel):
    """Two files that are already where the service can read them."""

    original: Location = Field(
        min_length=1, max_length=4096, description=NAMED,
        validation_alias=AliasChoices(*ORIGINAL),
    )  # fmt: skip
    dubbed: Location = Field(
        min_length=1, max_length=4096, description=NAMED,
        validation_alias=AliasChoices(*DUBBED),
    )  # fmt: skip
    name: str = Field(
        "", max_length=200, description="What the result is called.",
        validation_alias=AliasChoices(*NAMES),
    )  # fmt: skip


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
    seconds_left: float | None
    ahead: int = Field(description="Queued jobs before this one.")
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


class Done(BaseModel):
    status: Literal["success"] = "success"
    task_id: str
    message: str
