"""Which sounds are heard when: those of :mod:`pipeline.evidence.sound_events`, music, speech (YAMNet, streamed).

The network answers a 0.96 s patch with 521 AudioSet classes. Under speech a reaction's probability stays in the hundredths, so
nothing here asks for a probability: the logits of a family of classes are averaged over some three seconds and compared with what
speech alone reaches and with the file's own middle. Sustained evidence counts, one odd patch does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.device import sparing
from pipeline.evidence.sound_events import BY_LABEL, EVENTS, Family, SoundEvent
from pipeline.settings import keep_quiet
from pipeline.values import Audio, Curve, Event, Resumable, runs

if TYPE_CHECKING:
    from pipeline.settings import Settings

RATE = 16000
WINDOW, STRIDE, N_FFT = 400, 160, 512
"""25 ms windows every 10 ms: the front end the network was trained with (AudioSet YAMNet)."""
N_BANDS, LOW_HZ, HIGH_HZ, LOG_OFFSET = 64, 125.0, 7500.0, 0.001
PATCH = 96
IN_SCALE, IN_ZERO = 0.047938, 144
OUT_SCALE, OUT_ZERO = 0.756542, 190
"""Quantisation of the 8-bit network: value = (byte − zero) · scale."""
TARGET_LEVEL = 0.05
"""Root mean square a quiet recording is lifted to: the logarithm's offset makes the network deaf to faint sound."""
MAX_GAIN = 30.0


FAMILIES: tuple[tuple[SoundEvent, Family], ...] = tuple(
    (event, family) for event in EVENTS for family in event.families
)
"""A column of logits each."""
SPEECH = ("Speech", "Child speech, kid speaking", "Conversation", "Narration, monologue")
MUSIC = ("Music", "Singing", "Musical instrument")
RIVALS = (
    "Music", "Singing", "Musical instrument", "Animal", "Wild animals", "Domestic animals, pets", "Bird", "Vehicle", "Explosion",
    "Gunshot, gunfire", "Boom", "Sound effect",
)  # fmt: skip
"""What films, games and songs are full of and is taken for a reaction now and then."""
UNDER_RIVAL = 4.0
"""How far under the strongest rival a reaction may be and still count where nobody speaks, logits: under speech a real one is in the
hundredths of a percent, beside music it is not."""
SMOOTH = 2.4
"""Seconds a family's logits are averaged over; five patches at the usual hop."""
ABOVE_MIDDLE = 4.0
"""How far over the file's own median a family must rise, logits: what is heard all the time is no event."""
SURE = -1.5
"""A mean logit that counts whatever the rest of the file is like (an evening of laughter)."""
MIN_LENGTH, JOIN_GAP = 1.4, 1.5


class Network(Protocol):
    """Log-mel patches, uint8 (n, 96, 64), to logits, float32 (n, n_classes)."""

    def __call__(self, patches: NDArray[np.uint8]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class SoundMeter:
    """``events`` in order of start; ``curves`` are ``speech`` and ``music``, probability in [0, 1]."""

    events: tuple[Event, ...] = ()
    curves: tuple[Curve, ...] = ()


def load_network(settings: Settings, threads: int = 1) -> Network:
    """The network, ready to run.

    Raises:
        ModelUnavailable: the weights are missing or damaged.
    """
    keep_quiet()
    import onnxruntime

    from pipeline.compute.models import yamnet_file

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(yamnet_file(settings)), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(patches: NDArray[np.uint8]) -> NDArray[np.float32]:
        # The network takes one patch at a time.
        rows = [session.run(None, {name: patch[None, None]})[0][0] for patch in patches]
        return (np.asarray(rows, np.float32) - OUT_ZERO) * np.float32(OUT_SCALE)

    return run


def mel_matrix() -> NDArray[np.float32]:
    """(N_FFT/2+1, N_BANDS) triangles on the HTK mel scale, 1127·ln(1 + f/700)."""

    def mel(hertz: NDArray[np.float64] | float) -> Any:
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)

    bins = mel(np.linspace(0.0, RATE / 2, N_FFT // 2 + 1))[:, None]
    edges = np.linspace(mel(LOW_HZ), mel(HIGH_HZ), N_BANDS + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0.0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    weights[0] = 0.0
    return np.asarray(weights, np.float32)


class SoundListener:
    """Hears a file block by block: ``feed`` contiguous mono blocks of 16 kHz, then ``finish`` once.

    ``hop`` is the distance of patches in frames of 10 ms; 48 is the network's usual half overlap, 96 costs half.
    """

    def __init__(
        self, network: Network, classes: Sequence[str], *, hop: int = 48, device: str = "cpu", level: float = 0.0
    ) -> None:
        self._network, self._hop = network, hop
        self._families = [_indices(classes, family.classes) for _, family in FAMILIES]
        self._speech, self._music, self._rivals = (_indices(classes, names) for names in (SPEECH, MUSIC, RIVALS))
        self._mel = mel_matrix()
        self._window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
        self._device = device
        self._samples = np.zeros(0, np.float32)
        self._bytes = np.zeros((0, N_BANDS), np.uint8)
        self._rows: list[NDArray[np.float32]] = []
        self._level = level
        self._n_samples, self._n_frames, self._skip = 0, 0, 0
        self._start: float | None = None

    def feed(self, audio: Audio) -> None:
        """Takes the next block."""
        self._start = audio.start if self._start is None else self._start
        lifted = audio.samples * np.float32(self._gain(audio.samples))
        samples = np.concatenate([self._samples, lifted])
        n_frames = 1 + (len(samples) - WINDOW) // STRIDE if len(samples) >= WINDOW else 0
        self._samples = samples[n_frames * STRIDE :]
        self._n_samples, self._n_frames = self._n_samples + len(audio.samples), self._n_frames + n_frames
        if n_frames:
            whole = samples[: (n_frames - 1) * STRIDE + WINDOW]
            frames = sparing(self._device, lambda kind: self._front_end(whole, kind))
            self._bytes = np.concatenate([self._bytes, frames[self._skip :]])
            self._skip = max(0, self._skip - len(frames))
            self._classify()

    def finish(self) -> SoundMeter:
        """Events and curves of all that was heard."""
        if len(self._bytes) or (not self._rows and len(self._samples)):
            self._classify(last=True)
        if not self._rows:
            return SoundMeter()
        rows = np.concatenate(self._rows)
        step, start = self._hop * STRIDE / RATE, self._start or 0.0
        n = len(FAMILIES)
        curves = tuple(
            Curve(name, _probability(rows[:, n + i]), step, start) for i, name in enumerate(("speech", "music"))
        )
        return SoundMeter(tuple(find_events(rows[:, :n], step, start, speech=rows[:, n], rival=rows[:, n + 2])), curves)

    def forget(self) -> None:
        """Drops what was heard and goes on with patches that begin with the next sample fed; call at a multiple of the hop."""
        self._rows, self._bytes = [], self._bytes[:0]
        self._skip = self._n_samples // STRIDE - self._n_frames

    def state(self, n_patches: int | None = None) -> Resumable:
        """What was heard since the beginning or :meth:`forget` (of it ``n_patches``), and what belongs to the next patch."""
        rows = np.concatenate([np.zeros((0, len(FAMILIES) + 3), np.float32), *self._rows])[:n_patches]
        return {"rows": rows, "bytes": self._bytes, "samples": self._samples}

    def carry_on(self, state: Resumable) -> None:
        """Takes another's :meth:`state` that begins where this one ends, as if it had been heard here."""
        self._start = 0.0 if self._start is None else self._start
        self._rows += [state["rows"]] if len(state["rows"]) else []
        self._bytes, self._samples = state["bytes"], state["samples"]

    def _gain(self, samples: NDArray[np.float32]) -> float:
        """Lifts a quiet recording; follows the loudest blocks so that a pause is not blown up."""
        self._level = level_after(self._level, samples)
        return min(MAX_GAIN, max(1.0, TARGET_LEVEL / max(self._level, 1e-6)))

    def _front_end(self, samples: NDArray[np.float32], device: str) -> NDArray[np.uint8]:
        """Patches' rows; on a processor without torch, whose import costs more than a minute of sound."""
        if device == "cpu":
            pieces = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::STRIDE]
            logarithms = np.log(
                np.abs(np.fft.rfft(pieces * self._window, n=N_FFT)) @ self._mel + np.float32(LOG_OFFSET)
            )
            rows: NDArray[np.uint8] = np.clip(np.round(logarithms / np.float32(IN_SCALE)) + IN_ZERO, 0, 255).astype(
                np.uint8
            )
            return rows
        import torch

        frames = torch.from_numpy(samples).to(device).unfold(0, WINDOW, STRIDE)
        spectrum = torch.fft.rfft(frames * torch.from_numpy(self._window).to(device), n=N_FFT).abs()
        logs = torch.log(spectrum @ torch.from_numpy(self._mel).to(device) + LOG_OFFSET)
        quantised = torch.round(logs / IN_SCALE).add_(IN_ZERO).clamp_(0, 255)
        return np.asarray(quantised.to(torch.uint8).cpu().numpy())

    def _classify(self, *, last: bool = False) -> None:
        """Runs what makes whole patches; at the end a rest longer than half a hop is filled up with its last frame."""
        n = max(0, (len(self._bytes) - PATCH) // self._hop + 1)
        patches = [self._bytes[i * self._hop : i * self._hop + PATCH] for i in range(n)]
        self._bytes = self._bytes[n * self._hop :]
        if last and len(self._bytes) > (PATCH // 2 if self._rows or patches else 0):
            patches.append(np.pad(self._bytes, ((0, PATCH - len(self._bytes)), (0, 0)), mode="edge"))
        if patches:
            logits = self._network(np.stack(patches))
            columns = [np.logaddexp.reduce(logits[:, chosen], axis=1) for chosen in self._families]
            columns += [logits[:, chosen].max(axis=1) for chosen in (self._speech, self._music, self._rivals)]
            self._rows.append(np.stack(columns, axis=1).astype(np.float32))


def level_after(level: float, samples: NDArray[np.float32]) -> float:
    """The level a recording is lifted from, after the next block: rises at once, falls slowly."""
    loudness = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    return max(loudness, 0.9 * level)


@dataclass(slots=True)
class _HotRun:
    first: int
    last: int
    peaks: dict[str, float] = field(default_factory=dict)


def find_events(
    logits: NDArray[np.float32], step: float, start: float = 0.0, *,
    speech: NDArray[np.float32] | None = None, rival: NDArray[np.float32] | None = None,
) -> list[Event]:  # fmt: skip
    """Events from the families' ``logits`` (n_patches, n_families), a patch every ``step`` seconds from ``start``.

    ``speech`` and ``rival`` (n_patches,) are the logits of speech and of the strongest of :data:`RIVALS`: where the second is
    stronger, a family must come near it. A score is the logistic of how far the family rose over its threshold: 0.5 at the threshold.
    """
    smooth = _smoothed(logits, max(1, round(SMOOTH / step)))
    floors = np.array([family.floor for _, family in FAMILIES])
    thresholds = np.minimum(np.maximum(floors, np.median(smooth, axis=0) + ABOVE_MIDDLE), SURE)
    excess = smooth - np.minimum(np.maximum(thresholds, _asked(speech, rival, smooth, step)), SURE)
    events = []
    for run in _runs(excess.max(axis=1) > 0.0, max(1, round(JOIN_GAP / step))):
        peaks: dict[str, float] = {}
        for (event, _), peak in zip(FAMILIES, excess[run.first : run.last + 1].max(axis=0), strict=True):
            peaks[event.label] = max(float(peak), peaks.get(event.label, -np.inf))
        low, high = start + run.first * step, start + run.last * step + PATCH * STRIDE / RATE
        score = float(_probability(np.array([max(peaks.values())]))[0])
        if high - low >= MIN_LENGTH:
            events.append(Event(low, high, _label(peaks), score))
    return events


def _asked(
    speech: NDArray[np.float32] | None, rival: NDArray[np.float32] | None, smooth: NDArray[np.float32], step: float
) -> NDArray[np.float32]:
    """The least logit (n_patches, 1) that is believed beside music and effects; none beside speech."""
    nothing = np.full((len(smooth), 1), -np.inf, np.float32)
    if speech is None or rival is None:
        return nothing
    width = max(1, round(SMOOTH / step))
    said, other = (_smoothed(values[:, None], width) for values in (speech, rival))
    return np.where(said < other, other - np.float32(UNDER_RIVAL), nothing)


def _label(peaks: dict[str, float]) -> str:
    """The strongest; a vague one says less than the others and gives way to any of them that is there too."""
    exact = {label: peak for label, peak in peaks.items() if not BY_LABEL[label].vague and peak > 0.0}
    chosen = exact or peaks
    return max(chosen, key=lambda label: chosen[label])


def _runs(hot: NDArray[np.bool_], gap: int) -> list[_HotRun]:
    found: list[_HotRun] = []
    for first, after in runs(hot).tolist():
        if found and first - found[-1].last <= gap:
            found[-1].last = after - 1
        else:
            found.append(_HotRun(first, after - 1))
    return found


def _smoothed(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Centred moving mean over ``width`` rows, edges extended."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(values.astype(np.float32), width, axis=0, mode="nearest"))


def _indices(classes: Sequence[str], names: Sequence[str]) -> list[int]:
    return [i for i, name in enumerate(classes) if name in names]


def _probability(logits: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))), np.float32)
