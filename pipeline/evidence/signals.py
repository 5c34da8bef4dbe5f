"""Sound as curves: level, loudness, spectral centre, zero crossings, rises, the band of reactions; pauses and beats. Streamed.

Every curve has a value each :data:`STEP` seconds:

========== ====================================================================================
energy     root mean square, dB below full scale
loudness   K-weighted level, LUFS (ITU-R BS.1770-5 weighting, ungated, up to 8 kHz)
centroid   centre of gravity of the spectrum, Hz
zcr        sign changes per sample, 0 to 1
flux       rise of the log-mel spectrum from frame to frame (onset strength), relative
reaction   level of 300–3000 Hz, where laughter, applause and shouts have their energy, dB
========== ====================================================================================
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.device import sparing
from pipeline.progress import breathe
from pipeline.values import Audio, Curve, Resumable, Span, runs

if TYPE_CHECKING:
    import torch

RATE = 16000
HOP = 320
FRAME = 512
STEP = 0.5
FRAME_TIME = HOP / RATE
FRAMES_PER_STEP = round(STEP / FRAME_TIME)
UNIT = FRAMES_PER_STEP * HOP
LOOKAHEAD = FRAME - HOP
FLOOR_DB = -100.0
BEAT_BLOCK = 300.0
REACTION_BAND = (300.0, 3000.0)
LOWEST_HZ = 60.0
"""Below this is hum and handling noise, which would pull the spectral centre down."""
K_WEIGHTING = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
"""ITU-R BS.1770-5, annex 1, tables 1 and 2: numerator and denominator of the two filters at 48 kHz."""
K_OFFSET = -0.691
SILENCE_WINDOW = 60.0
SILENCE_PART = 0.3
"""A pause lies below floor + 0.3 · (loud − floor) of its surroundings."""
SILENCE_RANGE = 50.0
SILENCE_CONTRAST = 9.0
MUTE_DB = -80.0
MIN_SILENCE = 0.12
KEPT = ("rows", "levels", "onsets")
CURVES = ("energy", "loudness", "centroid", "zcr", "flux", "reaction")


@dataclass(frozen=True, slots=True)
class AudioEvidence:
    """What :class:`AudioSignals` found. ``beats`` are times in seconds."""

    curves: tuple[Curve, ...] = ()
    silences: tuple[Span, ...] = ()
    beats: tuple[float, ...] = ()


class AudioSignals:
    """Measures a file block by block: ``feed`` contiguous mono blocks of 16 kHz, then ``finish`` once.

    Memory: some 12 bytes per 20 ms (22 MB for eight hours).
    """

    def __init__(self, device: str = "cpu") -> None:
        import torch

        from pipeline.evidence.sounds import mel_matrix

        # What is small stays on the processor and travels with each block: a card that is full from the start costs no job.
        bins = torch.linspace(0.0, RATE / 2, FRAME // 2 + 1)
        self._window = torch.hann_window(FRAME, periodic=True)
        # One-sided spectrum to mean square (Parseval): inner bins count twice.
        twice = torch.full_like(bins, 2.0)
        twice[0] = twice[-1] = 1.0
        norm = twice / (FRAME * float(self._window.square().sum()))
        band = ((bins >= REACTION_BAND[0]) & (bins <= REACTION_BAND[1])).float()
        audible = (bins >= LOWEST_HZ).float()
        k_weights = torch.from_numpy(k_response(FRAME // 2 + 1))
        self._weights = torch.stack([norm * k_weights, norm * band, norm * audible, norm * audible * bins], dim=1)
        self._mel = torch.from_numpy(mel_matrix())
        self._last_mel = torch.zeros(1, self._mel.shape[1])
        self._device = device
        self._rest = np.zeros(0, np.float32)
        # Small arrays kept between large ones that come and go would pin the heap: 70 MB in two hours.
        self._rows, self._levels, self._onsets = array("f"), array("f"), array("f")
        self._n_samples = 0
        self._start: float | None = None

    def feed(self, audio: Audio) -> None:
        """Takes the next block."""
        self._start = audio.start if self._start is None else self._start
        self._n_samples += len(audio.samples)
        samples = np.concatenate([self._rest, audio.samples])
        n_units = max(0, len(samples) - LOOKAHEAD) // UNIT
        self._rest = samples[n_units * UNIT :]
        if n_units:
            self._keep(samples[: n_units * UNIT + LOOKAHEAD])

    def finish(self, *, music: bool = True) -> AudioEvidence:
        """Curves and pauses of all that was fed; beats too, where there is ``music``."""
        if self._n_samples == 0:
            return AudioEvidence()
        if len(self._rest):
            # The last, incomplete step is continued as its mirror image, so that its level is not watered down.
            n_units = -(-len(self._rest) // UNIT)
            self._keep(np.pad(self._rest, (0, n_units * UNIT + LOOKAHEAD - len(self._rest)), mode="symmetric"))
        start = self._start or 0.0
        rows = np.array(self._rows, np.float32).reshape(-1, len(CURVES))[: -(-self._n_samples // UNIT)]
        n_frames = -(-self._n_samples // HOP)
        beats = find_beats(np.array(self._onsets, np.float32)[:n_frames]) if music else np.zeros(0)
        curves = [Curve(name, np.ascontiguousarray(rows[:, i]), STEP, start) for i, name in enumerate(CURVES)]
        end = start + self._n_samples / RATE
        pauses = find_silences(np.array(self._levels, np.float32)[:n_frames], FRAME_TIME, start)
        silences = tuple(Span(s.start, min(s.end, end)) for s in pauses)
        return AudioEvidence(tuple(curves), silences, tuple(float(b + start) for b in beats))

    def forget(self) -> None:
        """Drops what was measured and goes on: what follows is measured as if everything before were still there."""
        self._rows, self._levels, self._onsets = array("f"), array("f"), array("f")
        self._n_samples = 0

    def state(self) -> Resumable:
        """What was measured since the beginning or :meth:`forget`, and what the next block is measured against."""
        kept = {n: np.array(a, np.float32) for n, a in zip(KEPT, (self._rows, self._levels, self._onsets), strict=True)}
        return {**kept, "n": self._n_samples, "rest": self._rest, "mel": self._last_mel.cpu().numpy()}

    def carry_on(self, state: Resumable) -> None:
        """Takes another's :meth:`state` that begins where this one ends, as if it had been measured here."""
        import torch

        for name, kept in zip(KEPT, (self._rows, self._levels, self._onsets), strict=True):
            kept.frombytes(state[name].tobytes())
        self._start = 0.0 if self._start is None else self._start
        self._n_samples += state["n"]
        self._rest, self._last_mel = state["rest"], torch.from_numpy(state["mel"])

    def _keep(self, samples: NDArray[np.float32]) -> None:
        """Whole steps: ``samples`` is n · UNIT + LOOKAHEAD long."""
        *found, self._last_mel = sparing(self._device, lambda kind: self._measure(samples, kind))
        for kept, values in zip((self._rows, self._levels, self._onsets), found, strict=True):
            kept.frombytes(values.numpy().tobytes())

    def _measure(self, samples: NDArray[np.float32], device: str) -> tuple[torch.Tensor, ...]:
        """The curves' rows, levels and rises of onsets (on the processor), and the last mel spectrum."""
        import torch

        x = torch.from_numpy(np.ascontiguousarray(samples)).to(device)
        frames = x.unfold(0, FRAME, HOP)
        power = torch.fft.rfft(frames * self._window.to(device)).abs().square_()
        loud, band, audible, moment = (power @ self._weights.to(device)).unbind(dim=1)
        pieces = frames[:, :HOP]
        level = pieces.square().mean(dim=1)
        centred = pieces - pieces.mean(dim=1, keepdim=True)
        crossings = (centred[:, 1:] * centred[:, :-1] < 0).float().mean(dim=1)
        # Cube-root-like compression of the mel spectrum; 100 lifts quiet music over the logarithm's knee.
        mel = torch.log1p(100.0 * power.sqrt() @ self._mel.to(device))
        rises = torch.relu(torch.diff(mel, dim=0, prepend=self._last_mel.to(device))).mean(dim=1)

        def steps(values: torch.Tensor) -> torch.Tensor:
            return values.view(-1, FRAMES_PER_STEP).mean(dim=1)

        def decibels(values: torch.Tensor) -> torch.Tensor:
            return 10.0 * torch.log10(values.clamp_min(10 ** (FLOOR_DB / 10)))

        total = steps(audible)
        centroid = torch.where(total > 1e-10, steps(moment) / total.clamp_min(1e-10), torch.zeros_like(total))
        loudness = (decibels(steps(loud)) + K_OFFSET).clamp_min(FLOOR_DB)
        columns = [decibels(steps(level)), loudness, centroid, steps(crossings), steps(rises), decibels(steps(band))]
        found = (torch.stack(columns, dim=1), decibels(level), rises)
        return *(values.float().cpu() for values in found), mel[-1:].clone()


def k_response(n_bins: int) -> NDArray[np.float32]:
    """Power response of the K-weighting at ``n_bins`` frequencies from 0 to 8 kHz, evaluated from its 48 kHz filters."""
    z = np.exp(-1j * np.pi * np.linspace(0.0, RATE / 48000.0, n_bins))
    response = np.ones(n_bins)
    for above, below in K_WEIGHTING:
        response *= np.abs(np.polyval(above[::-1], z) / np.polyval(below[::-1], z)) ** 2
    return response.astype(np.float32)


def find_silences(levels: NDArray[np.float32], step: float, start: float = 0.0) -> list[Span]:
    """Pauses of at least :data:`MIN_SILENCE`: quiet beside their own surroundings, whatever the file's level.

    ``levels`` in dB every ``step`` seconds. A stretch without contrast (a tone, dense music) has no pauses; digital silence is one.
    """
    if not len(levels):
        return []
    size = max(1, round(SILENCE_WINDOW / 2 / step))
    quiet = levels < MUTE_DB
    for low in range(0, len(levels), size):
        # Half a window each side of the piece that is decided.
        around = levels[max(0, low - size // 2) : low + size + size // 2]
        floor, loud = np.percentile(around, [5, 95])
        floor = max(floor, loud - SILENCE_RANGE)
        if loud - floor >= SILENCE_CONTRAST:
            quiet[low : low + size] |= levels[low : low + size] < floor + SILENCE_PART * (loud - floor)
    spans = (Span(float(start + a * step), float(start + b * step)) for a, b in runs(quiet))
    return [s for s in spans if s.duration >= MIN_SILENCE - 1e-9]


def find_beats(strength: NDArray[np.float32]) -> NDArray[np.float64]:
    """Times of beats from onset strength every 20 ms, tracked in blocks of five minutes: tempo may change, memory may not."""
    from librosa import autocorrelate
    from librosa.beat import beat_track
    from librosa.feature import tempo

    found = [np.zeros(0)]
    for low, block in _blocks(strength):
        # One tempo for the block, from its autocorrelation over eight seconds and librosa's prior for tempi.
        repeats = np.maximum(autocorrelate(block, max_size=round(8.0 / FRAME_TIME)), 0.0)
        repeats /= repeats[0]
        bpm = float(tempo(tg=repeats[:, None], sr=RATE, hop_length=HOP)[0])
        _, ticks = beat_track(onset_envelope=block, sr=RATE, hop_length=HOP, bpm=bpm, units="time")
        found.append(np.asarray(ticks, float) + low)
    return np.concatenate(found)


def _blocks(strength: NDArray[np.float32]) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """(time, block) of five minutes each; those too short or without change have no rhythm and are left out."""
    size = round(BEAT_BLOCK / FRAME_TIME)
    for low in range(0, len(strength), size):
        block = strength[low : low + size]
        breathe()
        if len(block) >= 4.0 / FRAME_TIME and float(block.std()) > 1e-6:
            yield low * FRAME_TIME, block
