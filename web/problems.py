"""Errors as HTTP answers: one table, one shape, in the reader's language.

Every answer that is not a success is ``{"status": "error", "error": code, "message": text}``, with ``job_id`` where a
job is to blame. Texts of :class:`~pipeline.errors.UserError` say how to help; other errors say nothing about the
machine.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from pipeline import errors
from pipeline.errors import BadGateway
from pipeline.messages import Message, choose_language, localise, say
from pipeline.settings import Settings
from web.jobs.values import Conflict, Job

_log = logging.getLogger(__name__)


class Unauthorised(errors.Forbidden):
    """Nobody is signed in where somebody must be."""

    code = "error.unauthorised"


class WrongHost(errors.Forbidden):
    """Asked for under a name that is not this service's. Values: ``name``."""

    code = "error.host"


class TooSlow(errors.UserError):
    """The request did not arrive in time. Values: ``seconds`` it had."""

    code = "error.too_slow"


class TooMany(errors.UserError):
    """Over the rate limit. Values: ``seconds`` until the next try."""

    code = "error.too_many"


STATUS: Mapping[type[errors.StudioError], int] = {
    errors.UnreadableMedia: 422,
    errors.UnsupportedFormat: 415,
    errors.NoAudio: 422,
    errors.NoVideo: 422,
    errors.NoSpeech: 422,
    errors.TooLarge: 413,
    errors.NotFound: 404,
    errors.BadRequest: 400,
    errors.Forbidden: 403,
    errors.Refused: 422,
    Conflict: 409,
    Unauthorised: 401,
    WrongHost: 421,
    TooSlow: 408,
    TooMany: 429,
    BadGateway: 424,
    errors.UserError: 400,
    errors.ModelUnavailable: 503,
    errors.OutOfMemory: 503,
    errors.DiskFull: 507,
    errors.Cancelled: 409,
    errors.StudioError: 500,
}
"""Status by class; a class that is not named has its nearest base's."""

MOST_QUOTED = 240
"""Characters of somebody's own text that an error says back."""
_PATH = re.compile(r"(?<![^\s\"'(=«“,;])(?:/[^\s/\"']+){2,}")
_OWN = ("/api/", "/clips/", "/gradio_api/")
"""Addresses of ours that look like paths."""

_BY_STATUS: Mapping[int, tuple[str, str]] = {
    401: ("unauthorised", "error.unauthorised"),
    404: ("not_found", "error.not_found"),
    405: ("method_not_allowed", "error.method"),
    413: ("too_large", "error.body_too_large"),
}


def status_of(kind: type[errors.StudioError]) -> int:
    """The HTTP status of an error class."""
    return next(STATUS[base] for base in kind.__mro__ if base in STATUS)


def status_of_job(job: Job) -> int:
    """The HTTP status for a job that did not end well."""
    name = "Cancelled" if job.state == "cancelled" else str((job.error or {}).get("kind", ""))
    kind = next((k for k in _family(errors.StudioError) if k.__name__ == name), errors.StudioError)
    return status_of(kind)


def _family(kind: type[errors.StudioError]) -> Iterator[type[errors.StudioError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


def language_of(request: Request) -> str:
    """The language of an answer: that of the settings, or what the client accepts."""
    settings: Settings | None = getattr(
        request.app.state, "settings", None
    )  # none of its own within Gradio's application
    fixed = settings is not None and settings.language != "auto"
    return choose_language(settings.language if settings and fixed else request.headers.get("accept-language"))


def language_for(scope: Mapping[str, Any], setting: str) -> str:
    """As :func:`language_of`, where there is no application yet; ``setting`` is ``APP_LANGUAGE``."""
    return choose_language(Headers(scope=dict(scope)).get("accept-language") if setting == "auto" else setting)


def words(what: Any, language: str) -> str:
    """A message (or one that was stored) in words that quote nothing but short plain text, and no path of ours."""
    return str(localise(_plain(what), language))


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return Message(value.code, {k: _plain(v) for k, v in value.values.items()})
    if isinstance(value, Mapping):
        return {k: v if k in {"$message", "code"} else _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return plain(value) if isinstance(value, str) else value


def plain(text: str) -> str:
    """``text`` as an error may quote it: paths by their last name only; nothing of what is long or not plain."""
    shown = _PATH.sub(lambda found: found[0] if found[0].startswith(_OWN) else found[0].rpartition("/")[2], text)
    strange = len(shown) > MOST_QUOTED or not shown.isprintable() or any(c in shown for c in "{}<>`")
    return "…" if strange else shown


def problem(
    status: int, code: str, text: str, job_id: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error answer."""
    body: dict[str, Any] = {"status": "error", "error": code, "message": text}
    return JSONResponse(body | ({"job_id": job_id} if job_id else {}), status, headers=dict(headers or {}))


def problem_of(error: errors.StudioError, language: str) -> JSONResponse:
    """The answer to one of our errors."""
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.message.values.get("seconds", 1))
    if isinstance(error, Unauthorised):
        headers["WWW-Authenticate"] = 'Basic realm="studio", charset="UTF-8"'
    return problem(status_of(type(error)), error.short_code, words(error.message, language), headers=headers)


def problem_of_job(job: Job, language: str) -> JSONResponse:
    """The answer to a request whose job failed or was cancelled."""
    error = job.error or {"error": "cancelled", "message": Message("error.cancelled")}
    return problem(status_of_job(job), str(error["error"]), words(error["message"], language), job.id)


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error in this shape."""
    app.add_exception_handler(errors.StudioError, _studio_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)


async def _studio_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.StudioError)
    if isinstance(error, errors.ToolError):
        _log.error("%s %s: %s %s", request.method, request.url.path, error, error.detail)
    return problem_of(error, language_of(request))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    name = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    code, template = _BY_STATUS.get(error.status_code, (name, "error.bad_request"))
    values = {"name": request.url.path, "detail": error.detail, "limit": getattr(error, "limit", error.detail)}
    return problem(
        error.status_code, code, words(Message(template, values), language_of(request)), headers=error.headers
    )


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    text = words(Message("error.field", {"field": field, "detail": first["msg"]}), language_of(request))
    return problem(422, "bad_request", text)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    return problem(500, "internal", say(Message("error.internal"), language_of(request)))
