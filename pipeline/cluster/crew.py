"""Work given to the workers of a Dask cluster: posted, watched, taken back when somebody stops it, posted again when lost.

Only this module and :mod:`pipeline.cluster.worker` know Dask, and nothing imports them unless ``SCHEDULER_ADDRESS`` is set.
What is posted must bear being done twice: a worker that dies takes its task with it, and another begins it anew.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from distributed import Client, Future, get_client
from distributed.scheduler import KilledWorker

from pipeline.cluster.tasks import Assignment, Outcome, Work
from pipeline.errors import Cancelled, ToolError
from pipeline.messages import Message
from pipeline.progress import Report, Tick
from pipeline.settings import Settings

TICK = 0.25
"""Seconds between two looks at the wish to stop while waiting."""
LOOK = 3.0
"""Seconds for which the list of workers is believed."""
CONNECT = 3.0
"""Seconds to wait for a scheduler before the wish to stop is looked at again."""
MOST_RETURNED = 10
"""How often a task may come back from workers that are being stopped."""
GPU = "GPU"
_log = logging.getLogger(__name__)


class SchedulerLink(Protocol):
    """A process's way to the scheduler."""

    def client(self) -> Client:
        """A client that is connected now. Raises OSError while there is none."""


class WorkerLink:
    """The way of a task on a worker: the worker's own."""

    def client(self) -> Client:
        return get_client()


class AddressLink:
    """The way of the page: one client for all threads, made anew when it has lost its scheduler (and with it all it had
    posted)."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._client: Client | None = None

    def client(self) -> Client:
        with self._lock:
            if self._client is not None and self._client.status != "running":
                # It would go on trying for a while; its end must keep nobody waiting.
                threading.Thread(target=self._client.close, args=(CONNECT,), daemon=True).start()
                self._client = None
            if self._client is None:
                self._client = Client(self._address, timeout=CONNECT, set_as_default=False, name="studio")
            return self._client

    def close(self) -> None:
        """Lets go of the scheduler; what is still posted is taken back by it."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close(timeout=CONNECT)


@dataclass(slots=True)
class _Posted:
    """A task under way; ``ready`` is set when its state may have changed."""

    task: Assignment
    gpu: bool
    key: str = ""
    future: Future | None = None
    bound: bool = False
    returned: int = 0
    ready: threading.Event = field(default_factory=threading.Event)
    fraction: float = 0.0
    message: Message = field(default_factory=lambda: Message("progress.waiting_worker"))

    @property
    def status(self) -> str:
        return "cancelled" if self.future is None else str(self.future.status)


class Crew:
    """The workers, whoever they are at the moment. GPU work goes to those that offer the resource ``GPU``, if any does;
    other work goes to the others, if there are others. ``perform`` is what a worker does with a task
    (:func:`pipeline.cluster.worker.perform`), named over the network."""

    def __init__(self, link: SchedulerLink, settings: Settings, perform: Callable[[Assignment], Outcome]) -> None:
        self.link, self._perform = link, perform
        # Whoever watches the network does not learn how to sign in.
        self.settings = replace(settings, secret_key="", users=(), api_tokens=())
        self._topic = f"studio-{uuid.uuid4().hex}"
        self._posted: dict[str, _Posted] = {}
        self._seen: tuple[float, Mapping[str, Any]] = (float("-inf"), {})

    def one(self, work: Work, item: Any, *, report: Report, gpu: bool = False) -> Any:
        """``work(engine, item, report)`` on some worker; ``report`` hears its progress and may stop it by raising.

        Raises:
            StudioError: the work's own. ToolError: the workers that tried it died. Whatever ``report`` raises.
        """
        posted = _Posted(Assignment(work, item, self.settings, self._topic), gpu)
        try:
            return self._result(posted, lambda: report(posted.fraction, posted.message))
        finally:
            self._take_back(posted)

    def each(self, work: Work, items: Iterable[Any], *, tick: Tick, gpu: bool = False) -> Iterator[Any]:
        """``work`` on every item at the same time; values in the order of the items, errors as in :meth:`one`.

        Items are drawn a little ahead of the workers, so that a film need not fit into memory.
        """
        source, under_way = iter(items), deque[_Posted]()
        try:
            while True:
                while len(under_way) < self._ahead() and (item := next(source, None)) is not None:
                    under_way.append(_Posted(Assignment(work, item, self.settings, self._topic), gpu))
                    self._post(under_way[-1])
                if not under_way:
                    return
                value = self._result(under_way[0], tick)
                self._take_back(under_way.popleft())
                yield value
        finally:
            for posted in under_way:
                self._take_back(posted)

    @property
    def offers_gpu(self) -> bool:
        """Whether a worker with a GPU is there now."""
        return bool(self._split(self._workers())[0])

    def _result(self, posted: _Posted, tick: Tick) -> Any:
        """The task's value; posts it where it is not posted, or not any more."""
        while True:
            tick()
            if posted.status == "cancelled" and not self._post(posted):
                posted.message = Message("progress.waiting_cluster")
                posted.ready.wait(TICK)
                continue
            self._move(posted)
            if posted.ready.wait(TICK) or posted.status in ("finished", "error"):
                posted.ready.clear()
                outcome = _outcome(posted)
                if outcome is not None and not self._given_up(posted, outcome):
                    if outcome.error is not None:
                        raise outcome.error
                    return outcome.value

    def _given_up(self, posted: _Posted, outcome: Outcome) -> bool:
        """Whether a worker that was told to end gave the task back; then it is posted again."""
        if not isinstance(outcome.error, Cancelled) or posted.returned >= MOST_RETURNED:
            return False
        posted.returned += 1
        _log.warning("%s came back from its worker, posted again", posted.key)
        self._take_back(posted)
        posted.future = None
        return True

    def _post(self, posted: _Posted) -> bool:
        """Hands a task to the scheduler; ``False`` when that is not possible now."""
        self._posted.pop(posted.key, None)
        posted.key = f"{posted.task.work.__name__}-{uuid.uuid4().hex}"
        try:
            client = self.link.client()
            where = self._where(posted.gpu)
            self._posted[posted.key] = posted
            client.subscribe_topic(self._topic, self._hear)
            posted.future = client.submit(self._perform, posted.task, key=posted.key, **where)
            posted.bound = "resources" in where
            posted.message = Message("progress.waiting_worker")
            posted.future.add_done_callback(lambda _: posted.ready.set())
        except (OSError, RuntimeError, CancelledError):  # no scheduler, or it went away meanwhile
            posted.future = None
            return False
        return True

    def _take_back(self, posted: _Posted) -> None:
        self._posted.pop(posted.key, None)
        if posted.future is not None and posted.status != "cancelled":
            with contextlib.suppress(OSError, RuntimeError, CancelledError, AttributeError):
                posted.future.cancel()

    def _move(self, posted: _Posted) -> None:
        """Frees a task bound to a GPU when the last worker with one has gone, and with it any result it held."""
        if posted.bound and posted.status != "error" and not self.offers_gpu:
            self._take_back(posted)
            self._post(posted)

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        told = event[1]
        posted = self._posted.get(told["key"])
        if posted is not None:
            posted.fraction, posted.message = told["fraction"], pickle.loads(told["message"])
            posted.ready.set()

    def _where(self, gpu: bool) -> dict[str, Any]:
        """Dask's way to say who may do it."""
        cards, others = self._split(self._workers())
        if gpu and cards:
            return {"resources": {GPU: 1}}
        if cards and others:
            return {"workers": others, "allow_other_workers": True}
        return {}

    def _ahead(self) -> int:
        """How many tasks are posted at a time."""
        return 2 * sum(int(w["nthreads"]) for w in self._workers().values()) + 1

    @staticmethod
    def _split(workers: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """Addresses of those with a GPU and of the others."""
        cards = [address for address, facts in workers.items() if facts["resources"].get(GPU, 0) >= 1]
        return cards, [address for address in workers if address not in cards]

    def _workers(self) -> Mapping[str, Any]:
        if not self._seen[1] or time.monotonic() - self._seen[0] > LOOK:
            with contextlib.suppress(OSError, RuntimeError, CancelledError):
                self._seen = (time.monotonic(), self.link.client().scheduler_info()["workers"])
        return self._seen[1]


def _outcome(posted: _Posted) -> Outcome | None:
    """What came back, ``None`` when nothing has (yet, or any more)."""
    if posted.future is None or posted.status not in ("finished", "error"):
        return None
    try:
        outcome: Outcome = posted.future.result(timeout=LOOK)
    except (TimeoutError, CancelledError, OSError):
        return None
    except KilledWorker as error:
        raise ToolError("error.crashed", detail=str(error)) from error
    return outcome
