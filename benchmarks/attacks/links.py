"""Links to results: over, changed, of another file or job, signed with another key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from unittest import mock

from benchmarks.attacks.attempts import Answer, Attempt, Request, ask, refused
from benchmarks.attacks.place import CANARY, Place, settings_of
from web.share import links

CLIP = "clip.mp4"
OUTSIDE = (
    "../../../../secret.txt",
    "../../../private.mp4",
    "/etc/passwd",
    "result.json",
    ".",
    "",
    "a\x00b.mp4",
    "x/../../../../secret.txt",
    "../" * 40 + "etc/passwd",
)
"""Paths that nobody signs; what if they were?"""


def attempts() -> Iterator[Attempt]:
    """All of the family. The first has a link that works, so that the others are refused for what is wrong with them."""
    yield Attempt("links", "a link that is right", _asked(lambda name: name), _given)
    for what, change in CHANGES.items():
        for end in ("", "/file", "/poster"):
            yield Attempt("links", f"{what}{end}", _asked(change, end), refused(404))
    for path in OUTSIDE:
        yield Attempt("links", f"signed: {path[:24]!r}", _asked(lambda name: name, "/file", path), refused(404))
    yield Attempt("links", "over", _asked(lambda name: name, "/file", days=-1.0), refused(404))
    yield Attempt("links", "signed with another key", _asked(lambda name: name, "/file", key="guess"), refused(404))
    for address in (
        "/etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1/",
        "/clips/raw/../x.mp4",
        "/api/files/" + "0" * 32 + "/x.mp4",
    ):
        yield Attempt("links", f"to {address}", Request("POST", "/page/share", {"address": address}), refused(400, 404))


def _part(n: int, text: str) -> Callable[[str], str]:
    def change(name: str) -> str:
        parts = name.split(".")
        parts[n] = text
        return ".".join(parts)

    return change


CHANGES = {
    "another job": _part(0, "f" * 32),
    "later": _part(1, "ffffffff"),
    "another file": _part(2, "c2VjcmV0LmtleQ"),
    "another mark": _part(3, "A" * 43),
    "no mark": _part(3, ""),
    "cut": lambda name: name[:-1],
    "long": lambda name: name * 40,
}


def _asked(
    change: Callable[[str], str], end: str = "/file", path: str = CLIP, days: float = 1.0, key: str = ""
) -> Callable[[Place], Answer]:
    """Asks for a link to ``path`` of a real job, as ``change`` makes it, ``days`` from now with the service's ``key`` or another."""

    def act(place: Place) -> Answer:
        made = ask(place, Request("POST", "/api/upload", {"original": "film.mp4", "dubbed": "film.mp4"}))
        job = str(made.json()["task_id"])
        for _ in range(200):
            if ask(place, Request("GET", f"/api/status/{job}")).json()["status"] == "done":
                break
            time.sleep(0.05)
        for folder in place.folder.glob(f"data/**/{job}"):
            (folder / CLIP).write_bytes(b"film")
            (folder / "result.json").write_text(CANARY)
        settings = replace(settings_of(place.folder), share_days=max(days, 1.0), secret_key=key)
        with mock.patch.object(links, "DAY", links.DAY if days > 0 else -links.DAY):
            name, _ = links.signed(settings, job, path)
        return ask(place, Request("GET", f"/shared/{change(name)}{end}"))

    return act


def _given(answer: Answer, place: Place) -> str:
    return "" if (answer.status, answer.body) == (200, b"film") else f"{answer.status} for a link that is right"
