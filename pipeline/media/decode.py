"""Media in: what a file is, and its sound and pictures as streams on the file's own clock (PyAV).

The clock: time zero is the container's zero, so stream start offsets, edit lists and encoder delay are where the container puts
them. Containers with an arbitrary clock (MPEG-TS, MPEG-PS, MP3, anything that starts ten minutes in or later) are counted from their
first timestamp, as players do. Only local files are opened, only by demuxers on a list; playlists and external references are not.
Decoding is streamed: memory does not grow with the length of the file.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import NoAudio, NoVideo
from pipeline.media import card_decoder
from pipeline.media.clock import packets, seek
from pipeline.media.container import audio_tracks, clock_origin, opened, video_stream
from pipeline.media.leaps import LEAP, SampleClock, believed, end_of
from pipeline.values import Audio, Frames, Span

if TYPE_CHECKING:
    import av
    from av.codec.hwaccel import HWAccel
    from av.container import InputContainer

GAP = 0.008
"""Timestamps may wander this far from the sample count before the sound is put back on the clock, seconds.
Matroska rounds to 1 ms and FLV to 1 ms; a frame of sound is 20–32 ms."""
Skipped = Literal["NONKEY", "NONREF", "DEFAULT"]
"""Pictures that a decoder leaves out."""


def load_audio(path: Path | str, **options: Any) -> Audio:
    """All of :func:`audio_blocks` in one piece; for short spans only."""
    blocks = list(audio_blocks(path, **options))
    if not blocks:
        return Audio(np.zeros(0, np.float32), int(options.get("rate", 16000)))
    return Audio(np.concatenate([b.samples for b in blocks], axis=-1), blocks[0].rate, blocks[0].start)


def audio_blocks(
    path: Path | str,
    *,
    rate: int = 16000,
    layout: str = "mono",
    stream: int = 0,
    block: float = 20.0,
    span: Span | None = None,
) -> Iterator[Audio]:
    """The sound of ``path`` in contiguous blocks of ``block`` seconds, from time 0 (or ``span.start``) on the file's clock.

    What the file has no sound for (late start, gaps, damage) is zeros; what overlaps or lies before the start is dropped.
    ``rate`` 0 keeps the source's rate. ``layout`` is ``mono`` (samples of shape (n,)), ``stereo`` or ``source`` (channels, n).

    Raises:
        NoAudio: there is no audio track number ``stream``.
    """
    with opened(path) as container:
        tracks = audio_tracks(container)
        if not 0 <= stream < len(tracks):
            raise NoAudio(name=Path(path).name)
        track = tracks[stream]
        # One thread: frames of sound are so small that handing them to others costs as much as decoding them.
        track.codec_context.thread_count = 1
        target = rate or track.rate or 48000
        start = span.start if span else 0.0
        origin = clock_origin(container)
        _seek(container, track, start, origin)
        clock = SampleClock(target, start, span.end if span else None)
        wanted = track.layout.name if layout == "source" else layout
        cutter = _Blocks(target, start, max(1, round(block * target)), flat=layout == "mono")
        for time, samples in _resampled(container, track, wanted, target):
            for piece in clock.place(time - origin, samples):
                yield from cutter.push(piece)
            if clock.done:
                break
        yield from cutter.push_rest()


def _seek(container: InputContainer, track: Any, start: float, origin: float) -> None:
    if start > 1.0:
        seek(container, start + origin - 0.5, track)


def _resampled(
    container: InputContainer, track: av.AudioStream, layout: str, rate: int
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """(raw time of the first sample, samples (channels, n)) for runs of sound without a gap between."""
    run: _Run | None = None
    for time, frame in believed(_decoded(container, track), end_of(container) + LEAP):
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if run is None or shape != run.shape or abs(time - run.expected) > GAP:
            if run is not None:
                yield from run.rest()
            run = _Run(time, shape, layout, rate)
        yield from run.push(frame)
    if run is not None:
        yield from run.rest()


class _Run:
    """Sound without a gap, converted half a second at a time: a call for each frame of 20 ms costs more than the work in it."""

    def __init__(self, start: float, shape: tuple[Any, ...], layout: str, rate: int) -> None:
        import av

        self.shape = shape
        self._start, self._rate, self._n_in, self._n_out = start, rate, 0, 0
        self._waiting = av.AudioFifo()
        self._layout = layout
        self._graph: Any = None

    @property
    def expected(self) -> float:
        """When the next frame should begin, raw seconds."""
        rate: int = self.shape[2]
        return self._start + self._n_in / rate

    def push(self, frame: Any) -> Iterator[tuple[float, NDArray[np.float32]]]:
        frame.pts = None
        self._n_in += frame.samples
        self._waiting.write(frame)
        if self._waiting.samples * 2 >= self.shape[2]:
            yield from self._converted(self._waiting.read())

    def rest(self) -> Iterator[tuple[float, NDArray[np.float32]]]:
        if self._waiting.samples:
            yield from self._converted(self._waiting.read())
        yield from self._converted(None)

    def _converted(self, frame: Any) -> Iterator[tuple[float, NDArray[np.float32]]]:
        import av.error

        if self._graph is None and frame is None:
            return
        # A pull raises where nothing is ready or left, and for damage that passes for sound, in 17 channels say.
        with contextlib.suppress(EOFError, av.error.FFmpegError):
            self._graph = self._graph or self._converter(frame)
            self._graph.push(frame)
            while True:
                out: Any = self._graph.pull()
                yield self._start + self._n_out / self._rate, _channels(out)
                self._n_out += out.samples

    def _converter(self, frame: Any) -> Any:
        """Like PyAV's own resampler, in the thread that asks: that one starts and ends one thread a core each time, for nothing."""
        from av.filter import Graph

        graph = Graph()
        graph.threads = 1
        known = {"sample_rate": frame.sample_rate, "sample_fmt": frame.format.name, "channel_layout": frame.layout.name}
        wanted = {"sample_rates": self._rate, "sample_fmts": "flt", "channel_layouts": self._layout}
        source, sink = graph.add("abuffer", **_texts(known)), graph.add("abuffersink")
        form = graph.add("aformat", **_texts(wanted))
        source.link_to(form)
        form.link_to(sink)
        graph.configure()
        return graph


def _texts(options: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in options.items()}


def _channels(frame: Any) -> NDArray[np.float32]:
    """(channels, n) from interleaved samples: PyAV 18 reads past its planes with eight of them."""
    samples: NDArray[np.float32] = frame.to_ndarray()
    return np.ascontiguousarray(samples.reshape(-1, frame.layout.nb_channels).T)


def _decoded(container: InputContainer, track: Any, *, strict: bool = False) -> Iterator[Any]:
    """Decoded frames of one stream; packets that do not decode are skipped (raise when ``strict``), an unreadable rest ends
    the stream."""
    import av.error

    found = packets(container, track)
    while True:
        try:
            packet = next(found)
        except (StopIteration, av.error.EOFError):
            return
        except av.error.FFmpegError:
            return
        try:
            yield from packet.decode()
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            if strict:
                raise


class _Blocks:
    """Cuts pieces into blocks of equal length."""

    def __init__(self, rate: int, start: float, size: int, *, flat: bool) -> None:
        self.rate, self.start, self.size, self.flat = rate, round(start * rate), size, flat
        self.pending: list[NDArray[np.float32]] = []
        self.n = 0

    def push(self, piece: NDArray[np.float32]) -> Iterator[Audio]:
        self.pending.append(piece)
        self.n += piece.shape[1]
        while self.n >= self.size:
            yield self._take(self.size)

    def push_rest(self) -> Iterator[Audio]:
        if self.n:
            yield self._take(self.n)

    def _take(self, size: int) -> Audio:
        whole = np.concatenate(self.pending, axis=1) if len(self.pending) > 1 else self.pending[0]
        out, rest = whole[:, :size], whole[:, size:]
        self.pending, self.n = ([rest] if rest.shape[1] else []), rest.shape[1]
        audio = Audio(out[0] if self.flat else out, self.rate, self.start / self.rate)
        self.start += size
        return audio


def video_blocks(
    path: Path | str,
    *,
    width: int,
    height: int,
    fps: float | None = None,
    colour: bool = False,
    keyframes: bool = False,
    sparse: bool = False,
    span: Span | None = None,
    block: int = 64,
    device: str = "cpu",
) -> Iterator[Frames]:
    """Small upright pictures of ``path`` with their times on the file's clock, ``block`` at a time.

    ``width`` × ``height`` is the size after rotation; the picture is scaled to it without regard to its aspect. ``fps`` takes the
    first picture at or after every 1/fps seconds, ``None`` takes all; ``keyframes`` decodes only those (fast, irregular).
    ``sparse`` leaves out pictures that no other is made from (of most films every second one), for looks a few times a second.
    A card ``device`` decodes where it does so rightly and sooner (worth its start for whole films, not for a few seconds).

    Raises:
        NoVideo: there is no moving picture.
    """
    skipped: Skipped = "NONKEY" if keyframes else "NONREF" if sparse else "DEFAULT"
    source, like = functools.partial(_pictures, path, skipped), functools.partial(_like, path, skipped)
    found = card_decoder.pictures(source, span.start if span else 0.0, device, like)
    shrinker = _Shrinker(width, height, colour=colour)
    batch: list[NDArray[np.uint8]] = []
    times: list[float] = []
    for time, frame in _wanted(found, fps, span):
        batch.append(shrinker(frame))
        times.append(time)
        if len(batch) == block:
            yield Frames(np.array(times), np.stack(batch))
            batch, times = [], []
    if batch:
        yield Frames(np.array(times), np.stack(batch))


def _like(path: Path | str, skipped: Skipped) -> str:
    """What films have in common that take their decoder as long."""
    with opened(path) as container:
        track = video_stream(container)
        if track is None:
            return ""
        codec = track.codec_context
        return f"{codec.name} {codec.pix_fmt} {codec.width}x{codec.height} {skipped}"


def _pictures(
    path: Path | str, skipped: Skipped, card: HWAccel | None, start: float
) -> Iterator[tuple[float, av.VideoFrame]]:
    """(time, frame) from somewhat before ``start`` on; raises at the first packet that ``card`` does not decode."""
    with opened(path, card) as container:
        track = video_stream(container)
        if track is None:
            raise NoVideo(name=Path(path).name)
        on_card = track.codec_context.is_hwaccel
        track.thread_type = "AUTO"
        if on_card:
            # Each thread holds pictures of the card, which has 32; it decodes one after the other anyway.
            track.codec_context.thread_count = 1
        track.codec_context.skip_frame = skipped
        if skipped == "NONKEY":
            # Deblocking is a fifth of the work and nothing of it is left at a twelfth of the size.
            track.codec_context.options = {**track.codec_context.options, "skip_loop_filter": "all"}
        origin = clock_origin(container)
        _seek(container, track, start, origin)
        for frame in _decoded(container, track, strict=on_card):
            if frame.time is not None:
                yield frame.time - origin, frame


def _wanted(frames: Iterator[tuple[float, Any]], fps: float | None, span: Span | None) -> Iterator[tuple[float, Any]]:
    start = span.start if span else 0.0
    n_next = None
    last = None
    for time, frame in frames:
        if (last is not None and time <= last) or time < start - 1e-6:
            continue
        if span and time >= span.end:
            return
        if fps:
            position = Fraction((time - start) * fps).limit_denominator(10**6)
            if n_next is not None and position < n_next:
                continue
            n_next = int(position + Fraction(1, 1000)) + 1
        last = time
        yield time, frame


class _Shrinker:
    """Makes pictures small and upright. Its scaler's tables are made once: PyAV makes new ones for each frame that scales itself, which
    takes longer than to scale it."""

    def __init__(self, width: int, height: int, *, colour: bool) -> None:
        from av.video.reformatter import VideoReformatter

        self._width, self._height, self._format = width, height, "rgb24" if colour else "gray"
        self._scaler = VideoReformatter()

    def __call__(self, frame: Any) -> NDArray[np.uint8]:
        turns = round(frame.rotation / 90) % 4
        width, height = (self._height, self._width) if turns % 2 else (self._width, self._height)
        scaled = self._scaler.reformat(frame, width, height, self._format, interpolation="AREA", threads=1)
        picture = np.asarray(scaled.to_ndarray(), np.uint8)
        # PyAV gives counter-clockwise degrees, the direction np.rot90 turns.
        return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture
