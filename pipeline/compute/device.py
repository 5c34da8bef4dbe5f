"""Which device really works, and batches that shrink when its memory does not suffice.

A driver that answers is not a GPU that computes: a wrong architecture, a missing library or a full card only shows in a
real operation, so one is run before a device is named.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from pipeline.compute import cards
from pipeline.errors import OutOfMemory
from pipeline.messages import Message
from pipeline.progress import breathe

T = TypeVar("T")
R = TypeVar("R")
NO_MEMORY = (
    *("out of memory", "not enough memory", "can't allocate memory", "alloc_failed"),
    *("out_of_device_memory", "out_of_host_memory", "out_of_resources", "hiperroroutofmemory"),
    *("cublas_status_not_initialized", "cudnn_status_not_initialized", "cufft_internal_error"),
)
"""Torch's and the systems' words for it, then Intel's and AMD's; the last three are what CUDA's libraries say when they find no room for
their own tables."""
SMALL = 6 * 2**30
"""Cards with less memory than this hold one network at a time. Side by side: contexts of CUDA 0.5 GiB, Whisper large 3.1 and a
batch of it 1.0, a sentence model 0.5 and a batch of it 0.5, arrays of sound and picture 0.4."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that has computed something, ``kind`` torch's name for it (:mod:`pipeline.compute.cards`). ``dtype`` is its fastest
    faithful type: ``float16`` or ``float32`` on a GPU, ``int8`` on the processor; ``memory`` the bytes of the GPU (0 on the
    processor); ``bfloat`` says that bfloat16 is as fast as half precision; ``beside`` names other cards of its family."""

    kind: str
    name: str
    dtype: str
    doubts: tuple[Message, ...] = ()
    memory: int = 0
    bfloat: bool = False
    beside: tuple[str, ...] = ()

    @property
    def is_card(self) -> bool:
        """Whether it is a GPU."""
        return self.kind != "cpu"

    @property
    def small(self) -> bool:
        """Whether it is a GPU whose memory is too small for several networks (see :data:`SMALL`)."""
        return self.is_card and self.memory < SMALL

    @property
    def torch_dtype(self) -> str:
        """The type torch models run in: torch has no ``int8`` inference on the processor worth having."""
        return "float32" if self.dtype == "int8" else self.dtype

    @property
    def torch_dtypes(self) -> tuple[str, ...]:
        """Types for a network that was published in single precision, to be tried in this order until its results are
        finite: half precision keeps most digits, bfloat16 never overflows, single does neither and is slower."""
        if self.torch_dtype == "float32":
            return ("float32",)
        return ("float16", "bfloat16", "float32") if self.bfloat else ("float16", "float32")


def pick(wanted: str = "auto") -> Device:
    """The device to work on: a GPU only where a real operation on it succeeds, ``wanted`` by torch's name or any (``auto``).

    The processor instead carries a doubt that says why; asked for by name (``cpu``) it carries none.
    """
    if wanted == "cpu":
        return _processor()
    if "torch" not in sys.modules and not cards.any_driver():
        return _processor(Message("device.no_gpu"))
    known = tuple(kind for kind in cards.there() if wanted in ("auto", *cards.names(kind)))
    failed: list[Exception] = []
    for kind in known:
        try:
            return _tried(kind, known)
        except (RuntimeError, AssertionError, OSError, TypeError) as error:
            failed.append(error)
    if not failed:
        return _processor(Message("device.no_gpu"))
    return _processor(Message("device.gpu_failed", {"detail": first_line(failed[0])}))


def _tried(kind: str, known: tuple[str, ...]) -> Device:
    cards.compute(kind)
    found = cards.facts(kind)
    beside = tuple(k for k in known if k != kind and cards.family(k) == cards.family(kind))
    return Device(kind, found.name, "float16" if found.half else "float32", (), found.memory, found.bfloat, beside)


def _processor(*doubts: Message) -> Device:
    return Device("cpu", "CPU", "int8", doubts)


def first_line(error: BaseException) -> str:
    """What an error of a library says first, at most 200 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def in_batches(
    items: Iterable[T],
    batch: int,
    work: Callable[[Sequence[T]], Iterable[R]],
    on_cpu: Callable[[Sequence[T]], Iterable[R]] | None = None,
) -> list[R]:
    """``work`` over ``items`` in order, ``batch`` at a time, its results joined.

    When memory does not suffice the batch is halved, and stays so; a single item that does not fit goes to ``on_cpu``
    where that is given.

    Raises:
        OutOfMemory: one item alone does not fit.
    """
    todo = list(items)
    size = max(1, batch)
    done: list[Iterable[R]] = []
    at = 0
    while at < len(todo):
        breathe()
        piece = todo[at : at + size]
        failed = _attempt(work, piece, done)
        if failed is None:
            at += len(piece)
        elif size > 1 and len(piece) > 1:
            size = len(piece) // 2
        else:
            _last_resort(on_cpu, piece, done, failed)
            at += len(piece)
    return list(chain.from_iterable(done))


def sparing(kind: str, work: Callable[[str], R]) -> R:
    """``work(kind)``, and once more on the processor when the GPU's memory does not suffice, not even for the smallest batch, or its
    family lacks an operation.

    For work of a bounded size (a minute of sound, some dozens of pictures), which must change nothing before its last step.
    """
    breathe()
    try:
        return work(kind)
    except (RuntimeError, MemoryError, OutOfMemory) as error:
        if kind == "cpu" or not (isinstance(error, NotImplementedError) or is_out_of_memory(error)):
            raise
    cards.release()
    return work("cpu")


@contextlib.contextmanager
def threads(n: int) -> Iterator[None]:
    """Torch works with ``n`` threads in here: one where arrays are small and passes run side by side, all for a network alone."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Pace:
    """How many threads torch gets for the next of many small steps: all while that is quicker, one otherwise.

    The threads of a step wait for each other some hundred times. Where another process wants the same processor each wait may
    last as long as a whole step done by one thread; when so much time has been lost, all are not tried again for a while,
    longer each time.
    """

    SHORTEST, LONGEST = 4, 1024

    def __init__(self) -> None:
        self.threads = 1
        self._all, self._alone, self._lost = 1, math.inf, 0.0
        self._left, self._rest = 1, self.SHORTEST

    def begin(self, n: int) -> None:
        """Steps of another size follow; ``n`` threads are all."""
        self._all, self._alone, self._lost, self.threads = n, math.inf, 0.0, 1
        self._left = max(self._left, 1)

    def took(self, seconds: float) -> None:
        """What the last step took."""
        if self.threads == 1:
            known = seconds if math.isinf(self._alone) else self._alone
            self._alone = known + (min(seconds, 2 * known) - known) / 4
            self._left -= 1
        else:
            self._lost = max(0.0, self._lost + seconds - self._alone)
            if self._lost > self._alone:
                self._left, self._rest = self._rest, min(2 * self._rest, self.LONGEST)
                self._lost = 0.0
            elif seconds < self._alone:
                self._rest = max(self._rest - 4, self.SHORTEST)
        self.threads = 1 if self._left > 0 else self._all


def _attempt(
    work: Callable[[Sequence[T]], Iterable[R]], piece: Sequence[T], done: list[Iterable[R]]
) -> Exception | None:
    try:
        done.append(list(work(piece)))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        # The error's traceback holds the arrays of the batch that did not fit, and the next one needs their room.
        failed = error.with_traceback(None)
    else:
        return None
    cards.release()
    return failed


def _last_resort(
    on_cpu: Callable[[Sequence[T]], Iterable[R]] | None, piece: Sequence[T], done: list[Iterable[R]], failed: Exception
) -> None:
    error = failed if on_cpu is None else _attempt(on_cpu, piece, done)
    if error is not None:
        raise OutOfMemory(detail=first_line(error)) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch, CTranslate2, Python itself or :func:`in_batches` says that memory did not suffice."""
    if isinstance(error, MemoryError | OutOfMemory):
        return True
    text = str(error).lower()
    return any(sign in text for sign in NO_MEMORY)
