"""``/openapi.json`` in full: what FastAPI finds out by itself, with tags, sign-in, and every error as this service words it.

The examples of errors are made by what answers real requests (:func:`web.problems.problem_of`), in every language there is.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from pipeline import errors
from pipeline.errors import StudioError
from pipeline.messages import languages
from web.guard.security import OPEN
from web.jobs.values import Conflict
from web.problems import TooMany, TooSlow, Unauthorised, WrongHost, problem_of, status_of

TAGS: Mapping[str, str] = {
    "reelify": "Moments, ranking, tightening, search and chapters. Answers when the work is done, or at once with `Prefer: respond-async`.",
    "syncdub": "A dub put in sync with its film; uploads in pieces, whose `url` names the file in every other request.",
    "seasons": "Folders of films and dubs: paired, made, reported.",
    "review": "Doubtful places of a sync, with pictures and sounds.",
    "tasks": "State, list, stop, again, delete and results of every task.",
    "looks": "How clips look, kept by name.",
    "system": "Health, machine, media library, figures.",
}
EXAMPLES: tuple[StudioError, ...] = (
    errors.BadRequest("error.not_a_choice", field="fill", choices="silence, original, bed"),
    errors.BadRequest("error.url_scheme", scheme="ftp"),
    Unauthorised(),
    errors.Forbidden("error.url_private", name="http://192.168.1.10/film.mkv"),
    errors.Forbidden("error.others_task"),
    errors.NotFound(name="films/talk.mp4"),
    TooSlow(seconds=30),
    Conflict(state="running"),
    errors.TooLarge(name="film.mkv", actual=9_000_000_000, limit=4_000_000_000),
    errors.UnsupportedFormat(name="talk.mp4", format="swf"),
    WrongHost(name="studio.example"),
    errors.NoAudio(name="talk.mp4"),
    errors.UnreadableMedia(name="talk.mp4"),
    errors.BadRequest("error.field", field="clips", detail="Input should be less than or equal to 100"),
    errors.BadGateway(name="https://example.com/talk.mp4"),
    TooMany(seconds=12),
    StudioError(),
    errors.ModelUnavailable(name="whisper-base"),
    errors.DiskFull(needed=2_000_000_000, free=500_000_000),
)
"""At least one error of every status that an operation may answer."""
INVALID = "error.field"
"""A body that does not fit its model is answered with 422, by :func:`web.problems.install`."""
ALWAYS = (421, 429, 500)
WITH_BODY = (408, 413)
PARAMETERS: Mapping[str, str] = {
    "task_id": "The task, as the answer that queued it named it.",
    "upload_id": "The last part of an upload's `url`.",
    "name": "The last part of the address, or the look's name.",
    "path": "The file, as the result names it.",
    "form": "JSON, a table, or a page to read.",
    "mode": "`side`, `overlay`, `difference` or `wipe`.",
    "which": "`original`, `before` or `after`.",
    "edited": "Clips as they were last cut by hand.",
    "offset": "Entries to leave out first.",
    "limit": "Entries at most.",
}
"""What parameters mean that say nothing of themselves."""
_METHODS = frozenset({"get", "put", "post", "delete", "head", "patch"})
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_PREFER = {
    "name": "Prefer", "in": "header", "required": False, "schema": {"type": "string", "enum": ["respond-async"]},
    "description": "Answer at once, with a task to ask for.",
}  # fmt: skip
_SIGN_IN: Mapping[str, Any] = {
    "basic": {"type": "http", "scheme": "basic", "description": "A user of `APP_USERS`."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `API_TOKENS`."},
}


def install(app: FastAPI, sign_in: bool) -> None:
    """Make ``app`` describe itself in full; ``sign_in``: whether anybody has to sign in."""
    plain: Callable[[], dict[str, Any]] = app.openapi
    app.openapi = cache(lambda: completed(plain(), sign_in))  # type: ignore[method-assign]


def completed(plain: Mapping[str, Any], sign_in: bool) -> dict[str, Any]:
    """``plain`` (FastAPI's own description, left as it is) with tags, headers, sign-in and errors."""
    made = copy.deepcopy(dict(plain))
    made["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    parts = made.setdefault("components", {})
    parts["responses"] = {f"Problem{status}": _answer(status) for status in sorted(_statuses())}
    parts["parameters"] = {"Language": _language(), "Prefer": _PREFER}
    if sign_in:
        parts["securitySchemes"] = dict(_SIGN_IN)
        made["security"] = [{name: []} for name in _SIGN_IN]
    for path, method, operation in _operations(made):
        if method == "head":
            operation["responses"]["200"].pop("content", None)
        _complete(operation, sign_in, is_open=path.startswith(OPEN))
    return made


def _operations(made: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            if method in _METHODS:
                yield path, method, operation


def _complete(operation: dict[str, Any], sign_in: bool, is_open: bool) -> None:
    responses = operation["responses"]
    told = {int(code) for code in responses if code.isdigit() and int(code) >= 400}
    told |= {*ALWAYS, *(WITH_BODY if "requestBody" in operation else ()), *((401,) if sign_in and not is_open else ())}
    for status in sorted(told):
        responses.pop(str(status), None)
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    if sign_in and is_open:
        operation["security"] = []
    for parameter in operation.setdefault("parameters", []):
        parameter.setdefault("description", PARAMETERS.get(parameter["name"], ""))
    shared = ["Language", *(("Prefer",) if "202" in responses else ())]
    operation["parameters"].extend({"$ref": f"#/components/parameters/{name}"} for name in shared)


def _language() -> dict[str, Any]:
    return {
        "name": "Accept-Language", "in": "header", "required": False, "description": "Language of messages.",
        "schema": {"type": "string", "enum": list(languages())},
    }  # fmt: skip


def _statuses() -> set[int]:
    return {_status(error) for error in EXAMPLES}


def _status(error: StudioError) -> int:
    return 422 if error.message.code == INVALID else status_of(type(error))


def _answer(status: int) -> dict[str, Any]:
    """The response of one status: its shape, and each of its errors in each language."""
    examples = {
        f"{error.message.code.removeprefix('error.')}_{language}": {
            "summary": f"{error.short_code} ({language})",
            "value": json.loads(bytes(problem_of(error, language).body)),
        }
        for error in EXAMPLES
        if _status(error) == status
        for language in languages()
    }
    made: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/json": {"schema": _PROBLEM, "examples": examples}},
    }
    if status == 429:
        made["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return made
