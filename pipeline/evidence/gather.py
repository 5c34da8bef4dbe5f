"""Everything measured in a file without understanding what is said: one pass over its sound, one over its picture.

Both passes run at the same time in two threads (decoding and arithmetic release the interpreter lock). Memory does not grow with
the length of the file beyond a few numbers a second.
"""

from __future__ import annotations

import contextlib
import contextvars
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.compute.coming import made_ready
from pipeline.compute.device import threads
from pipeline.compute.freed import give_back
from pipeline.media.values import MediaInfo
from pipeline.messages import Message
from pipeline.progress import Report, Sides, no_report
from pipeline.values import Audio, Curve, Event, Frames, Shot, Span

if TYPE_CHECKING:
    from pipeline.compute.device import Device
    from pipeline.evidence.shots import Packets
    from pipeline.evidence.signals import AudioSignals
    from pipeline.evidence.sounds import SoundMeter
    from pipeline.settings import Settings

WIDTH, HEIGHT = 96, 54
"""Pictures are looked at this small: enough for cuts and movement, cheap to scale to."""
FULL_DECODE_PIXELS = 4e10
"""Files with more coded pixels than this (24 minutes of 720p30) are judged by their keyframes and packet sizes: decoding all of
it would take longer than everything else together."""
SPARSE_KEYFRAMES = 15.0
"""Keyframes farther apart than this say too little; such a file is decoded whole."""
LONG = 3600.0
HOP, HOP_LONG = 48, 96
"""Distance of the patches sounds are recognised in, frames of 10 ms; over an hour every second patch is enough."""
MUSIC_PART = 0.3
BLOCK, N_PICTURES = 5.0, 24
"""Seconds of sound and pictures handled at once: the arrays in between are fifty times their size."""
TIDIED = 64
"""Blocks of pictures after which freed memory goes back: between what stays of each block it would pile up, 11 MB a minute of film."""
CARD_PICTURES = 512
"""Pictures that a card is given at once: what a call costs there does not depend on their number."""
AHEAD = 2
"""Blocks of pictures that are decoded while one is being measured."""


Heard = Callable[["RawEvidence"], None]
"""Told what is known of the sound of a file before its pictures are."""


@dataclass(frozen=True, slots=True, eq=False)
class RawEvidence:
    """What :func:`gather` measured. All ``curves`` have the same step and start at 0; names and units in
    :mod:`pipeline.evidence.signals` and :mod:`pipeline.evidence.motion`, and ``speech`` and ``music`` (probability).

    ``exact_shots`` is false where boundaries come from keyframes alone.
    """

    duration: float
    curves: tuple[Curve, ...] = ()
    events: tuple[Event, ...] = ()
    shots: tuple[Shot, ...] = ()
    silences: tuple[Span, ...] = ()
    beats: tuple[float, ...] = ()
    has_audio: bool = False
    has_video: bool = False
    exact_shots: bool = True


def gather(
    path: Path | str,
    info: MediaInfo,
    *,
    settings: Settings,
    device: Device,
    report: Report = no_report,
    heard: Heard | None = None,
) -> RawEvidence:
    """Measures sound and picture of ``path``. Damaged parts are passed over; what the file does not have stays empty. ``heard`` is told
    what is known of the sound as soon as it is, while pictures are still looked at.

    Raises:
        Cancelled: ``report`` wants no more.
        ModelUnavailable: the sound model is missing.
    """
    shares = [float(bool(info.audio)), float(info.video is not None)]
    sides = Sides(report, [share / max(1.0, sum(shares)) for share in shares])
    with threads(1), ThreadPoolExecutor(2, thread_name_prefix="sound") as pool, sides:

        def hear() -> RawEvidence:
            sound = _hear(path, info, settings, device, _fractions(sides.part(0)), pool)
            if heard is not None:
                heard(sound)
            return sound

        # In this context, so that what it does without a report can be stopped too.
        listening = pool.submit(contextvars.copy_context().run, hear)
        seen = _see(path, info, device, _fractions(sides.part(1)))
        sound = listening.result()
    return together(sound, seen)


def _fractions(report: Report) -> Callable[[float], None]:
    return lambda fraction: report(fraction, Message("progress.evidence"))


def together(sound: RawEvidence, seen: RawEvidence) -> RawEvidence:
    """The evidence of sound and picture as one."""
    return replace(
        sound,
        curves=sound.curves + seen.curves,
        shots=seen.shots,
        has_video=seen.has_video,
        exact_shots=seen.exact_shots,
    )


def _hear(
    path: Path | str, info: MediaInfo, settings: Settings, device: Device, done: Callable[[float], None], pool: Executor
) -> RawEvidence:
    from pipeline.compute.models import yamnet_classes
    from pipeline.evidence import signals, sounds
    from pipeline.media import channels

    nothing = RawEvidence(info.duration)
    if not info.audio:
        return nothing
    signal = signals.AudioSignals(device.kind)
    hop = HOP_LONG if info.duration > LONG else HOP
    listener = sounds.SoundListener(sounds.load_network(settings), yamnet_classes(), hop=hop, device=device.kind)
    heard = 0.0
    for block in _ahead(channels.heard(replace(info, path=str(path)), rate=signals.RATE, block=BLOCK), pool):
        signal.feed(block)
        listener.feed(block)
        heard = block.end
        done(heard / max(info.duration, heard))
    if heard <= 0.0:
        return nothing
    recognised = listener.finish()
    # The network's memory is given back before the rhythm's library takes its own.
    del listener
    return sound_evidence(info, signal, recognised, heard)


def sound_evidence(info: MediaInfo, signal: AudioSignals, recognised: SoundMeter, heard: float) -> RawEvidence:
    """What :func:`gather` says of the sound, from all that was measured in its ``heard`` seconds."""
    from pipeline.evidence import signals

    n = int(np.ceil(heard / signals.STEP - 1e-6))
    curves = tuple(_on_steps(c, signals.STEP, n) for c in recognised.curves)
    music = next((c for c in curves if c.name == "music"), None)
    measured = signal.finish(music=music is not None and float(np.mean(music.values > 0.5)) > MUSIC_PART)
    return RawEvidence(
        info.duration,
        curves=measured.curves + curves,
        events=recognised.events,
        silences=measured.silences,
        beats=measured.beats,
        has_audio=True,
    )


def _ahead(blocks: Iterator[Audio], pool: Executor) -> Iterator[Audio]:
    """``blocks``, the next of which is decoded while one is being measured."""
    coming = pool.submit(next, blocks, None)
    while (block := coming.result()) is not None:
        coming = pool.submit(next, blocks, None)
        yield block


def _on_steps(curve: Curve, step: float, n: int) -> Curve:
    times = (np.arange(n) + 0.5) * step
    # A patch is a second long and centred half a second after its start.
    own = curve.start + 0.48 + np.arange(len(curve.values)) * curve.step
    return Curve(curve.name, np.interp(times, own, curve.values).astype(np.float32), step)


def _see(path: Path | str, info: MediaInfo, device: Device, done: Callable[[float], None]) -> RawEvidence:
    if info.video is None:
        return RawEvidence(info.duration)
    packets = sparse_packets(path, info)
    sight = Sight(info.video.fps, device, packets is not None)
    blocks = sight.blocks(path, block=CARD_PICTURES if device.is_card else N_PICTURES)
    for block in _reported(made_ready(blocks, lambda: AHEAD), info.duration, done):
        sight.feed(block)
    return sight.finish(info.duration, packets)


def sparse_packets(path: Path | str, info: MediaInfo, known: Packets | None = None) -> Packets | None:
    """The compressed pictures (``known`` already, or read) of a long film whose keyframes suffice; ``None`` for one that
    is decoded whole."""
    packets = (known or packets_of(path)) if _is_long(info) else None
    return None if packets is None or packets.key_distance > SPARSE_KEYFRAMES else packets


class Sight:
    """What is measured in pictures, block by block; from keyframes alone where ``keyframes``."""

    def __init__(self, fps: float, device: Device, keyframes: bool, first: float = -np.inf) -> None:
        from pipeline.evidence import motion, shots

        self.keyframes, self.seen, self._device = keyframes, False, device.kind
        self.pictures = motion.PictureSignals(device.kind, first=first)
        self.finder: shots.KeyframeShots | shots.ShotFinder
        self.finder = shots.KeyframeShots(device.kind) if keyframes else shots.ShotFinder(device.kind, fps or 25.0)

    def blocks(self, path: Path | str, span: Span | None = None, block: int = N_PICTURES) -> Iterator[Frames]:
        """The pictures of ``path``, ``block`` at a time."""
        from pipeline.media import decode

        return decode.video_blocks(
            path, width=WIDTH, height=HEIGHT, block=block, colour=True, keyframes=self.keyframes, span=span,
            device=self._device,
        )  # fmt: skip

    def feed(self, block: Frames) -> None:
        """Takes the next pictures."""
        self.pictures.feed(block)
        self.finder.feed(block)
        self.seen = True

    def finish(self, duration: float, packets: Packets | None) -> RawEvidence:
        """What :func:`gather` says of the picture."""
        from pipeline.evidence import motion, shots

        nothing = RawEvidence(duration)
        if not self.seen:
            return nothing
        curves = self.pictures.finish(duration)
        if packets is not None:
            moved = motion.packet_motion(packets, duration)
            curves = tuple(moved if c.name == "motion" and moved is not None else c for c in curves)
        if isinstance(self.finder, shots.KeyframeShots):
            found = self.finder.finish(duration, packets or shots.Packets())
        else:
            found = self.finder.finish(duration)
        return replace(nothing, curves=curves, shots=tuple(found), has_video=True, exact_shots=not self.keyframes)


def _reported(blocks: Iterator[Frames], duration: float, done: Callable[[float], None]) -> Iterator[Frames]:
    for n, block in enumerate(blocks, 1):
        yield block
        done(float(block.times[-1]) / max(duration, 1e-3))
        if n % TIDIED == 0:
            give_back()


def _is_long(info: MediaInfo) -> bool:
    video = info.video
    return video is not None and info.duration * max(video.fps, 1.0) * video.width * video.height > FULL_DECODE_PIXELS


def packets_of(path: Path | str) -> Packets:
    """Times and sizes of the compressed pictures, without decoding any (two hours in a second or two)."""
    from pipeline.evidence.shots import Packets
    from pipeline.media.clock import packets
    from pipeline.media.container import clock_origin, opened, video_stream

    times, sizes, keys = array("d"), array("d"), array("b")
    with opened(path) as container:
        track = video_stream(container)
        if track is None:
            return Packets()
        origin = clock_origin(container)
        area = max(1, track.width * track.height)
        for packet in _readable(packets(container, track)):
            if packet.size and packet.pts is not None:
                times.append(float(packet.pts * packet.time_base) - origin)
                sizes.append(packet.size * 8.0 / area)
                keys.append(bool(packet.is_keyframe))
    at = np.array(times)
    order = np.argsort(at, kind="stable")
    return Packets(at[order], np.array(sizes)[order], np.array(keys, bool)[order])


def _readable(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets up to the first that cannot be read."""
    import av.error

    with contextlib.suppress(av.error.FFmpegError):
        yield from packets
