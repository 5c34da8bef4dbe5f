"""Kept looks: what somebody wants on all of their clips, by name."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from pipeline.captions.styles import STYLES
from reelify.looks.kits import FILES, Kit, Kits, of_json
from web.guard.security import current_user
from web.rest.context import service_of
from web.rest.models import LookAnswer, LookBody, LookList, Problem

router = APIRouter(tags=["looks"])
PROBLEMS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (400, 403, 404, 415, 422, 429, 500)}


@router.get("/api/v1/looks", summary="List kept looks", response_model=LookList, responses=PROBLEMS)
def looks(request: Request) -> dict[str, Any]:
    """The looks that were kept, and the captions' looks that the service brings."""
    return {
        "looks": [kit.to_json() for kit in _kits(request).all()],
        "caption_styles": {name: style.to_json() for name, style in STYLES.items()},
    }


@router.put("/api/v1/looks/{name}", summary="Keep a look", response_model=LookAnswer, responses=PROBLEMS)
async def keep(name: str, body: LookBody, request: Request) -> dict[str, Any]:
    """Keep a look; one of this name is replaced, its files stay where none are given."""
    service, host = service_of(request), request.headers.get("host", "")
    given = body.model_dump(exclude_none=True)

    def save() -> Kit:
        owner = current_user(request)
        found = {f: service.sources.find_now(given[f], owner, host, probe=False).path for f in FILES if given.get(f)}
        return _kits(request).save(of_json({**given, "name": name}, found), service.engine.probe)

    return answer(await run_in_threadpool(save))


@router.delete("/api/v1/looks/{name}", summary="Forget a look", response_model=LookList, responses=PROBLEMS)
def forget(name: str, request: Request) -> dict[str, Any]:
    """Forget a look and its files. Clips that were made with it stay."""
    _kits(request).remove(name)
    return looks(request)


def answer(kit: Kit) -> dict[str, Any]:
    """A kept look as it is answered."""
    return {"status": "success", "look": kit.to_json()}


def _kits(request: Request) -> Kits:
    return Kits.of(service_of(request).settings.data_dir, current_user(request))
