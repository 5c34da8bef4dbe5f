"""What a job is, as a value, and how results are stored."""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from pipeline.errors import BadRequest, NotFound
from pipeline.messages import Message, neutral
from pipeline.progress import Report
from pipeline.requests import Request

State = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled")
Asked = TypeVar("Asked", bound=Request)
FINISHED: frozenset[str] = frozenset({"done", "failed", "cancelled"})


class Conflict(BadRequest):
    """The job is in a state that does not allow this. Values: ``state``."""

    code = "error.conflict"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a job: ``owner`` is the user's name where people sign in, ``language`` what they read."""

    owner: str = ""
    language: str = ""


NOBODY = Asker()


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now. Times are seconds since the epoch; ``fraction`` in [0, 1]; ``seconds_left`` is what was
    promised, 0.0 when it takes longer.

    ``request`` is what was asked. ``slug`` is the unguessable part of its public file names, ``title`` what people call it, ``error`` is
    ``{"error": short code, "kind": class name, "message": stored message}``, ``stages`` seconds by stage, ``ahead`` how
    many jobs wait or run before a queued one. A running job that somebody stopped is ``stopping`` until it has ended. ``trashed`` is
    when a finished job was deleted, for as long as that can be undone.
    """

    id: str
    kind: str
    request: Request
    folder: Path
    owner: str = ""
    title: str = ""
    state: State = "queued"
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    fraction: float = 0.0
    message: Message | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    attempts: int = 0
    seconds_left: float | None = None
    ahead: int = 0
    stopping: bool = False
    trashed: float | None = None

    @property
    def slug(self) -> str:
        return slug_of(self.id)

    def asked(self, kind: type[Asked]) -> Asked:
        """What was asked, where it is of that kind. Raises NotFound."""
        if not isinstance(self.request, kind):
            raise NotFound(name=self.title or self.id)
        return self.request

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED


def slug_of(job_id: str) -> str:
    """The first 12 hexadecimal digits (48 random bits) of a job id, as used in public clip names."""
    return job_id[:12]


def stored(value: Any) -> Any:
    """``value`` as plain JSON: messages neutral, paths as text, NumPy plain, numbers that JSON lacks as ``null``.

    Raises:
        TypeError: a value of some other type.
    """
    if isinstance(value, Message):
        return neutral(Message(value.code, stored(value.values)))
    if isinstance(value, Mapping):
        return {str(k): stored(v) for k, v in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return stored(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [stored(v) for v in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | Path):
        return str(value).encode("utf-8", "replace").decode("utf-8")
    if is_dataclass(value) and hasattr(value, "to_json"):
        return stored(value.to_json())
    if value is None or isinstance(value, int):
        return value
    raise TypeError(f"{type(value).__name__} cannot be stored")


Run = Callable[[Request, Path, Report], dict[str, Any]]
"""``run(request, folder, report) -> result`` does the work in a worker thread; another executor is another one."""

current_job: contextvars.ContextVar[str] = contextvars.ContextVar("current_job", default="")
"""The id of the job this thread works on, for the log."""
