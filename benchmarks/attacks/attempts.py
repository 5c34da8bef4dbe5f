"""An attempt: what is asked, and how to tell from the answer whether it was refused."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.attacks.place import CANARY, Place

SLOW = 2.0
"""Seconds from which a refusal counts as slow; attempts that are slow by their nature say how long they may take."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``seconds`` until it was there."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0

    def json(self) -> Any:
        """The body as JSON, ``None`` where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. A ``body`` that is not bytes is sent as JSON; a header given as ``None`` is not sent."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str | None] = field(default_factory=dict)


TAKES: Mapping[str, Mapping[str, Any]] = {
    "transcribe": {"media": None, "url": "", "language": "auto", "track": 0, "words": ""},
    "rank_clips": {
        "videos": None, "language": "auto", "min_score": 0.3, "all_clips": False, "aspect": "source", "captions": False, "track": 0,
        "words": "", "tighten": False, "longest_pause": None, "fillers": True, "repeats": True, "punch_in": False, "struck": "[]",
        "restored": "[]", "framing": "follow", "hook": "", "caption_style": "", "brand": "", "platform": "", "frames": "[]", "also": "",
        "quality": "draft",
    },
}  # fmt: skip
"""What the endpoints take, in order: a call with a value missing would be refused for that alone."""


def direct(endpoint: str, **given: Any) -> Request:
    """A call of an endpoint by the route that answers at once."""
    return Request("POST", f"/gradio_api/run/{endpoint}", {"data": list({**TAKES[endpoint], **given}.values())})


Judge = Callable[[Answer, Place], str]
"""Why an answer is no refusal; empty where it is one."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a family."""

    family: str
    name: str
    request: Request | Callable[[Place], Answer]
    judge: Judge
    limit: float = SLOW

    def make(self, place: Place) -> tuple[Answer, str]:
        """The answer and why it is no refusal (empty where it is)."""
        begun = time.monotonic()
        answer = self.request(place) if callable(self.request) else ask(place, self.request)
        seconds = time.monotonic() - begun
        found = Answer(answer.status, answer.headers, answer.body, seconds)
        leak = "gave what is secret" if CANARY.encode() in found.body else ""
        return found, leak or self.judge(found, place)


def ask(place: Place, request: Request) -> Answer:
    """The answer to a request."""
    body, headers = request.body, dict(request.headers)
    if body is not None and not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    try:
        connection.putrequest(request.method, request.path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        got = connection.getresponse()
        return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
    finally:
        connection.close()


def refused(*statuses: int) -> Judge:
    """Refused with one of these statuses (any 4xx where none is named), in our shape of error, without a path of ours."""

    def judge(answer: Answer, place: Place) -> str:
        fits = answer.status in statuses if statuses else 400 <= answer.status < 500
        if not fits:
            return f"answered {answer.status}"
        return said_nothing(answer, place)

    return judge


def said_nothing(answer: Answer, place: Place) -> str:
    """The answer names no folder of ours and holds no trace of the source."""
    told = [
        what for what in (str(place.folder), "Traceback", "site-packages", 'File "') if what.encode() in answer.body
    ]
    return f"told {told[0]}" if told else ""


def no_job(answer: Answer, place: Place) -> str:
    """A direct call of an endpoint that was refused in words, without a result."""
    body = answer.json()
    if not 400 <= answer.status < 500 or not isinstance(body, dict) or not body.get("message") or "data" in body:
        return f"answered {answer.status}"
    return said_nothing(answer, place)
