"""What a device will need next is made ready by a thread of its own while the device works: neither waits for the other."""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

from pipeline.progress import LOOK, breathe

T = TypeVar("T")


def made_ready(items: Iterator[T], room: Callable[[], int], *, waits: bool = False) -> Generator[T, None, None]:
    """``items`` in their order, made by a thread that keeps at most ``room()`` of them waiting and works in the asker's context.

    What ``items`` raises is raised after what came before it; who stops asking stops the thread at its next item, and ``waits`` until it
    has stopped, where ``items`` work with what is then taken away.
    """
    buffer: _Buffer[T] = _Buffer(room)
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(buffer.fill, items), daemon=True, name="coming")
    thread.start()
    try:
        yield from buffer.drained()
    finally:
        buffer.close()
        if waits:
            thread.join()


class _Buffer(Generic[T]):
    """What is made and not yet asked for."""

    def __init__(self, room: Callable[[], int]) -> None:
        self._room = room
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._over = False
        self._error: BaseException | None = None

    def fill(self, items: Iterator[T]) -> None:
        """The thread's whole life."""
        try:
            for item in items:
                with self._changed:
                    while not self._over and len(self._ready) >= self._room():
                        self._changed.wait(LOOK)
                        breathe()
                    if self._over:
                        return
                    self._ready.append(item)
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - raised again where it is asked for
            self._error = error
        finally:
            self.close()

    def drained(self) -> Iterator[T]:
        """Everything in order, waited for."""
        while True:
            with self._changed:
                while not self._ready and not self._over:
                    self._changed.wait(LOOK)
                    breathe()
                if not self._ready:
                    break
                item = self._ready.popleft()
                self._changed.notify_all()
            yield item
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Nothing more is made."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
