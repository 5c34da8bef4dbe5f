"""Credentials that are wrong, work of others, doors of Gradio's that are not ours, names of files, and containers that lie."""

from __future__ import annotations

import base64
import struct
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.attacks.attempts import Answer, Attempt, Request, ask, refused
from benchmarks.attacks.place import Place

WRONG = (
    "", "Basic", "Basic ", "Basic ???", "Basic /w==", "Bearer", "Bearer ", "Bearer t-012345678", "Bearer t-01234567890", "Digest x",
    "basic YTpi", "x",
    "Basic " + base64.b64encode(b"ana:").decode(), "Basic " + base64.b64encode(b"ana:correct horse ").decode(), "Bearer robot",
    "Basic " + base64.b64encode(b":correct horse").decode(), "Basic " + base64.b64encode(b"ANA:correct horse").decode(), "Bearer \xe9",
)  # fmt: skip
PROTECTED = (
    "/",
    "/api/tasks",
    "/config",
    "/gradio_api/info",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/examples",
    "/api/media/list",
    "/gradio_api/mcp/",
    "/gradio_api/file=/etc/passwd",
)
TRICKS = (
    "/api/health/../tasks",
    "/api//tasks",
    "//api/tasks",
    "/API/tasks",
    "/clips/raw/../../api/tasks",
    "/api/tasks;x",
    "/api/tasks%00",
    "/./config",
)
DOORS = (
    "proxy=http://127.0.0.1/", "vibe-edit", "vibe-edit/", "vibe-code", "vibe-starter-queries", "undo-vibe-edit", "process_recording",
    "component_server",
    "component_server/", "dev/reload", "deep_link", "run-history/buckets", "run-history/records", "runs", "token",
    "custom_component/a/client/b/c",
    "profiling/traces", "stream/x", "file/etc/passwd", "nowhere", "upload/", "../config", "%2e%2e/config",
)  # fmt: skip
NAMES = (
    "../../x.mp4", "..\\..\\x.mp4", "/etc/cron.d/x.mp4", "C:\\x.mp4", ".htaccess", "-rf.mp4", "a\x00b.mp4", "a\nb.mp4", "a\rb.mp4",
    "$(id).mp4", "`id`.mp4",
    ";id;.mp4", "a|b.mp4", "a&b.mp4", "<script>.mp4", "a'b\".mp4", "%2e%2e%2fx.mp4", "con.mp4", "x" * 5000 + ".mp4", "ñ" * 300 + ".mp4",
    "\u202egpj.mp4",
    "...", "", " ", "x.mp4.part", ".part", "~root.mp4", "*.mp4", "\\\\host\\share.mp4", "x.mp4/",
)  # fmt: skip


def attempts() -> Iterator[Attempt]:
    """All of these families."""
    for method, path in (
        ("GET", "status/{0}"),
        ("POST", "tasks/{0}/cancel"),
        ("DELETE", "tasks/{0}"),
        ("GET", "download/{0}"),
        ("GET", "files/{0}/x"),
    ):
        yield Attempt("access", f"{method} of another's job", _anothers(method, "/api/" + path), refused(404))
    for value in WRONG:
        for path in PROTECTED[:3]:
            given = {"Authorization": value} if value else {}
            yield Attempt(
                "access", f"{path} with {value[:24]!r}", _locked(Request("GET", path, None, given)), refused(401, 429)
            )
    for path in (*PROTECTED, *TRICKS):
        yield Attempt("access", f"{path} without a name", _locked(Request("GET", path)), refused(401, 404))
    for number in range(30):
        guess = "Basic " + base64.b64encode(f"luis:{number}".encode()).decode()
        yield Attempt(
            "access",
            "a password is guessed",
            _locked(Request("GET", "/api/tasks", None, {"Authorization": guess})),
            refused(401, 429),
        )
    for door in DOORS:
        for method in ("GET", "POST"):
            yield Attempt(
                "access",
                f"{method} {door}",
                Request(method, f"/gradio_api/{door}", {} if method == "POST" else None),
                refused(404, 405),
            )
    for name in NAMES:
        yield Attempt("names", repr(name[:30]), _uploaded(name), _kept_inside)
    for name, data in containers().items():
        yield Attempt("containers", name, _shown_as_page(name, data), _no_page)


def _locked(request: Request) -> Callable[[Place], Answer]:
    return lambda place: ask(place.locked, request)


def _basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def _anothers(method: str, path: str) -> Callable[[Place], Answer]:
    def act(place: Place) -> Answer:
        made = ask(
            place.locked,
            Request(
                "POST", "/api/upload", {"original": "film.mp4", "dubbed": "film.mp4"}, _basic("ana", "correct horse")
            ),
        )
        return ask(
            place.locked,
            Request(method, path.format(made.json()["task_id"]), None, {"Authorization": "Bearer t-0123456789"}),
        )

    return act


def _form(name: str, data: bytes) -> Request:
    mark = uuid.uuid4().hex
    safe = name.replace('"', "%22").encode("utf-8", "replace").replace(b"\r", b"").replace(b"\n", b"")
    head = b"--" + mark.encode() + b'\r\nContent-Disposition: form-data; name="files"; filename="' + safe + b'"\r\n\r\n'
    body = head + data + f"\r\n--{mark}--\r\n".encode()
    return Request("POST", "/gradio_api/upload", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})


def _uploaded(name: str) -> Callable[[Place], Answer]:
    return lambda place: ask(place, _form(name, b"film"))


def _kept_inside(answer: Answer, place: Place) -> str:
    """Stored under a harmless name in a folder of its own, or refused."""
    if 400 <= answer.status < 500:
        return ""
    root, paths = f"{place.folder}/temp/gradio/", answer.json() or []
    harmless = all(
        p.startswith(root) and p.removeprefix(root).count("/") == 1 and ".." not in p and p.isprintable() for p in paths
    )
    return "" if answer.status == 200 and paths and harmless else f"answered {answer.status}"


def containers() -> dict[str, bytes]:
    """Files that want to be more than media: pages, scripts, play lists of other files, archives. By name."""
    other = b"/etc/passwd"
    return {
        "page.html": b"<!doctype html><script>alert(1)</script>", "page.xhtml": b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
        "picture.svg": b"<svg onload='x()'/>",
        "style.css": b"body{}", "script.js": b"alert(1)", "worker.mjs": b"export{}", "feed.xml": b"<?xml version='1.0'?><x/>",
        "page.htm": b"<script>",
        "page.shtml": b"<!--#include file='/etc/passwd'-->", "page.mht": b"MIME-Version: 1.0", "doc.pdf": b"%PDF-1.7",
        "flash.swf": b"FWS", "app.wasm": b"\0asm",
        "list.m3u8": b"#EXTM3U\nfile://" + other, "list.ffconcat": b"ffconcat version 1.0\nfile " + other,
        "stream.sdp": b"v=0\nc=IN IP4 127.0.0.1",
        "manifest.mpd": b"<MPD/>", "a.zip": b"PK\3\4", "a.jar": b"PK\3\4", "a.exe": b"MZ", "noname": b"<script>",
        "video.mp4": struct.pack(">I", 8) + b"ftyp<script>",
        "video.webm": b"\x1aE\xdf\xa3<script>", "sound.mp3": b"ID3<script>", "picture.png": b"\x89PNG<script>",
        "picture.gif": b"GIF89a<script>",
    }  # fmt: skip


def _shown_as_page(name: str, data: bytes) -> Callable[[Place], Answer]:
    """An upload as its own address shows it."""

    def act(place: Place) -> Answer:
        stored: Any = ask(place, _form(name, data)).json()
        return ask(place, Request("GET", f"/gradio_api/file={stored[0]}"))

    return act


def _no_page(answer: Answer, place: Place) -> str:
    """Nothing that a browser would run: a download, or media that may do nothing."""
    kind, headers = answer.headers.get("content-type", ""), answer.headers
    download = headers.get("content-disposition", "").startswith("attachment") and kind == "application/octet-stream"
    media = kind.split("/")[0] in {"audio", "video", "image"} and "svg" not in kind
    locked = headers.get("x-content-type-options") == "nosniff" and "sandbox" in headers.get(
        "content-security-policy", ""
    )
    return "" if answer.status == 200 and (download or media) and locked else f"shown as {kind}"
