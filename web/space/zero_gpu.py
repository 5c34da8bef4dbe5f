"""ZeroGPU Spaces of Hugging Face: a GPU for the seconds that a decorated function runs, in a process of its own.

There torch only pretends to have a GPU outside such a function, and each visitor has minutes of it a day. So speech
recognition alone asks for the GPU, for a time reckoned from the sound's length; everything else works on the processor,
and where no GPU is granted speech does too. Nothing here is imported where ``SPACES_ZERO_GPU`` is not set.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.compute.device import Device, pick
from pipeline.engine import Engine
from pipeline.errors import StudioError
from pipeline.messages import Message, message
from pipeline.progress import Report
from pipeline.requests import Request
from pipeline.settings import Settings
from pipeline.speech.backends import on_torch
from pipeline.stages import Here
from pipeline.values import Transcript
from web.jobs.kinds import Kinds
from web.jobs.queue import Jobs
from web.jobs.values import Asker, Run, current_job

START = 25.0
"""Seconds on a fresh GPU process before the first word: the process, the libraries, the weights."""
SPEED = 30.0
"""Times real time that the base model is sure to reach there; the larger ones are slower by their parameters."""
SLOWNESS: Mapping[str, float] = {"tiny": 0.6, "base": 1.0, "small": 2.5, "medium": 7.0, "turbo": 3.0, "large": 12.0}
LEAST, MOST = 30, 600
FromGpu = tuple[float, Message] | Transcript | StudioError
"""What comes back from the GPU's process, one after the other: progress, and at last the transcript or an error of ours."""
Schedule = Callable[..., Callable[..., Iterator[FromGpu]]]
"""``spaces.GPU``."""


def gpu_seconds(model: str, duration: float) -> int:
    """GPU seconds to ask for: enough for ``duration`` seconds of sound with a model of this name, rounded up to tens."""
    slow = next((factor for name, factor in SLOWNESS.items() if model.startswith(name)), SLOWNESS["large"])
    wanted = START + duration * slow / SPEED
    return int(min(MOST, max(LEAST, -(-wanted // 10) * 10)))


def hear(
    settings: Settings, path: str, language: str | None, stream: int, duration: float, names: tuple[str, ...] = ()
) -> Iterator[FromGpu]:
    """Transcribe on the GPU, in the process that has it; plain values in, plain values out."""
    from pipeline.speech.transcriber import Transcriber

    said: queue.Queue[FromGpu] = queue.Queue()
    gone = threading.Event()

    def report(fraction: float, what: Message) -> None:
        if gone.is_set():
            raise StudioError
        said.put((fraction, what))

    def work() -> None:
        try:
            device = _whole_gpu()
            one = Transcriber(settings, device)
            said.put(one.transcribe(path, language=language, stream=stream, report=report, names=names))
        except StudioError as error:
            said.put(error)
        except RuntimeError as error:  # CUDA's errors
            said.put(StudioError(detail=str(error)))

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            found = said.get()
            yield found
            if not isinstance(found, tuple):
                return
    finally:
        gone.set()


def _whole_gpu() -> Device:
    return pick("auto")


def seconds_for(
    settings: Settings, path: str, language: str | None, stream: int, duration: float, names: tuple[str, ...] = ()
) -> int:
    """:func:`gpu_seconds` for the arguments of :func:`hear`."""
    return gpu_seconds(settings.whisper_model, duration)


class ZeroEngine(Engine):
    """An engine that listens on a borrowed GPU and does all the rest on the processor.

    ``schedule`` is ``spaces.GPU``; ``refusals`` are the errors by which it says that no GPU is to be had.
    """

    def __init__(self, settings: Settings, schedule: Schedule, refusals: tuple[type[Exception], ...]) -> None:
        here = replace(settings, device="cpu")
        super().__init__(here, Borrowing(here, schedule, refusals))


class Borrowing(Here):
    """This process, listening on a borrowed GPU where one is granted."""

    def __init__(self, settings: Settings, schedule: Schedule, refusals: tuple[type[Exception], ...]) -> None:
        super().__init__(settings)
        self._on_gpu = replace(settings, speech_backend=on_torch().name, device="auto")
        self._borrowed = schedule(hear, duration=seconds_for)
        self._refusals = refusals

    def transcribe(
        self,
        path: Path | str,
        language: str | None,
        stream: int,
        report: Report,
        duration: float,
        names: tuple[str, ...] = (),
    ) -> Transcript:
        """As :meth:`Here.transcribe`; a doubt says where the processor had to do it."""
        report(0.0, message("progress.waiting_gpu"))
        try:
            heard = self._follow(self._borrowed(self._on_gpu, str(path), language, stream, duration, names), report)
        except self._refusals as refusal:
            doubt = message("device.gpu_failed", detail=str(refusal)[:200])
        else:
            if isinstance(heard, Transcript):
                return heard
            if type(heard) is not StudioError:
                raise heard
            doubt = message("device.gpu_failed", detail=str(heard.message.values.get("detail", ""))[:200])
        found = super().transcribe(path, language, stream, report, duration, names)
        return replace(found, doubts=(*found.doubts, doubt))

    @staticmethod
    def _follow(coming: Iterator[FromGpu], report: Report) -> Transcript | StudioError:
        """The end of what the GPU's process says; where ``report`` raises, that process is told to stop."""
        try:
            for found in coming:
                if not isinstance(found, tuple):
                    return found
                report(*found)
        finally:
            if hasattr(coming, "close"):
                coming.close()
        return StudioError(detail="the process ended early")


class VisitorsJobs(Jobs):
    """A queue whose jobs run in the context of the request that submitted them: the GPU is granted to that visitor."""

    def __init__(self, settings: Settings, kinds: Kinds, run: Run) -> None:
        self._contexts: dict[str, contextvars.Context] = {}
        self._submitting = threading.RLock()
        super().__init__(settings, kinds, run)

        def in_context(request: Request, folder: Path, report: Report) -> dict[str, Any]:
            with self._submitting:
                context = self._contexts.pop(folder.name, None)
            if context is None:
                return run(request, folder, report)
            context.run(current_job.set, folder.name)
            return context.run(run, request, folder, report)

        self._run = in_context

    def submit(self, request: Request, asker: Asker, *, title: str = "") -> str:
        """See :meth:`web.jobs.queue.Jobs.submit`."""
        with self._submitting:
            job_id = super().submit(request, asker, title=title)
            self._contexts[job_id] = contextvars.copy_context()
        return job_id
