"""Every error the product raises on purpose.

::

    StudioError
    ├── UserError            the person can fix it; the message says how      REST 4xx · exit 3 · shown as is
    │   ├── UnreadableMedia  NoAudio  NoVideo  NoSpeech  TooLarge  UnsupportedFormat  NotFound  BadRequest  Refused  Forbidden
    ├── ToolError            ours or the machine's; logged with its detail    REST 500 · exit 1 · generic text + job id
    │   ├── FFmpegFailed  ModelUnavailable  OutOfMemory  DiskFull
    └── Cancelled            not an error to anybody

Foreign errors are mapped at one border each (``raise … from``): PyAV in :mod:`pipeline.media.decode`, processes in
:mod:`pipeline.media.ffmpeg`, weights in :mod:`pipeline.compute.models`, CUDA in :mod:`pipeline.compute.device`.
"""

from __future__ import annotations

from typing import Any

from pipeline.messages import Message


class StudioError(Exception):
    """Base of all. ``code`` is stable and machine-readable; ``message`` is put into words at the border."""

    code = "error.internal"

    def __init__(self, code: str | None = None, **values: Any) -> None:
        self.message = Message(code or type(self).code, values)
        super().__init__(self.message.code)

    @property
    def short_code(self) -> str:
        """The code without its family: ``error.no_audio`` → ``no_audio``."""
        return type(self).code.removeprefix("error.")

    def __str__(self) -> str:
        return str(self.message)


class UserError(StudioError):
    """The person can fix it."""

    code = "error.user"


class UnreadableMedia(UserError):
    """Not media, or so damaged that nothing can be decoded. Values: ``name``."""

    code = "error.unreadable_media"


class UnsupportedFormat(UserError):
    """A container or protocol that is not allowed. Values: ``name``, ``format``."""

    code = "error.unsupported_format"


class NoAudio(UserError):
    """The file has no audio track where one is needed. Values: ``name``."""

    code = "error.no_audio"


class NoVideo(UserError):
    """The file has no picture where one is needed. Values: ``name``."""

    code = "error.no_video"


class NoSpeech(UserError):
    """Nobody speaks where speech is needed. Values: ``name``."""

    code = "error.no_speech"


class TooLarge(UserError):
    """Over a limit. Values: ``limit``, ``actual`` in the unit the message names."""

    code = "error.too_large"


class NotFound(UserError):
    """No such file, job or clip. Values: ``name``."""

    code = "error.not_found"


class BadRequest(UserError):
    """The request itself is wrong. Values: ``detail`` or those of a more exact code."""

    code = "error.bad_request"


class Forbidden(UserError):
    """Not allowed: a private address, a path outside the library, somebody else's file. Values: ``name``."""

    code = "error.forbidden"


class Refused(UserError):
    """The dub sync is refused; the doubts say why."""

    code = "error.refused"


class BadGateway(UserError):
    """An address given by the person does not deliver. Values: ``name``."""

    code = "error.url_unreachable"


class ToolError(StudioError):
    """Our fault or the machine's. ``detail`` (for the log) is never shown to visitors."""

    code = "error.tool"

    def __init__(self, code: str | None = None, *, detail: str = "", **values: Any) -> None:
        super().__init__(code, **values)
        self.detail = detail


class FFmpegFailed(ToolError):
    """An ffmpeg process failed; ``detail`` holds the end of its stderr."""

    code = "error.ffmpeg_failed"


class ModelUnavailable(ToolError):
    """Weights are missing or their digest is wrong. Values: ``name``."""

    code = "error.model_unavailable"


class OutOfMemory(ToolError):
    """Not even the smallest batch fits."""

    code = "error.out_of_memory"


class DiskFull(ToolError):
    """No room left to write. Values: ``needed``, ``free`` in bytes."""

    code = "error.disk_full"


class Cancelled(StudioError):
    """The person stopped the work."""

    code = "error.cancelled"
