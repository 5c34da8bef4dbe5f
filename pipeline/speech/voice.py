"""Where somebody speaks: Silero's voice detector over a stream of sound, and the chunks a recogniser hears.

The detector keeps its state from block to block, so memory does not grow with the length of the file. The model file is
found inside the ``faster-whisper`` package without importing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.weights import package_file
from pipeline.errors import ModelUnavailable
from pipeline.settings import keep_quiet
from pipeline.speech.values import LONGEST, RATE, Chunk, ChunkPiece
from pipeline.values import Audio

WINDOW = 512
"""Samples a probability stands for (Silero at 16 kHz)."""
CONTEXT = 64
"""Samples of the window before that the model wants to see again."""
STEP = WINDOW / RATE
FILE = ("faster_whisper", "assets/silero_vad_v6.onnx")


@dataclass(frozen=True, slots=True)
class Hearing:
    """How eagerly voice is taken for speech. Times in seconds.

    ``on``/``off``: probability at which speech begins and ends. A pause of ``pause`` ends an utterance; ``pad`` is kept
    around each; ``shortest`` is the least speech worth listening to; a chunk is at most ``longest``, and may be closed
    at a good pause once it is ``enough`` full. ``gain`` multiplies the samples.
    """

    on: float = 0.5
    off: float = 0.35
    pause: float = 0.25
    pad: float = 0.4
    shortest: float = 0.1
    longest: float = LONGEST - 1.0
    enough: float = 17.0
    gain: float = 1.0


class VoiceDetector:
    """Silero's model with its memory of what came before; one per stream.

    Raises:
        ModelUnavailable: the model file is not installed.
    """

    def __init__(self, session: Any | None = None) -> None:
        self._session = session or load_session()
        self._state = np.zeros((2, 1, 1, 128), np.float32)
        self._context = np.zeros(CONTEXT, np.float32)

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probability of speech in each window of ``samples``, whose length is a multiple of :data:`WINDOW`."""
        if not len(samples):
            return np.zeros(0, np.float32)
        windows = samples.reshape(-1, WINDOW)
        before = np.concatenate([self._context[None], windows[:-1, -CONTEXT:]])
        inputs = {"input": np.concatenate([before, windows], axis=1), "h": self._state[0], "c": self._state[1]}
        probabilities, hidden, cell = self._session.run(None, inputs)
        self._state = np.stack([hidden, cell])
        self._context = windows[-1, -CONTEXT:].copy()
        return np.asarray(probabilities, np.float32).reshape(-1)


class Recalled:
    """A :class:`VoiceDetector` for a stream that another has heard before: gives what that one gave for as long as it lasts."""

    def __init__(self, voice: Sequence[NDArray[np.float32]], beyond: VoiceDetector) -> None:
        self._voice = np.concatenate(voice) if voice else np.zeros(0, np.float32)
        self._beyond = beyond

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probability of speech in each window of ``samples``."""
        count = len(samples) // WINDOW
        known, self._voice = self._voice[:count], self._voice[count:]
        return known if len(known) == count else self._beyond(samples)


def load_session() -> Any:
    """The detector's onnxruntime session, on one thread; it may be shared by many :class:`VoiceDetector`."""
    keep_quiet()
    import onnxruntime

    path = package_file(*FILE)
    if path is None:
        raise ModelUnavailable(name="silero-vad")
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def windows_of(blocks: Iterable[Audio]) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """``(time of the first sample, mono samples at RATE)``, in multiples of :data:`WINDOW`; the end is zero-filled.

    Sound at another rate is resampled; channels are averaged; a gap between two blocks becomes silence.
    """
    rest = np.zeros(0, np.float32)
    time: float | None = None
    for start, samples in _gapless(blocks):
        time = start - len(rest) / RATE
        joined = np.concatenate([rest, samples]) if len(rest) else samples
        whole = len(joined) // WINDOW * WINDOW
        if whole:
            yield time, joined[:whole]
        rest, time = joined[whole:], time + whole / RATE
    if time is not None and len(rest):
        yield time, np.pad(rest, (0, WINDOW - len(rest)))


def _gapless(blocks: Iterable[Audio]) -> Iterator[tuple[float, NDArray[np.float32]]]:
    resampler: Any = None
    origin: float | None = None
    count = 0
    for block in blocks:
        mono = block.samples if block.samples.ndim == 1 else block.samples.mean(axis=0)
        if block.rate != RATE:
            resampler = resampler or _resampler(block.rate)
            mono = resampler.resample_chunk(np.ascontiguousarray(mono, np.float32))
        origin = block.start if origin is None else origin
        missing = round((block.start - origin) * RATE) - count if block.rate == RATE else 0
        while missing > RATE // 100:
            piece = min(missing, RATE * 20)
            yield origin + count / RATE, np.zeros(piece, np.float32)
            count, missing = count + piece, missing - piece
        yield origin + count / RATE, np.nan_to_num(np.asarray(mono, np.float32))
        count += len(mono)
    if resampler is not None and origin is not None:
        yield origin + count / RATE, resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _resampler(rate: int) -> Any:
    import soxr  # type: ignore[import-untyped]

    return soxr.ResampleStream(rate, RATE, 1, dtype="float32")


@dataclass(slots=True)
class Level:
    """How loud a stream is and how much of it is voice: filled while chunks are read. ``voice`` is the probability of speech in
    each window, 450 kB an hour."""

    duration: float = 0.0
    voiced: float = 0.0
    audible: float = 0.0
    peak: float = 0.0
    voice: list[NDArray[np.float32]] = field(default_factory=list)

    AUDIBLE = 10 ** (-50 / 20)

    def add(self, samples: NDArray[np.float32]) -> None:
        """Counts windows of sound; a window is audible over −50 dBFS."""
        loudness = np.sqrt(np.mean(samples.reshape(-1, WINDOW) ** 2, axis=1))
        self.duration += len(samples) / RATE
        self.audible += float(np.count_nonzero(loudness > self.AUDIBLE)) * STEP
        self.peak = max(self.peak, float(np.max(loudness, initial=0.0)))


@dataclass(slots=True)
class _Tape:
    """The sound still needed, with its probabilities; windows are numbered from the beginning of the stream."""

    origin: float = 0.0
    first: int = 0
    samples: list[NDArray[np.float32]] = field(default_factory=list)
    voice: list[float] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.first + len(self.voice)

    def add(self, samples: NDArray[np.float32], voice: NDArray[np.float32]) -> None:
        self.samples.extend(samples.reshape(-1, WINDOW))
        self.voice.extend(voice.tolist())

    def forget(self, before: int) -> None:
        count = max(0, min(before, self.end) - self.first)
        del self.samples[:count], self.voice[:count]
        self.first += count

    def chunk(self, spans: list[tuple[int, int]]) -> Chunk:
        pieces, samples, voice, offset = [], [], [], 0
        for low, high in spans:
            pieces.append(ChunkPiece(offset * STEP, self.origin + low * STEP, (high - low) * STEP))
            samples.extend(self.samples[low - self.first : high - self.first])
            voice.extend(self.voice[low - self.first : high - self.first])
            offset += high - low
        return Chunk(np.concatenate(samples), tuple(pieces), np.asarray(voice, np.float32), STEP)


class _Utterances:
    """Runs of speech from a stream of probabilities, by hysteresis: in window numbers, without padding."""

    def __init__(self, hearing: Hearing) -> None:
        self.hearing = hearing
        self.begun: int | None = None
        self.quiet: int | None = None

    def push(self, number: int, probability: float) -> tuple[int, int] | None:
        """One window; an utterance when it has just ended."""
        if probability >= self.hearing.on:
            self.begun = number if self.begun is None else self.begun
            self.quiet = None
        elif self.begun is not None and (probability < self.hearing.off or self.quiet is not None):
            self.quiet = number if self.quiet is None else self.quiet
            if (number - self.quiet) * STEP >= self.hearing.pause:
                return self.close(number)
        return None

    def close(self, end: int) -> tuple[int, int] | None:
        """The utterance still open, if it is long enough."""
        begun, self.begun = self.begun, None
        end, self.quiet = (end if self.quiet is None else self.quiet), None
        return (begun, end) if begun is not None and (end - begun) * STEP >= self.hearing.shortest else None


def chunks(
    blocks: Iterable[Audio],
    detector: VoiceDetector | Recalled,
    hearing: Hearing | None = None,
    level: Level | None = None,
) -> Iterator[Chunk]:
    """The chunks of ``blocks`` in which somebody speaks, in order; ``level`` is filled on the way.

    Raises:
        ModelUnavailable: the detector's model is missing.
    """
    hearing = hearing or Hearing()
    level = level if level is not None else Level()
    packer = _Packer(hearing)
    for time, samples in windows_of(blocks):
        if packer.tape.end == 0:
            packer.tape.origin = time
        level.add(samples)
        louder = np.clip(samples * hearing.gain, -1.0, 1.0) if hearing.gain != 1.0 else samples
        voice = detector(louder)
        level.voice.append(voice)
        yield from packer.push(louder, voice)
        level.voiced = packer.voiced * STEP
    yield from packer.finish()
    level.voiced = packer.voiced * STEP


class _Packer:
    """Packs utterances into chunks: as full as possible, closed at the longest pause of the later part."""

    def __init__(self, hearing: Hearing) -> None:
        self.hearing = hearing
        self.tape = _Tape()
        self.utterances = _Utterances(hearing)
        self.ready: list[tuple[int, int]] = []
        self.voiced = 0

    def push(self, samples: NDArray[np.float32], voice: NDArray[np.float32]) -> Iterator[Chunk]:
        number = self.tape.end
        self.tape.add(samples, voice)
        for offset, probability in enumerate(voice.tolist()):
            yield from self._take(self.utterances.push(number + offset, probability))
            yield from self._split_endless(number + offset)
        self._forget()

    def finish(self) -> Iterator[Chunk]:
        yield from self._take(self.utterances.close(self.tape.end))
        if self.ready:
            yield self._emit(len(self.ready))

    def _take(self, utterance: tuple[int, int] | None) -> Iterator[Chunk]:
        if utterance is None:
            return
        self.voiced += utterance[1] - utterance[0]
        self.ready.append(utterance)
        while self._length(self._padded(self.ready)) * STEP > self.hearing.longest and len(self.ready) > 1:
            yield self._emit(self._best_cut())

    def _split_endless(self, number: int) -> Iterator[Chunk]:
        """Speech without a pause is cut where the voice is weakest in the last third of a window."""
        begun = self.utterances.begun
        limit = int((self.hearing.longest - 2 * self.hearing.pad) / STEP)
        if begun is None or number - begun < limit:
            return
        low = begun + int(limit * 0.6)
        voice = np.asarray(self.tape.voice[low - self.tape.first : number - self.tape.first])
        smooth = np.convolve(voice, np.ones(5) / 5, mode="same")
        cut = low + int(np.argmin(smooth))
        yield from self._take((begun, cut))
        self.utterances.begun = cut

    def _padded(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """``spans`` with their padding; those that touch become one."""
        pad = round(self.hearing.pad / STEP)
        joined: list[tuple[int, int]] = []
        for low, high in spans:
            low, high = max(self.tape.first, low - pad), min(self.tape.end, high + pad)
            if joined and low <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
            else:
                joined.append((low, high))
        return joined

    @staticmethod
    def _length(spans: list[tuple[int, int]]) -> int:
        return sum(high - low for low, high in spans)

    def _best_cut(self) -> int:
        """How many utterances go into the chunk: up to the longest pause that leaves it full enough."""
        fits = [
            n
            for n in range(1, len(self.ready))
            if self._length(self._padded(self.ready[:n])) * STEP <= self.hearing.longest
        ]
        if not fits:
            return 1
        full = [n for n in fits if self._length(self._padded(self.ready[:n])) * STEP >= self.hearing.enough]
        return max(full or fits[-1:], key=lambda n: (self.ready[n][0] - self.ready[n - 1][1], n))

    def _emit(self, count: int) -> Chunk:
        taken, self.ready = self.ready[:count], self.ready[count:]
        spans = self._padded(taken)
        if self.ready:  # what follows keeps its own beginning
            border = (taken[-1][1] + self.ready[0][0] + 1) // 2
            spans[-1] = (spans[-1][0], max(taken[-1][1], min(spans[-1][1], border)))
        longest = int(LONGEST / STEP)
        if self._length(spans) > longest:
            spans[-1] = (spans[-1][0], spans[-1][1] - (self._length(spans) - longest))
        chunk = self.tape.chunk(spans)
        self.tape.forget(taken[-1][1])
        return chunk

    def _forget(self) -> None:
        """Lets go of sound that no chunk will need."""
        oldest = self.ready[0][0] if self.ready else self.utterances.begun
        needed = self.tape.end if oldest is None else oldest
        self.tape.forget(needed - round(self.hearing.pad / STEP) - 1)
