"""Which audio track somebody speaks on: recordings keep the game on one and the microphone on another.

A voice detector listens to stretches spread over the file, of each track. The first track is taken where people are heard on it,
for others may be other languages or a commentary; else the one with the voice, and the clip has both, unless the second
already holds what is on the first (music and effects, and the full mix).
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadRequest, NoAudio
from pipeline.media import channels
from pipeline.media.decode import load_audio
from pipeline.media.values import AudioStream, MediaInfo
from pipeline.messages import Message
from pipeline.speech.values import RATE
from pipeline.speech.voice import STEP, WINDOW, VoiceDetector, load_session
from pipeline.values import Span

AUTO, MIX = "auto", "mix"
WANTED = "auto|mix|[1-9][0-9]?"
"""What can be asked for: the track with the voice, all tracks together, or one by its number from 1."""
N_STRETCHES, STRETCH = 12, 4.0
SPEECH = 0.5
LEAST_SPOKEN = 0.03
"""Share of the stretches with voice under which nobody is taken to speak on a track."""
MUCH_MORE = 3.0
"""How many times the first track's voice another must have to be taken instead."""
MOST_TRACKS = 16
SAME_SOUND = 0.5
"""Correlation of two tracks' samples over which one is in the other."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The audio tracks that are used, by number from 0: words come from ``heard``, the clip has all of ``mixed``."""

    heard: int = 0
    mixed: tuple[int, ...] = (0,)
    notes: tuple[Message, ...] = ()


def chosen(info: MediaInfo, wanted: str = AUTO) -> Chosen:
    """What is used of ``info`` when ``wanted`` is asked for (:data:`WANTED`).

    Raises:
        BadRequest: there is no such track.
    """
    n = len(info.audio)
    if wanted.isdigit():
        if int(wanted) > n:
            raise BadRequest("error.no_track", track=int(wanted), n=n)
        number = int(wanted) - 1
        notes = (_named("doubt.track_asked", info.audio, number),) if n > 1 else ()
        return Chosen(number, (number,), (*notes, *channels.notes(info, number)))
    if n < 2:
        return Chosen(notes=channels.notes(info))
    voices = spoken_shares(info)
    best = with_voice(info.audio, voices)
    if wanted == MIX:
        return Chosen(best, tuple(range(n)), (Message("doubt.tracks_mixed", {"n": n}), *channels.notes(info, best)))
    if best == 0:
        return Chosen(notes=channels.notes(info))
    both = not _holds(info, best)
    note = _named("doubt.voice_track_mixed" if both else "doubt.voice_track", info.audio, best)
    return Chosen(best, (0, best) if both else (best,), (note, *channels.notes(info, best)))


def with_voice(tracks: Sequence[AudioStream], shares: Sequence[float]) -> int:
    """The number of the track whose voice is meant, from the share of speech on each."""
    meant = [n for n, track in enumerate(tracks) if not track.commentary and n < len(shares)]
    best = max(meant, key=lambda n: (shares[n], -n), default=0)
    first = shares[0] if shares else 0.0
    return best if shares and shares[best] >= max(LEAST_SPOKEN, MUCH_MORE * first) else 0


def spoken_shares(info: MediaInfo) -> tuple[float, ...]:
    """The share of time in which somebody speaks on each track, by stretches; measured once for a file as it is now."""
    state = os.stat(info.path)
    n = min(len(info.audio), MOST_TRACKS)
    return _shares(info.path, n, info.duration, (state.st_mtime_ns, state.st_size))


@functools.lru_cache(maxsize=64)
def _shares(path: str, n: int, duration: float, _state: tuple[int, int]) -> tuple[float, ...]:
    session = load_session()
    return tuple(float(np.mean([_voiced(s, session) for s in _stretches(path, t, duration)])) for t in range(n))


def _stretches(path: str, stream: int, duration: float) -> list[NDArray[np.float32]]:
    """Mono samples of the stretches of one track; of channels that cancel each other the left one."""
    found = []
    starts = np.linspace(0.0, max(0.0, duration - STRETCH), N_STRETCHES if duration > 2 * STRETCH else 1)
    for start in starts:
        span = Span(float(start), float(start) + STRETCH)
        try:
            sound = load_audio(path, rate=RATE, layout="stereo", stream=stream, span=span).samples
        except NoAudio:
            sound = np.zeros((2, 0), np.float32)
        both = sound if sound.ndim == 2 and sound.shape[1] else np.zeros((2, WINDOW), np.float32)
        found.append(channels.folded(both, channels.judged(both) or channels.Channels.FINE))
    return found


def _voiced(samples: NDArray[np.float32], session: Any) -> float:
    whole = np.pad(samples, (0, -len(samples) % WINDOW))
    level = float(np.max(np.abs(whole), initial=0.0))
    louder = whole * np.float32(min(30.0, 0.5 / level)) if level > 0 else whole
    # The detector needs a moment to know where it is.
    return float(np.mean(VoiceDetector(session)(louder)[round(0.3 / STEP) :] >= SPEECH)) if level > 0 else 0.0


def _holds(info: MediaInfo, number: int) -> bool:
    """Whether track ``number`` holds what is on the first, sample by sample."""
    pairs = zip(
        _stretches(info.path, 0, info.duration), _stretches(info.path, number, info.duration), strict=True
    )  # fmt: skip
    alike = [_alike(a, b) for a, b in pairs if float(np.max(np.abs(a), initial=0.0)) > channels.AUDIBLE]
    return bool(alike) and float(np.median(alike)) > SAME_SOUND


def _alike(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    n = min(len(a), len(b))
    power = float(np.linalg.norm(a[:n]) * np.linalg.norm(b[:n]))
    return abs(float(np.dot(a[:n], b[:n]))) / power if power > 0 else 0.0


def _named(code: str, tracks: Sequence[AudioStream], number: int) -> Message:
    title = re.sub(r"\s+", " ", tracks[number].title).strip()[:60]
    return Message(code, {"track": number + 1, "title": f" (“{title}”)" if title else ""})
