"""The ffmpeg that arrives with ``imageio-ffmpeg``, without a shell.

Every process runs in its own group and is gone when the work is cancelled, a time limit passes, an exception flies or
the application itself is killed. Inputs may only be local files in a known container: see :func:`safe_input`.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import os
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from pipeline.errors import DiskFull, FFmpegFailed, NotFound
from pipeline.media.container import DEMUXERS, MAX_PIXELS
from pipeline.media.failures import reason
from pipeline.media.processes import GRACE, process
from pipeline.messages import Message, message
from pipeline.progress import Report, breathe, no_report

TAIL_LINES = 300
TICK = 0.25
"""Seconds between two looks at the person's wish to cancel."""
FULL_DISK = ("No space left on device", "Disk quota exceeded")

INPUTS = (
    f"{DEMUXERS},mpegtsraw,ape,tta,wv,opus,gif,av1,obu,swf,y4m,yuv4mpegpipe,image2pipe,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,"
    "srt,ass,webvtt,vobsub,sup,ffmetadata"
)
"""What the ffmpeg command may read: what we open ourselves, and the pictures, subtitles and notes that we write for it."""


@functools.cache
def executable() -> str:
    """Path of the ffmpeg binary."""
    from imageio_ffmpeg import get_ffmpeg_exe

    return str(get_ffmpeg_exe())


def safe_input(path: Path | str) -> list[str]:
    """Arguments that open a local file and nothing else: no option, pattern or address can hide in its name or content.

    Raises:
        NotFound: there is no such file.
    """
    absolute = os.path.abspath(path)
    if not os.path.isfile(absolute):
        raise NotFound(name=Path(path).name)
    allowed = ["-protocol_whitelist", "file", "-format_whitelist", INPUTS]
    return [*allowed, "-max_pixels", str(MAX_PIXELS), "-i", f"file:{absolute}"]


def safe_output(path: Path | str) -> str:
    """The last argument of a command that writes ``path``, whatever its name looks like."""
    return f"file:{os.path.abspath(path)}"


def run(
    args: Sequence[str],
    *,
    report: Report = no_report,
    duration: float | None = None,
    stage: Message | None = None,
    time_limit: float | None = None,
    cwd: Path | None = None,
) -> str:
    """Run ffmpeg with ``args`` (a list, never a shell line) and return the end of its log.

    ``duration`` is the length of the result in seconds, for the fraction that ``report`` gets several times a second
    with the message ``stage``; an exception from ``report`` ends the process and passes through. ``cwd`` lets filters
    name files of a folder of ours without escaping.

    Raises:
        FFmpegFailed: ffmpeg says no or ``time_limit`` seconds have passed; the message says why where its words are known
            (:mod:`pipeline.media.failures`), ``detail`` is the end of its log.
        DiskFull: no room left for the output.
    """
    command = [executable(), "-hide_banner", "-nostdin", "-y", "-nostats", "-progress", "pipe:1", *args]
    said = stage or message("progress.encoding")
    with process(command, cwd) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        tail = _Tail(child.stderr)
        lines = _lines(child.stdout)
        fraction, deadline = 0.0, _deadline(time_limit)
        while (line := _next_line(lines)) is not None:
            breathe()
            fraction = max(fraction, _fraction(line, duration))
            if line == b"" or line.startswith(b"progress="):
                report(fraction, said)
            if time.monotonic() > deadline:
                raise FFmpegFailed(
                    "error.ffmpeg.time_limit", detail=f"time limit of {time_limit} s passed\n{tail.text()}"
                )
        code = _wait(child, deadline, tail)
    return _judge(code, tail.text(), cwd)


def capture(args: Sequence[str], *, time_limit: float = 600) -> bytes:
    """Standard output of a short command; the same errors as :func:`run`."""
    command = [executable(), "-hide_banner", "-nostdin", "-nostats", *args]
    with process(command) as child:
        assert child.stderr is not None
        tail = _Tail(child.stderr)
        assert child.stdout is not None
        chunks: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(child.stdout, chunks), daemon=True)
        reader.start()
        deadline = time.monotonic() + time_limit
        while reader.is_alive() and time.monotonic() < deadline:
            reader.join(TICK)
            breathe()
        code = _wait(child, time.monotonic() + (0.0 if reader.is_alive() else GRACE), tail)
    _judge(code, tail.text(), None)
    return b"".join(chunks)


@functools.cache
def video_encoder() -> str:
    """``h264_nvenc`` when the machine encodes one real frame with it, else ``libx264``; asked once."""
    picture = ["-loglevel", "error", "-f", "lavfi", "-i", "color=c=gray:s=320x240:r=25:d=0.2", "-pix_fmt", "yuv420p"]
    try:
        run([*picture, "-frames:v", "2", "-c:v", "h264_nvenc", "-f", "null", "-"], time_limit=30)
    except FFmpegFailed:
        return "libx264"
    return "h264_nvenc"


class _Tail:
    """The last lines of a log, read in the background so that the process never waits for us."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in iter(lambda: stream.readline(8192), b""):
                self._lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))

    def text(self) -> str:
        self._thread.join(0.5)
        return "\n".join(list(self._lines))


def _drain(stream: IO[bytes], chunks: list[bytes]) -> None:
    with contextlib.suppress(ValueError, OSError):
        while chunk := stream.read(1 << 16):
            chunks.append(chunk)


def _lines(stream: IO[bytes]) -> queue.Queue[bytes | None]:
    found: queue.Queue[bytes | None] = queue.Queue()

    def read() -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in iter(stream.readline, b""):
                found.put(line)
        found.put(None)

    threading.Thread(target=read, daemon=True).start()
    return found


def _next_line(lines: queue.Queue[bytes | None]) -> bytes | None:
    """The next line, ``b""`` when a tick passes without one, ``None`` at the end."""
    try:
        return lines.get(timeout=TICK)
    except queue.Empty:
        return b""


def _fraction(line: bytes, duration: float | None) -> float:
    key, _, value = line.partition(b"=")
    if not duration or key != b"out_time_us":
        return 0.0
    try:
        return min(1.0, max(0.0, int(value) / 1e6 / duration))
    except ValueError:  # "N/A" before the first packet
        return 0.0


def _deadline(time_limit: float | None) -> float:
    return time.monotonic() + time_limit if time_limit is not None else float("inf")


def _wait(process: subprocess.Popen[bytes], deadline: float, tail: _Tail) -> int:
    left = None if deadline == float("inf") else max(0.0, deadline - time.monotonic())
    try:
        return process.wait(left)
    except subprocess.TimeoutExpired:
        raise FFmpegFailed("error.ffmpeg.time_limit", detail=f"time limit passed\n{tail.text()}") from None


def _judge(code: int, log: str, cwd: Path | None) -> str:
    if code == 0:
        return log
    if any(sign in log for sign in FULL_DISK):
        raise DiskFull(detail=log, needed=0, free=0)
    raise FFmpegFailed(reason(log, code), detail=f"exit {code}\n{log}")
