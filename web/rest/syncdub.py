"""SyncDub's routes: send two films (or name them), follow the task, download the result."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from pipeline.errors import BadRequest, TooLarge, UserError
from pipeline.files.given_names import names_of, tell
from pipeline.files.received import Stored, shown_name
from pipeline.requests import options_of
from syncdub.requests import SyncRequest
from web.guard.bodies import JSON_LIMIT
from web.guard.visitors import owner_of_request, payer_of
from web.intake.announced import Announced
from web.intake.forms import Form, read_form
from web.intake.sources import UPLOADS
from web.jobs.inputs import brought
from web.problems import language_of
from web.rest.context import Service, service_of
from web.rest.models import DUBBED, OLDER, ORIGINAL, Accepted, SyncBody, UploadPlan, UploadState
from web.rest.reelify import PROBLEMS, accepted, submitted

router = APIRouter(tags=["syncdub"])
FILE_FIELDS = {**dict.fromkeys(ORIGINAL, "original"), **dict.fromkeys(DUBBED, "dubbed")}
FURTHER = "also"
"""The field of further dubs of the same film; it may come several times."""
Given = tuple[Stored, Stored, dict[str, Any]]
"""The film, its dub, and what else was said."""
GONE = 499
"""The client went away (as nginx writes it); nobody reads this answer."""

_BINARY = {"type": "string", "format": "binary"}
_BODY = SyncBody.model_json_schema(by_alias=False)
_UPLOAD_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["original", "dubbed"],
                    "properties": {
                        **_BODY["properties"],
                        "original": _BINARY,
                        "dubbed": _BINARY,
                        "also": {
                            "type": "array",
                            "items": _BINARY,
                            "description": "Further dubs, a file each; parts of one dub as files of one field `also.NAME`, in order.",
                        },
                    },
                }
            },
            "application/json": {"schema": _BODY},
        },
    }
}

_PIECE_SCHEMA: dict[str, Any] = {
    "parameters": [
        {
            "name": "Upload-Offset", "in": "header", "required": True, "schema": {"type": "integer", "minimum": 0},
            "description": "Bytes that are there already.",
        }
    ],
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": _BINARY}}},
}  # fmt: skip


@router.post(
    "/api/upload",
    summary="Put a dub in sync",
    response_model=Accepted,
    responses=PROBLEMS,
    openapi_extra=_UPLOAD_SCHEMA,
)
async def upload(request: Request) -> Response:
    """Put a dub in sync with its original: upload the files (`original`, `dubbed`, further dubs as `also`), or name them in JSON.

    Answers a task id as soon as both files are here and are media.
    """
    service = service_of(request)
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            original, dubbed, options = await _named(request, service)
        else:
            original, dubbed, options = await _uploaded(request, service)
    except ClientDisconnect:
        return Response(status_code=GONE)
    if options.get("name"):
        options["name"] = shown_name(options["name"], "")
    more: tuple[tuple[Stored, ...], ...] = options.pop("also", ())
    every = (original, dubbed, *(file for dub in more for file in dub))
    files = {"original": original.path, "dub": dubbed.path, **brought(every)}
    files["also"] = tuple(tuple(file.path for file in dub) for dub in more)
    wanted = SyncRequest.from_json({**options, **files})
    return accepted(await submitted(request, wanted, wanted.name or original.name), language_of(request), 200)


async def _uploaded(request: Request, service: Service) -> Given:
    announced = request.headers.get("content-length", "")
    length = int(announced) if announced.isdigit() else None
    kind = request.headers.get("content-type", "")
    async with aclosing(service.allowance.metered(payer_of(request), length, request.stream())) as stream:
        form = await read_form(stream, kind, length, service.settings, FILE_FIELDS, FURTHER)
    try:
        if set(form.files) != {"original", "dubbed"}:
            raise BadRequest("error.two_files_needed")
        await run_in_threadpool(_check, form, service)
    except BaseException:
        await asyncio.to_thread(form.discard)
        raise
    names = {p.called: OLDER.get(p.called, (p.called,)) for p in options_of(SyncRequest, "rest")}
    given = {name: next((form.fields[n] for n in called if form.fields.get(n)), None) for name, called in names.items()}
    options = {name: value for name, value in given.items() if value is not None}
    return form.files["original"], form.files["dubbed"], {**options, "also": further(form)}


def further(form: Form) -> tuple[tuple[Stored, ...], ...]:
    """More dubs of a form: each file of the field ``also`` is one, the files of a group (``also.tv``) are the parts of one, in order."""
    dubs: dict[str, list[Stored]] = {}
    for number, (name, file) in enumerate(form.more):
        dubs.setdefault(f"{number}" if name == FURTHER else name, []).append(file)
    return tuple(map(tuple, dubs.values()))


def _check(form: Form, service: Service) -> None:
    for file in form.every:
        try:
            service.engine.probe(file.path)
        except UserError as error:
            tell(error, names_of({str(file.path): file.name}))
            raise


async def _named(request: Request, service: Service) -> Given:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > JSON_LIMIT:
            raise TooLarge("error.body_too_large", limit=JSON_LIMIT, actual=len(body))
    try:
        wanted = SyncBody.model_validate_json(bytes(body))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_context=False)) from error
    owner, host = owner_of_request(request), request.headers.get("host", "")
    find = service.sources.find
    original, dubbed = await asyncio.gather(find(wanted.original, owner, host), find(wanted.dubbed, owner, host))
    also = [
        tuple(await asyncio.gather(*(find(name, owner, host) for name in ([dub] if isinstance(dub, str) else dub))))
        for dub in wanted.also
    ]
    options = wanted.model_dump(exclude={"original", "dubbed", "also"}, exclude_none=True)
    return original, dubbed, {**options, "also": tuple(dub for dub in also if dub)}


@router.post(
    "/api/upload/resumable",
    summary="Begin an upload in pieces",
    response_model=UploadState,
    status_code=201,
    responses=PROBLEMS,
)
def create_upload(body: UploadPlan, request: Request, response: Response) -> UploadState:
    """Begin an upload in pieces: then `PATCH` to the `url` with `Upload-Offset`, until `offset` equals `size`."""
    made = service_of(request).resumable.create(body.name, body.size, owner_of_request(request), payer_of(request))
    response.headers["Location"] = UPLOADS + made.id
    return _state(made, 0)


@router.patch(
    "/api/upload/resumable/{upload_id}",
    summary="Send a piece",
    response_model=UploadState,
    responses=PROBLEMS,
    openapi_extra=_PIECE_SCHEMA,
)
async def append_upload(upload_id: str, request: Request) -> Response:
    """Append the body at `Upload-Offset`; what arrived before a broken connection stays."""
    resumable, owner = service_of(request).resumable, owner_of_request(request)
    text = request.headers.get("upload-offset", "")
    if not text.isdecimal() or not text.isascii():
        raise BadRequest("error.field", field="Upload-Offset", detail="a whole number")
    found = await run_in_threadpool(resumable.find, upload_id, owner)
    try:
        offset = await resumable.append(found, int(text), request.stream())
    except ClientDisconnect:
        return Response(status_code=GONE)
    return JSONResponse(_state(found, offset).model_dump(), headers={"Upload-Offset": str(offset)})


@router.head("/api/upload/resumable/{upload_id}", summary="Ask where an upload goes on", responses=PROBLEMS)
def upload_offset(upload_id: str, request: Request) -> Response:
    """Where the upload continues: `Upload-Offset` and `Upload-Length`."""
    resumable = service_of(request).resumable
    found = resumable.find(upload_id, owner_of_request(request))
    headers = {
        "Upload-Offset": str(resumable.offset(found)),
        "Upload-Length": str(found.size),
        "Cache-Control": "no-store",
    }
    return Response(headers=headers)


@router.delete("/api/upload/resumable/{upload_id}", summary="Give an upload up", status_code=204, responses=PROBLEMS)
def abandon_upload(upload_id: str, request: Request) -> Response:
    """Give an upload up and remove what arrived; not while a task that waits or runs needs it."""
    service = service_of(request)
    found = service.resumable.find(upload_id, owner_of_request(request))
    service.resumable.remove(found, service.jobs.busy_files())
    return Response(status_code=204)


def _state(upload: Announced, offset: int) -> UploadState:
    return UploadState(url=UPLOADS + upload.id, name=upload.name, size=upload.size, offset=offset)
