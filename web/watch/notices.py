"""Telling whoever asked for it that a task has ended: a POST to the address that its request names."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline.errors import StudioError
from pipeline.files.notices import post
from pipeline.settings import Settings
from web.jobs.values import Job

PAUSES = (0.0, 5.0, 60.0)
"""Seconds before each try."""
SENDERS = 2
SIGNATURE = "X-Signature-256"
Post = Callable[[str, Mapping[str, Any], Settings, Mapping[str, str]], None]
_log = logging.getLogger(__name__)


class Notices:
    """Sends notices in threads of its own; one that cannot be delivered is logged and given up."""

    def __init__(self, settings: Settings, send: Post = post, pauses: tuple[float, ...] = PAUSES) -> None:
        self._settings, self._send, self._pauses = settings, send, pauses
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="notice")
        self._closed = threading.Event()

    def ended(self, job: Job) -> None:
        """Tells of a finished job where its request asks for it; never waits and never fails."""
        if job.request.notify and not self._closed.is_set():
            self._pool.submit(self._tell, job)

    def close(self) -> None:
        """No more tries."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _tell(self, job: Job) -> None:
        body = notice(job)
        for pause in self._pauses:
            if self._closed.wait(pause):
                return
            try:
                self._send(job.request.notify, body, self._settings, self._signed(body))
                return
            except StudioError as error:
                _log.warning("notice not delivered: %s", error, extra={"job_id": job.id})

    def _signed(self, body: Mapping[str, Any]) -> Mapping[str, str]:
        """Who has the service's key can tell that it was the service that wrote (HMAC, RFC 2104)."""
        if not self._settings.secret_key:
            return {}
        data = json.dumps(body, ensure_ascii=False).encode()
        digest = hmac.new(self._settings.secret_key.encode(), data, hashlib.sha256).hexdigest()
        return {SIGNATURE: f"sha256={digest}"}


def notice(job: Job) -> dict[str, Any]:
    """What is told: which task, how it ended, where its result is."""
    return {
        "task_id": job.id,
        "kind": job.kind,
        "title": job.title,
        "status": job.state,
        "error": (job.error or {}).get("error"),
        "status_url": f"/api/status/{job.id}",
    }
