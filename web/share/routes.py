"""``POST /page/share`` makes a link to a file that the page shows; ``GET /shared/<name>`` is what whoever has it sees."""

from __future__ import annotations

import html
import mimetypes
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import BaseModel, Field

from pipeline.errors import Forbidden, NotFound
from web.jobs import clips
from web.jobs.queue import Job
from web.problems import language_of
from web.rest.context import Service, own_job_of, service_of
from web.share.links import NoLink, Shared, opened, signed

KINDS = ("video/", "audio/")
"""What can be shared: what is watched or heard, and nothing else of a job."""
QUIET = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",  # the address is the key
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_FILE = re.compile(r"/api/files/([0-9a-f]{32})/(.+)")
_PAGE = (
    '<!doctype html><html lang="{lang}" dir="auto"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark"><title>{title}</title><style>body{{margin:0 auto;max-width:60rem;padding:1rem;'
    "font:1rem/1.5 system-ui,sans-serif}}video{{width:100%;max-height:80vh;background:#000}}h1{{font-size:1.25rem}}</style>"
    '<main><h1>{title}</h1><{tag} controls playsinline preload="metadata" src="{base}/file"{poster}></{tag}>{text}'
    '<p><a href="{base}/file" download>{download}</a></p></main></html>'
)


class Wanted(BaseModel):
    """What is to be shared: the address under which the page shows it."""

    address: str = Field(min_length=1, max_length=1000)


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(include_in_schema=False)

    @made.post("/page/share")
    def share(body: Wanted, request: Request) -> dict[str, Any]:
        """A link to a result of whoever asks; 403 where links are off."""
        service = service_of(request)
        if not service.settings.share_days:
            raise Forbidden("error.sharing_off")
        job, path = _named(service, body.address)
        own_job_of(request, job.id)
        name, until = signed(service.settings, job.id, path.relative_to(job.folder.resolve()).as_posix())
        return {"url": f"/shared/{name}", "until": until}

    @made.get("/shared/{name}")
    def page(name: str, request: Request) -> HTMLResponse:
        """The result with its title and what was suggested to post with it."""
        job, path, _ = _found(request, name)
        clip = next((c for c in clips.clips_of(job) if c.get("path") and clips.inside(job, str(c["path"])) == path), {})
        return HTMLResponse(_drawn(job, path, clip, f"/shared/{name}", request), headers=QUIET)

    @made.get("/shared/{name}/file")
    @made.head("/shared/{name}/file")
    def file(name: str, request: Request) -> FileResponse:
        """The file itself; ``Range`` works."""
        _, path, kind = _found(request, name)
        return FileResponse(path, media_type=kind, filename=path.name, content_disposition_type="inline", headers=QUIET)

    @made.get("/shared/{name}/poster")
    def poster(name: str, request: Request) -> FileResponse:
        """A picture of it."""
        _, path, _ = _found(request, name)
        still = path.with_suffix(".jpg")
        if not still.is_file():
            raise NoLink()
        return FileResponse(still, media_type="image/jpeg", headers=QUIET)

    return made


def _named(service: Service, address: str) -> tuple[Job, Path]:
    """The job and the file behind an address that the page shows. Raises NotFound."""
    if match := _FILE.fullmatch(address):
        job = service.jobs.get(match[1])
        path = clips.inside(job, unquote(match[2]))
    else:
        path = service.sources.clip(address).path
        name = clips.CLIP_NAME.fullmatch(address.rpartition("/")[2])
        job = service.jobs.by_slug(name[2] if name else "")
    if job.state != "done" or not _kind(path).startswith(KINDS):
        raise NotFound(name=path.name)
    return job, path


def _found(request: Request, name: str) -> tuple[Job, Path, str]:
    """What a link leads to, as it is now. Raises NoLink."""
    service = service_of(request)
    shared: Shared = opened(service.settings, name)
    try:
        job = service.jobs.get(shared.job)
        path = clips.inside(job, shared.path)
    except NotFound as error:
        raise NoLink() from error
    if job.state != "done" or not _kind(path).startswith(KINDS):
        raise NoLink()
    return job, path, _kind(path)


def _kind(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or ""


def _drawn(job: Job, path: Path, clip: Any, base: str, request: Request) -> str:
    from pipeline.messages import Message, say

    language = language_of(request)
    labels = clip.get("suggested") or clip
    text = "".join(
        f"<p>{html.escape(str(t))}</p>"
        for t in (labels.get("description"), " ".join(f"#{t}" for t in labels.get("tags") or ()))
        if t
    )
    still = f' poster="{base}/poster"' if path.with_suffix(".jpg").is_file() else ""
    title = html.escape(str(labels.get("title") or job.title or path.stem))
    words = html.escape(say(Message("ui.download_clip"), language))
    tag = "video" if _kind(path).startswith("video/") else "audio"
    return _PAGE.format(lang=language, title=title, tag=tag, base=base, poster=still, text=text, download=words)
