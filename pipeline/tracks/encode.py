"""Sound out: blocks of samples → one encoded track in Matroska (PyAV), nothing held in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.atomic import writing
from pipeline.compute.coming import made_ready
from pipeline.errors import UnsupportedFormat
from pipeline.media.samples import Samples, channel_names

Codec = Literal["flac", "eac3", "aac"]
NAMES: dict[str, str] = {"flac": "FLAC", "eac3": "E-AC-3", "aac": "AAC"}
BITS_PER_CHANNEL = {"eac3": 112_000, "aac": 112_000}
"""Bits per second and channel: 5.1 gets 672 kbit/s, over the 640 kbit/s AC-3 is called transparent at; stereo 224."""
LOSSLESS = frozenset({"flac", "alac", "truehd", "mlp", "wavpack", "tta", "ape", "dts"})
SURROUND_AS_BACK = {"5.1(side)": "5.1", "5.0(side)": "5.0", "quad(side)": "quad"}
"""AAC has one name for two channels of surround; given the other, players see six channels without names."""
PIECE, READY = 1 << 16, 8
"""Samples handed to the encoder at once, and how many such pieces wait for it."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How a track is written. ``bits`` (16 or 24) matters to lossless codecs; ``dither`` when samples are not whole
    steps of them."""

    codec: Codec
    rate: int
    layout: str
    bits: int = 16
    dither: bool = True

    @property
    def written_layout(self) -> str:
        return SURROUND_AS_BACK.get(self.layout, self.layout) if self.codec == "aac" else self.layout


def depth_of(codec: str) -> int:
    """Bits worth keeping of a source ``codec``: 24 for what may hold them, 16 for lossy codecs, whose noise lies far
    above."""
    high = codec in LOSSLESS or codec.startswith("pcm_") or codec.startswith("wavpack")
    return 16 if codec in {"pcm_s16le", "pcm_s16be", "pcm_u8", "pcm_mulaw", "pcm_alaw"} or not high else 24


def check(form: AudioFormat) -> None:
    """Whether the codec can hold these channels at this rate; nothing is ever mixed down to fit.

    Raises:
        UnsupportedFormat: it cannot; the message says what can.
    """
    _opened_encoder(form)


def write_audio(blocks: Iterable[Samples], path: Path, form: AudioFormat) -> int:
    """Encode ``blocks`` (channels, n), full scale ±1, as the only track of ``path``; returns the number of samples.

    Raises:
        UnsupportedFormat: the codec cannot hold it.
        DiskFull, Forbidden: the file cannot be written.
    """
    import av

    with writing(path):
        container = av.open(f"file:{path}", "w", format="matroska")
        try:
            return _encode_all(container, blocks, form)
        finally:
            container.close()


def _encode_all(container: Any, blocks: Iterable[Samples], form: AudioFormat) -> int:
    encoder = _opened_encoder(form)
    stream = _stream(container, form)
    position = 0
    # What is encoded next is read and mixed meanwhile.
    with contextlib.closing(made_ready(_frames(blocks, form), lambda: READY, waits=True)) as frames:
        for frame in frames:
            frame.pts, frame.sample_rate = position, form.rate
            position += frame.samples
            container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
    del encoder
    return position


def _frames(blocks: Iterable[Samples], form: AudioFormat) -> Iterator[Any]:
    noise = np.random.default_rng(0)
    for block in blocks:
        for begin in range(0, block.shape[1], PIECE):
            yield _frame(block[:, begin : begin + PIECE], form, noise)


def _stream(container: Any, form: AudioFormat) -> Any:
    from fractions import Fraction

    stream = container.add_stream(form.codec, rate=form.rate, layout=form.written_layout)
    _configure(stream.codec_context, form)
    stream.time_base = Fraction(1, form.rate)
    return stream


def _opened_encoder(form: AudioFormat) -> Any:
    import av
    import av.error

    try:
        context = av.CodecContext.create(form.codec, "w")
        context.sample_rate = form.rate  # type: ignore[attr-defined]
        context.layout = form.written_layout  # type: ignore[attr-defined]
        _configure(context, form)
        context.open()
    except (av.error.FFmpegError, ValueError) as error:
        raise UnsupportedFormat(
            "error.codec_cannot_hold", codec=NAMES.get(form.codec, form.codec), layout=form.layout, rate=form.rate
        ) from error
    return context


def _configure(context: Any, form: AudioFormat) -> None:
    if form.codec == "flac":
        context.format = "s16" if form.bits <= 16 else "s32"
        context.options = {"compression_level": "5"}
        return
    context.format = "fltp"
    context.bit_rate = BITS_PER_CHANNEL[form.codec] * len(channel_names(form.layout))


def _frame(samples: Samples, form: AudioFormat, noise: np.random.Generator) -> Any:
    import av

    if form.codec == "flac":
        values, kind = _quantised(samples, form, noise), "s16" if form.bits <= 16 else "s32"
    else:
        values, kind = samples.astype(np.float32), "flt"
    # Interleaved: with eight planes or more PyAV reads past the end of the frame's list of them.
    packed = np.ascontiguousarray(values.T).reshape(1, -1)
    return av.AudioFrame.from_ndarray(packed, format=kind, layout=form.written_layout)


def _quantised(samples: Samples, form: AudioFormat, noise: np.random.Generator) -> NDArray[Any]:
    """Whole numbers. Triangular dither of ±1 step decouples the rounding error from the sound; digital silence stays
    silent."""
    bits = 16 if form.bits <= 16 else 24
    scaled = samples.astype(np.float64) * (1 << (bits - 1))
    if form.dither and bits == 16:
        triangle = noise.random(samples.shape, np.float32) - noise.random(samples.shape, np.float32)
        scaled += np.where(samples != 0.0, triangle, 0.0)
    limit = 1 << (bits - 1)
    whole = np.clip(np.rint(scaled), -limit, limit - 1)
    return whole.astype(np.int16) if bits == 16 else (whole.astype(np.int64) << 8).astype(np.int32)
