"""The evidence of a long film measured in pieces, at the same time and in any place, to the bit what one pass measures.

Sound is read once and handed out: decoding it again from the middle would shift it by parts of a sample. A piece begins at
a multiple of every step anything is measured in, and first measures the two blocks before it, which it forgets again: what
remains of them is the state one pass would have arrived with. Pictures are decoded by whoever measures them, from a
keyframe before the piece; again some blocks come first. Whether they were the very pictures that the piece before ended
with is checked when the pieces are joined; where a film does not decode alike from its middle, it is seen in one pass.
"""

from __future__ import annotations

import functools
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, takewhile, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.device import threads
from pipeline.compute.models import yamnet_classes
from pipeline.evidence import gather, signals, sounds
from pipeline.evidence.gather import BLOCK, HEIGHT, HOP, HOP_LONG, LONG, N_PICTURES, WIDTH, RawEvidence, Sight
from pipeline.media import channels
from pipeline.media.values import MediaInfo
from pipeline.messages import Message
from pipeline.progress import Report
from pipeline.values import Audio, Frames, Resumable, Span

if TYPE_CHECKING:
    from pipeline.compute.device import Device
    from pipeline.evidence.shots import Packets
    from pipeline.settings import Settings

GRID = 120.0
"""Every piece of sound begins at a multiple of this: whole blocks (5 s), steps (0.5 s) and patches (0.48 or 0.96 s)."""
PIECE = 240.0
"""Seconds of a piece; a multiple of :data:`GRID`. Warming up costs a twentieth of it."""
WARM = 2
"""Blocks of sound measured before a piece and forgotten: the second has the shape that all later ones have."""
RUN_UP = 4.0
"""Seconds before a piece from which on a film is decoded: seeking in a transport stream may land a little late."""
FEWEST, LEAST_WARM, MOST_WARM = 4, 2, 4
"""Blocks of pictures that a piece has at least, that it warms up with at least (a look at a doubtful cut begins so much earlier), and
at most."""


@dataclass(frozen=True, slots=True, eq=False)
class SoundPiece:
    """``blocks`` of sound: ``warm`` before the piece, then its own, then ``extra`` that its last patch reaches into.

    ``level`` is the recording's before the first of them; ``done`` how much of the file ends with it.
    """

    blocks: tuple[Audio, ...]
    warm: int
    extra: int
    level: float
    hop: int
    done: float


@dataclass(frozen=True, slots=True, eq=False)
class PicturePiece:
    """``n_blocks`` of pictures (``None``: to the end) after ``warm`` that begin at ``start``; ``first`` is the time from
    which on the next picture is compared there."""

    path: str
    start: float
    warm: int
    n_blocks: int | None
    first: float
    fps: float
    keyframes: bool
    done: float


Piece = SoundPiece | PicturePiece


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A piece's ``states``; of pictures also what was seen in its warm-up and at its end, block by block, and ``entry``,
    the time of the next comparison at its beginning."""

    states: tuple[Resumable, ...]
    head: tuple[bytes, ...] = ()
    tail: tuple[bytes, ...] = ()
    entry: float = 0.0
    whole: bool = True


Spread = Callable[[Iterator[Piece]], Iterator[Measured]]
"""Has every piece measured (:func:`measure`) by somebody; results in the order of the pieces."""


def gather_in_pieces(
    path: Path | str, info: MediaInfo, spread: Spread, report: Report, *, settings: Settings, device: Device,
    piece: float = PIECE,
) -> RawEvidence:  # fmt: skip
    """What :func:`pipeline.evidence.gather.gather` measures, piece by piece.

    Raises:
        Whatever ``spread`` and ``report`` raise.
    """
    packets = gather.packets_of(path) if info.video else None
    thin = gather.sparse_packets(path, info, packets)
    hop = HOP_LONG if info.duration > LONG else HOP
    heard, seen = Ear(info, hop, settings, device), Eye(info, device, thin)
    sounding: Iterator[Piece] = heard.pieces(path, piece) if info.audio else iter(())
    given: deque[Piece] = deque()
    done = {SoundPiece: 0.0, PicturePiece: 0.0}
    report(0.0, Message("progress.evidence"))
    cuts = _cuts(path, info, packets, thin, piece)
    showing = takewhile(lambda _: seen.fits, cuts)
    for measured in spread(_noted(_in_turn(sounding, showing), given)):
        this = given.popleft()
        (heard if isinstance(this, SoundPiece) else seen).take(measured)
        done[type(this)] = this.done
        n = max(1, bool(info.audio) + bool(info.video))
        report(min(1.0, sum(done.values()) / n), Message("progress.evidence"))
    if not seen.fits:
        seen = Eye(info, device, thin)
        for measured in spread(iter([replace(cuts[0], n_blocks=None)])):
            seen.take(measured)
    with threads(1):
        return gather.together(heard.finish(), seen.finish())


def _in_turn(*parts: Iterable[Piece]) -> Iterator[Piece]:
    return (p for p in chain.from_iterable(zip_longest(*parts)) if p is not None)


def _noted(pieces: Iterator[Piece], given: deque[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        given.append(replace(piece, blocks=()) if isinstance(piece, SoundPiece) else piece)
        yield piece


def measure(piece: Piece, settings: Settings, device: Device) -> Measured:
    """Measures one piece, wherever this is."""
    with threads(1):
        return _hear(piece, settings, device) if isinstance(piece, SoundPiece) else _see(piece, device)


def _hear(piece: SoundPiece, settings: Settings, device: Device) -> Measured:
    signal = signals.AudioSignals(device.kind)
    listener = sounds.SoundListener(
        _network(settings), yamnet_classes(), hop=piece.hop, device=device.kind, level=piece.level
    )
    own = len(piece.blocks) - piece.extra
    for number, block in enumerate(piece.blocks):
        if number == piece.warm and number:
            signal.forget()
            listener.forget()
        if number < own:
            signal.feed(block)
        listener.feed(block)
    # Blocks are whole where another piece follows, and so are the patches that begin in them.
    frames = sum(len(b.samples) for b in piece.blocks[piece.warm : own]) // sounds.STRIDE
    return Measured((signal.state(), listener.state(frames // piece.hop if piece.extra else None)))


@functools.lru_cache(maxsize=1)
def _network(settings: Settings) -> sounds.Network:
    return sounds.load_network(settings)


def _see(piece: PicturePiece, device: Device) -> Measured:
    sight = Sight(piece.fps, device, piece.keyframes, piece.first)
    prints: list[bytes] = []
    entry, wanted = piece.first, None if piece.n_blocks is None else piece.warm + piece.n_blocks
    for block in _blocks(sight, piece):
        sight.feed(block)
        prints.append(_print(block))
        if len(prints) == piece.warm:
            sight.pictures.forget()
            sight.finder.forget()
            entry = sight.pictures.next
        if len(prints) == wanted:
            break
    whole = wanted is None or len(prints) == wanted
    states = (sight.pictures.state(), sight.finder.state())
    return Measured(states, tuple(prints[: piece.warm]), tuple(prints[piece.warm :][-MOST_WARM:]), entry, whole)


def _blocks(sight: Sight, piece: PicturePiece) -> Iterator[Frames]:
    """The pictures from the piece's start on, in blocks that begin there."""
    if not piece.warm:
        yield from sight.blocks(piece.path)
        return
    times, pixels = np.zeros(0), np.zeros((0, HEIGHT, WIDTH, 3), np.uint8)
    for block in sight.blocks(piece.path, Span(max(0.0, piece.start - RUN_UP), float("inf"))):
        wanted = block.times >= piece.start - 1e-6
        times, pixels = np.append(times, block.times[wanted]), np.concatenate([pixels, block.pixels[wanted]])
        while len(times) >= N_PICTURES:
            yield Frames(times[:N_PICTURES], pixels[:N_PICTURES])
            times, pixels = times[N_PICTURES:], pixels[N_PICTURES:]
    if len(times):
        yield Frames(times, pixels)


def _print(block: Frames) -> bytes:
    state = hashlib.blake2b(np.asarray(block.times).tobytes(), digest_size=16)
    state.update(block.pixels.tobytes())
    return state.digest()


class Ear:
    """Hands out the sound of a file and puts together what was measured in it."""

    def __init__(self, info: MediaInfo, hop: int, settings: Settings, device: Device) -> None:
        self._info, self._hop, self._settings, self._device = info, hop, settings, device
        self._signal = signals.AudioSignals(device.kind)
        self._states: list[Resumable] = []
        self._heard = 0.0

    def pieces(self, path: Path | str, length: float) -> Iterator[SoundPiece]:
        """The sound in pieces of ``length`` seconds; the rest belongs to the last."""
        size = round(length / BLOCK)
        recent: list[tuple[float, Audio]] = []
        level, warm = 0.0, 0
        for block in channels.heard(replace(self._info, path=str(path)), rate=signals.RATE, block=BLOCK):
            recent.append((level, block))
            level = sounds.level_after(level, block.samples)
            self._heard = block.end
            # One whole block after a piece shows that there is a next one, and completes the last patch.
            if len(recent) == warm + size + 1 and len(block.samples) == round(BLOCK * signals.RATE):
                yield self._piece(recent, warm, extra=1)
                recent, warm = recent[-1 - WARM :], WARM
        if len(recent) > warm:
            yield self._piece(recent, warm, extra=0)

    def _piece(self, recent: list[tuple[float, Audio]], warm: int, extra: int) -> SoundPiece:
        blocks = tuple(block for _, block in recent)
        done = min(1.0, blocks[-1 - extra].end / max(self._info.duration, 1e-3))
        return SoundPiece(blocks, warm, extra, recent[0][0], self._hop, done)

    def take(self, measured: Measured) -> None:
        """The next piece."""
        self._signal.carry_on(measured.states[0])
        self._states.append(measured.states[1])

    def finish(self) -> RawEvidence:
        """What one pass would say of the sound."""
        if not self._states:
            return RawEvidence(self._info.duration)
        listener = sounds.SoundListener(
            _network(self._settings), yamnet_classes(), hop=self._hop, device=self._device.kind
        )
        for state in self._states:
            listener.carry_on(state)
        return gather.sound_evidence(self._info, self._signal, listener.finish(), self._heard)


class Eye:
    """Puts together what was measured in pictures, if the pieces fit."""

    def __init__(self, info: MediaInfo, device: Device, thin: Packets | None) -> None:
        self._info, self._thin = info, thin
        self._sight = Sight(info.video.fps if info.video else 25.0, device, thin is not None)
        self._last: Measured | None = None
        self.fits = True

    def take(self, measured: Measured) -> None:
        """The next piece; it fits when it warmed up on the very pictures that the one before it ended with."""
        before = self._last
        if before is not None and self.fits:
            n = len(measured.head)
            same = before.whole and before.tail[-n:] == measured.head
            self.fits = same and measured.entry == self._sight.pictures.next
        self._last = measured
        self._sight.pictures.carry_on(measured.states[0])
        self._sight.finder.carry_on(measured.states[1])
        self._sight.seen |= bool(measured.tail)

    def finish(self) -> RawEvidence:
        """What one pass would say of the picture."""
        return self._sight.finish(self._info.duration, self._thin)


def _cuts(
    path: Path | str, info: MediaInfo, packets: Packets | None, thin: Packets | None, length: float
) -> list[PicturePiece]:
    """The pictures in pieces of ``length`` seconds or a little more, by what the packets say of their times."""
    if info.video is None or packets is None:
        return []
    times = shown(packets.times[packets.keys] if thin else packets.times)
    starts, entries, compared = _course(times)
    whole = PicturePiece(str(path), 0.0, 0, None, -np.inf, info.video.fps, thin is not None, 1.0)
    found, begun, warm = [], 0, 0
    for b in range(1, len(starts)):
        if b - begun < FEWEST or starts[b] - starts[begun] < length:
            continue
        next_warm = next((w for w in range(LEAST_WARM, MOST_WARM + 1) if any(compared[max(0, b - w) : b])), 0)
        if next_warm and b + 1 < len(starts):
            done = min(1.0, starts[b] / max(info.duration, 1e-3))
            found.append(_part(whole, starts, entries, begun, warm, b - begun, done))
            begun, warm = b, next_warm
    return [*found, _part(whole, starts, entries, begun, warm, None, 1.0)]


def _part(
    whole: PicturePiece, starts: list[float], entries: list[float], begun: int, warm: int, n_blocks: int | None,
    done: float,
) -> PicturePiece:  # fmt: skip
    at = begun - warm
    if not starts:
        return whole
    return replace(whole, start=starts[at], warm=warm, n_blocks=n_blocks, first=entries[at], done=done)


def shown(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The times at which pictures are shown: none before the beginning, none twice."""
    kept = np.unique(times)
    return kept[kept >= -1e-6]


def _course(times: NDArray[np.float64]) -> tuple[list[float], list[float], list[bool]]:
    """For each block: its first time, the time of the next comparison at its beginning, whether a picture is compared."""
    from pipeline.evidence.motion import PictureSignals

    signal = PictureSignals()
    starts, entries, compared = [], [], []
    for low in range(0, len(times), N_PICTURES):
        starts.append(float(times[low]))
        entries.append(float(signal.next))
        compared.append(bool(signal.spaced(times[low : low + N_PICTURES])))
    return starts, entries, compared
