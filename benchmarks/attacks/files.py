"""Files that nobody gave: paths of this machine, in every field of every door."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from benchmarks.attacks.attempts import Answer, Attempt, Request, ask, direct, no_job, refused
from benchmarks.attacks.place import Place

PATHS = (
    "{0}/private.mp4", "{0}/secret.txt", "{0}/data/secret.key", "{0}/data/jobs.sqlite3", "{0}/library/../private.mp4",
    "{0}/library/link.mp4",
    "../private.mp4", "link.mp4", "film.mp4/../../private.mp4", "./../private.mp4", "..\\private.mp4", "%2e%2e/private.mp4",
    "/proc/self/environ", "/proc/self/cmdline", "/proc/self/fd/0", "/dev/stdin", "/dev/zero", "/etc/passwd", "/etc/hostname", "~/.bashrc",
    "file://{0}/private.mp4", "file:{0}/private.mp4", "FILE:///etc/passwd", "concat:{0}/private.mp4",
    "subfile,,start,0,end,0,,:{0}/private.mp4",
    "data:video/mp4;base64,Q0FOQVJZ", "pipe:0", "fd:0", "film.mp4\u0000.txt", "/gradio_api/file={0}/private.mp4", "{0}/temp/gradio", "",
)  # fmt: skip
"""``{0}`` is the folder of the service."""
WITHOUT_META: tuple[Any, ...] = ({}, {"_type": "other"}, [], "x", None)


def attempts() -> Iterator[Attempt]:
    """All of this family."""
    for n, path in enumerate(PATHS):
        yield from _rest(n, path)
        yield from _page(n, path)
        yield _shown(n, path)
    for field in ("url", "language"):
        for path in PATHS[:12]:
            yield Attempt("files", f"file object in {field}", _deep(path, field), no_job)
    for meta in WITHOUT_META:
        yield Attempt("files", "file object of another make", _other(meta), no_job)
    for tool_field in ("media", "url", "language"):
        for path in PATHS[:6]:
            yield Attempt("files", f"MCP file object in {tool_field}", _tool(path, tool_field), refused(400))


def _rest(n: int, path: str) -> Iterator[Attempt]:
    routes: tuple[tuple[str, Callable[[str], Any]], ...] = (
        ("/api/v1/generate-initial-clips", lambda p: {"video_url": p}),
        ("/api/v1/select-viral-clips", lambda p: {"clips": [{"url": p}]}),
        ("/api/upload", lambda p: {"original": "film.mp4", "dubbed": p}),
    )
    for route, body in routes:

        def act(place: Place, route: str = route, body: Callable[[str], Any] = body) -> Answer:
            return ask(place, Request("POST", route, body(path.format(place.folder))))

        yield Attempt("files", f"REST path {n}", act, refused())


def _page(n: int, path: str) -> Iterator[Attempt]:
    ways: Mapping[str, Callable[[str], Request]] = {
        "as text": lambda p: direct("transcribe", media=p),
        "as file object": lambda p: direct("transcribe", media=_file(p)),
        "as address": lambda p: direct("transcribe", url=p),
        "in a list": lambda p: direct("rank_clips", videos=[_file(p)]),
    }
    for way, made in ways.items():

        def act(place: Place, made: Callable[[str], Request] = made) -> Answer:
            return ask(place, made(path.format(place.folder)))

        yield Attempt("files", f"endpoint, path {n} {way}", act, no_job)


def _shown(n: int, path: str) -> Attempt:
    def act(place: Place) -> Answer:
        return ask(place, Request("GET", "/gradio_api/file=" + quote(path.format(place.folder), safe="/:%")))

    return Attempt("files", f"shown, path {n}", act, refused())


def _file(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def _deep(path: str, field: str) -> Callable[[Place], Answer]:
    def act(place: Place) -> Answer:
        return ask(place, direct("transcribe", **{field: {"deep": [_file(path.format(place.folder))]}}))

    return act


def _other(meta: object) -> Callable[[Place], Answer]:
    return lambda place: ask(place, direct("transcribe", media={"path": f"{place.folder}/private.mp4", "meta": meta}))


def _tool(path: str, field: str) -> Callable[[Place], Answer]:
    def act(place: Place) -> Answer:
        arguments = {field: _file(path.format(place.folder))}
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "transcribe", "arguments": arguments},
        }
        return ask(place, Request("POST", "/gradio_api/mcp/", call, {"Accept": "application/json, text/event-stream"}))

    return act
