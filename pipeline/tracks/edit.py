"""A timeline of sounds → one sound track, edited to the sample and streamed: memory is a few blocks, whatever the
length.

Every cut is read from its source, brought to its speed (resampled, or stretched with the pitch kept), faded in and
out over half the crossfade on each side of its edges with equal power, and summed. Positions count samples of the
result, so nothing drifts.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DiskFull, FFmpegFailed, ToolError
from pipeline.media import ffmpeg
from pipeline.media.samples import SampleReader, Samples, bed, channel_names, fitted
from pipeline.messages import message
from pipeline.progress import Report, no_report, part_of
from pipeline.tracks.encode import AudioFormat, write_audio
from pipeline.values import Cut, Span, Timeline

SpeedMethod = Literal["none", "resample", "stretch"]
BLOCK = 1 << 18
"""Samples of the result made at once: 5.5 s at 48 kHz, 6 MB of 5.1."""
RUN_IN = 0.5
"""Seconds of source given to a stretcher or resampler before and after what is used, so that it has settled."""
HEADROOM = 0.5
"""A stretched file may peak higher than its source; it is written at half level and read back at double."""
STRETCH_LEAD = -0.0305
"""Seconds a stretched attack is moved per unit of speed change: the stretcher keeps an attack's place within its
window, not on the line. Measured with clicks at 0.96, 1.001 and 1.04 (±1.2 ms before, ±0.1 ms after taking it into
account)."""
FEED = 1 << 16


class Reader(Protocol):
    """What samples are read from; see :class:`~pipeline.media.samples.SampleReader`."""

    @property
    def rate(self) -> int: ...

    @property
    def layout(self) -> str: ...

    def read(self, start: int, n: int) -> Samples: ...


Through = Callable[[Reader], Reader]


@dataclass(frozen=True, slots=True)
class TrackSource:
    """Where a cut's sound comes from: track ``stream`` of ``path`` times ``gain``; ``bed`` takes the estimate of
    music and effects, ``through`` what makes something else of the samples as they are read."""

    path: Path
    stream: int = 0
    gain: float = 1.0
    bed: bool = False
    layout: str = "stereo"
    through: Through | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """What to make: ``timeline`` of ``sources`` by name, ``span`` of its clock, as ``form``; ``speed`` says how rates
    other than 1 are made. ``work`` is a folder for intermediate files (default: the system's)."""

    timeline: Timeline
    sources: Mapping[str, TrackSource]
    span: Span
    form: AudioFormat
    speed: SpeedMethod = "none"
    work: Path | None = None


_Work = tuple[Path, Report]


class _Supply(Protocol):
    def take(self, n: int) -> Samples: ...


def render_audio(edit: Edit, path: Path, report: Report = no_report) -> int:
    """Write the edit to ``path`` (Matroska, one track); returns the number of samples.

    Raises:
        UnsupportedFormat: the codec cannot hold it.
        DiskFull, Forbidden: it cannot be written.
        FFmpegFailed: stretching failed.
    """
    with contextlib.closing(edited_blocks(edit, report)) as blocks:
        return write_audio(blocks, path, edit.form)


def edited_blocks(edit: Edit, report: Report = no_report) -> Generator[Samples, None, None]:
    """The result in blocks of shape (channels, n)."""
    n_total = round(edit.span.duration * edit.form.rate)
    with tempfile.TemporaryDirectory(prefix="edit-", dir=edit.work) as folder:
        stretching = edit.speed == "stretch"
        strips = _strips(edit, Path(folder), part_of(report, 0.0, 0.7 if stretching else 0.0))
        rest = part_of(report, 0.7 if stretching else 0.0, 1.0)
        n_channels = len(channel_names(edit.form.layout))
        for begin in range(0, n_total, BLOCK):
            n = min(BLOCK, n_total - begin)
            out = np.zeros((n_channels, n), np.float32)
            for strip in strips:
                strip.add_to(out, begin)
            yield out
            rest((begin + n) / n_total, message("progress.editing_audio"))


def _strips(edit: Edit, folder: Path, report: Report) -> list[_Strip]:
    readers: dict[str, Reader] = {}
    strips = []
    cuts = [c for c in edit.timeline.cuts if Span(c.at, c.end).overlap(edit.span) > 0]
    for i, cut in enumerate(cuts):
        source = edit.sources[cut.source]
        if cut.source not in readers:
            plain = SampleReader(source.path, source.stream, edit.form.rate, source.layout)
            readers[cut.source] = source.through(plain) if source.through else plain
        step = part_of(report, i / len(cuts), (i + 1) / len(cuts))
        strips.append(_Strip(edit, cut, readers[cut.source], folder, step))
    return strips


class _Strip:
    """One cut on the result's sample clock, with its fades."""

    def __init__(self, edit: Edit, cut: Cut, reader: Reader, folder: Path, report: Report) -> None:
        rate, offset = edit.form.rate, round(edit.span.start * edit.form.rate)
        self.source, self.layout = edit.sources[cut.source], edit.form.layout
        half = round(edit.timeline.crossfade * rate / 2)
        first, last = round(cut.at * rate) - offset, round(cut.end * rate) - offset
        n_total = round(edit.span.duration * rate)
        # Where the result itself begins or ends inside the cut there is nothing to fade to.
        self.fade_in = half if first > 0 else 0
        self.fade_out = half if last < n_total else 0
        self.begin = max(0, first - self.fade_in)
        self.end = min(n_total, last + self.fade_out)
        self.first, self.last, self.half = first, last, half
        at = (self.begin + offset) / rate
        self.supply = _supply(
            edit, cut, reader, cut.span.start + (at - cut.at) / cut.rate, self.end - self.begin, (folder, report)
        )

    def add_to(self, out: Samples, begin: int) -> None:
        low, high = max(begin, self.begin), min(begin + out.shape[1], self.end)
        if high <= low:
            return
        samples = self.supply.take(high - low)
        if self.source.bed:
            samples = bed(samples, self.source.layout)
        samples = fitted(samples, self.source.layout, self.layout)
        out[:, low - begin : high - begin] += samples * self._gain(low, high)

    def _gain(self, low: int, high: int) -> Samples:
        """Equal power: squares of the gains of both sides of a crossfade sum to one."""
        gain = np.full(high - low, self.source.gain, np.float32)
        place = np.arange(low, high) + 0.5
        if self.fade_in and low < self.first + self.half:
            gain *= _ramp((place - (self.first - self.half)) / (2 * self.half))
        if self.fade_out and high > self.last - self.half:
            gain *= _ramp((self.last + self.half - place) / (2 * self.half))
        return gain


def _ramp(progress: NDArray[np.float64]) -> Samples:
    return np.sin(np.pi / 2 * np.clip(progress, 0.0, 1.0)).astype(np.float32)


def _supply(edit: Edit, cut: Cut, reader: Reader, start: float, n: int, work: _Work) -> _Supply:
    """What gives the cut's samples one after the other, beginning at the source's time ``start``."""
    if edit.speed == "none" or cut.rate == 1.0:
        return _Plain(reader, round(start * reader.rate))
    if edit.speed == "resample":
        return _Resampled(reader, start * reader.rate, cut.rate)
    return _stretched(reader, start, n, cut.rate, work)


class _Plain:
    """Samples as they are."""

    def __init__(self, reader: Reader, position: int) -> None:
        self.reader, self.position = reader, position

    def take(self, n: int) -> Samples:
        samples = self.reader.read(self.position, n)
        self.position += n
        return samples


class _Resampled:
    """``ratio`` samples out for each one in (libsoxr, high quality); sample 0 lies at ``start`` of the source, to
    half a sample."""

    def __init__(self, reader: Reader, start: float, ratio: float) -> None:
        import soxr  # type: ignore[import-untyped]

        self.reader = reader
        self.position = _aligned(start - RUN_IN * reader.rate, start, ratio)
        channels = len(channel_names(reader.layout))
        self.stream = soxr.ResampleStream(reader.rate, reader.rate * ratio, channels, dtype="float32", quality="HQ")
        self.ready: Samples = np.zeros((channels, 0), np.float32)
        self.skip = round((start - self.position) * ratio)

    def take(self, n: int) -> Samples:
        parts, have = [self.ready], self.ready.shape[1]
        while have < n:
            fed = self.reader.read(self.position, FEED)
            self.position += FEED
            made = self.stream.resample_chunk(np.ascontiguousarray(fed.T)).T
            drop = min(self.skip, made.shape[1])
            self.skip -= drop
            parts.append(made[:, drop:])
            have += made.shape[1] - drop
        whole = np.concatenate(parts, axis=1)
        self.ready = whole[:, n:]
        return whole[:, :n]


def _aligned(near: float, start: float, ratio: float) -> int:
    """The sample at or before ``near`` from which ``start`` lies a whole number of resampled samples away, as nearly
    as possible."""
    places = math.floor(near) - np.arange(4096)
    steps = (start - places) * ratio
    return int(places[np.argmin(np.abs(steps - np.rint(steps)))])


def _stretched(reader: Reader, start: float, n: int, ratio: float, work: _Work) -> _Supply:
    """The stretch of source in a file of its own, ``ratio`` times as long at the same pitch (Rubber Band; channels
    stay in phase)."""
    folder, report = work
    begin = math.floor((start - RUN_IN) * reader.rate)
    length = math.ceil(n / ratio + 2 * RUN_IN * reader.rate)
    _check_room(folder, length * len(channel_names(reader.layout)), ratio)
    raw, done = folder / f"{begin}.in.mka", folder / f"{begin}.mka"
    form = AudioFormat("flac", reader.rate, reader.layout, bits=24, dither=False)
    feeding = part_of(report, 0.0, 0.2)
    write_audio(_fed(reader, begin, length, feeding), raw, form)
    filters = f"rubberband=tempo={1 / ratio:.12f}:channels=together"
    coded = ["-c:a", "flac", "-sample_fmt", "s32", "-compression_level", "2", "-f", "matroska"]
    said = message("progress.stretching_audio")
    try:
        ffmpeg.run(
            [*ffmpeg.safe_input(raw), "-map", "0:a:0", "-af", filters, *coded, ffmpeg.safe_output(done)],
            duration=length * ratio / reader.rate, report=part_of(report, 0.2, 1.0), stage=said,
        )  # fmt: skip
    except FFmpegFailed as error:
        if "No such filter" in error.detail:
            raise ToolError("error.no_stretcher", detail=error.detail) from error
        raise
    raw.unlink()
    position = round((start * reader.rate - begin) * ratio + STRETCH_LEAD * (ratio - 1.0) * reader.rate)
    return _Louder(SampleReader(done, 0, reader.rate, reader.layout), position)


def _fed(reader: Reader, begin: int, length: int, report: Report) -> Iterator[Samples]:
    for at in range(0, length, BLOCK):
        n = min(BLOCK, length - at)
        report((at + n) / length, message("progress.stretching_audio"))
        yield reader.read(begin + at, n) * np.float32(HEADROOM)


class _Louder(_Plain):
    def take(self, n: int) -> Samples:
        return super().take(n) * np.float32(1 / HEADROOM)


def _check_room(folder: Path, n_samples: int, ratio: float) -> None:
    """Both intermediate files at once, FLAC at worst as large as plain 24-bit samples."""
    needed, free = int(3 * n_samples * (1 + ratio)), shutil.disk_usage(folder).free
    if needed > free:
        raise DiskFull(needed=needed, free=free)
