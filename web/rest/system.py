"""The routes about the service itself: health, machine, media library, metrics."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from pipeline.messages import localise
from web.problems import language_of
from web.rest.context import service_of
from web.rest.models import Health, LibraryPage, LibraryState, Problem, SystemInfo

router = APIRouter(tags=["system"])
PROBLEMS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (400, 403, 404, 422, 424, 429)}
FIGURES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus' text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/api/health", summary="Health", responses={200: {"model": Health}})
async def health(request: Request) -> JSONResponse:
    """`ready`, or `degraded` with the reasons. Never waits for a disk or a model."""
    state = await service_of(request).monitor.state()
    return JSONResponse(localise(state, language_of(request)), headers={"Cache-Control": "no-store"})


@router.get("/api/system-info", summary="Machine and versions", responses={200: {"model": SystemInfo}})
async def system_info(request: Request) -> JSONResponse:
    """CPU, memory, disk, NVIDIA's cards, the device that computes (and why it is no other), models and versions."""
    found = await service_of(request).monitor.system.soon()
    return JSONResponse(localise(found, language_of(request)))


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response, responses=FIGURES)
def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    return Response(service_of(request).monitor.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/api/media/status", summary="State of the media library", response_model=LibraryState)
async def media_status(request: Request) -> dict[str, Any]:
    """Whether there is a media library, and whether its volume answers."""
    service = service_of(request)
    return await service.aside.volume(service.library.status) | {
        "extensions": list(service_of(request).settings.allowed_extensions)
    }


@router.get(
    "/api/media/list", summary="List a folder of the media library", response_model=LibraryPage, responses=PROBLEMS
)
async def media_list(
    request: Request,
    path: Annotated[str, Query(max_length=4096, description="Relative to the library.")] = "",
    offset: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> JSONResponse:
    """Folders and media files directly below a path of the library, folders first."""
    service = service_of(request)

    def listed() -> JSONResponse:
        page = service.library.page(path, offset=offset, limit=limit)
        shown = [entry.to_json() for entry in page.entries]
        return JSONResponse(
            {
                "path": page.path,
                "folders": [e for e in shown if e["type"] == "folder"],
                "files": [e for e in shown if e["type"] == "file"],
                "total": page.total,
                "offset": page.offset,
            }
        )

    return await service.aside.volume(listed)
