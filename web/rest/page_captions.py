"""What the page's preview of captions is drawn with: libass for the browser, and the fonts. From here, so nothing leaves the page."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from pipeline import places
from pipeline.captions import fonts
from pipeline.errors import NotFound
from reelify.looks.kits import Kits
from web.guard.visitors import owner_of_request
from web.rest.context import service_of

BASE = "/page/captions/"
RENDERER = {"jassub-worker.js": "text/javascript", "jassub-worker.wasm": "application/wasm"}
KEPT = {"Cache-Control": "private, max-age=86400"}


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(include_in_schema=False)

    @made.get(BASE + "{name}")
    def renderer(name: str) -> FileResponse:
        """A file of the renderer."""
        if name not in RENDERER:
            raise NotFound(name=name[:60])
        return FileResponse(places.brought("assets", "captions", name), media_type=RENDERER[name], headers=KEPT)

    @made.get(BASE + "fonts/{file}")
    def font(file: str) -> FileResponse:
        """A font of the product."""
        found = next((face for face in fonts.ALL if face.file == file), None)
        if found is None:
            raise NotFound(name=file[:60])
        return FileResponse(found.path, media_type="font/ttf", headers=KEPT)

    @made.get(BASE + "kept/{name}")
    def own(name: str, request: Request) -> FileResponse:
        """The font of a look that whoever asks has kept."""
        kit = Kits.of(service_of(request).settings.data_dir, owner_of_request(request)).get(name)
        if kit.font is None:
            raise NotFound(name=name[:60])
        return FileResponse(kit.font, media_type="font/ttf", headers={"Cache-Control": "private, no-cache"})

    return made
