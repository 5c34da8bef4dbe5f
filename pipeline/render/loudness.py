"""Loudness to a target (EBU R 128 / ITU-R BS.1770-4): measure the whole, then one constant gain.

A constant gain keeps the dynamics (what loudnorm calls linear mode). Only where the true peak would pass the ceiling
does a limiter at four times the rate hold it, and further measurements make up for what the limiter took.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.media import ffmpeg
from pipeline.progress import Report, no_report
from pipeline.render.colours import Stream

TARGET = -14.0
"""LUFS; what video platforms play at."""
CEILING = -1.0
"""dBTP (EBU R 128 s2 for streaming)."""
CODEC_MARGIN = 1.0
"""dB a lossy codec may overshoot the peak it was given."""
QUIET = -60.0
"""LUFS under which there is nothing to bring up but noise."""
MAX_GAIN = 20.0
LIMITER_RATE = 192000
LIMITER_TURNS = 3
NEAR = 0.3
"""LU nobody hears."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """``integrated`` in LUFS (-inf for silence), ``peak`` in dBTP, ``spread`` (loudness range) in LU."""

    integrated: float
    peak: float
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class Gain:
    """A constant ``decibels``; ``limited`` when peaks must be held under the ceiling."""

    decibels: float = 0.0
    limited: bool = False


def gain_for(measured: Loudness, target: float = TARGET) -> Gain:
    """The gain that brings ``measured`` to ``target`` LUFS; none for silence, at most 20 dB."""
    if not math.isfinite(measured.integrated) or measured.integrated < QUIET:
        return Gain()
    decibels = min(MAX_GAIN, target - measured.integrated)
    return Gain(decibels, measured.peak + decibels > CEILING - CODEC_MARGIN)


def apply(audio: Stream, gain: Gain) -> Stream:
    """The ffmpeg-python stream with the gain applied."""
    if gain.decibels:
        audio = audio.filter("volume", f"{gain.decibels:.3f}dB")
    if gain.limited:
        limit = 10 ** ((CEILING - CODEC_MARGIN) / 20)
        audio = audio.filter("aresample", LIMITER_RATE)
        audio = audio.filter("alimiter", limit=f"{limit:.5f}", attack=5, release=60, level=0, latency=1)
        audio = audio.filter("aresample", 48000)
    return audio


def measure(audio: Stream, *, duration: float | None = None, report: Report = no_report) -> Loudness:
    """The loudness of an ffmpeg-python audio stream."""
    import ffmpeg as graphs

    meter = audio.filter("ebur128", peak="true", framelog="quiet")
    args = graphs.output(meter, "-", f="null").get_args()
    return parse(ffmpeg.run(args, duration=duration, report=report))


def measure_file(path: Path | str) -> Loudness:
    """The loudness of the first audio track of a file."""
    meter = ["-vn", "-map", "0:a:0", "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    return parse(ffmpeg.run([*ffmpeg.safe_input(path), *meter]))


def parse(log: str) -> Loudness:
    """The summary that ffmpeg's ebur128 leaves at the end of its log; silence where it is missing."""
    summary = log.rpartition("Summary:")[2]

    def number(name: str) -> float:
        found = re.search(rf"^\s*{name}:\s*(-?[\d.]+|-?inf|nan)\s", summary, re.MULTILINE)
        value = float(found.group(1)) if found else -math.inf
        return -math.inf if math.isnan(value) or value <= -70.0 else value

    return Loudness(number("I"), number("Peak"), max(0.0, number("LRA")))


def settle(audio: Any, target: float, *, duration: float | None = None, report: Report = no_report) -> Gain:
    """The gain for the graph ``audio()`` builds: measured once, and again through the limiter if one is needed."""
    gain = gain_for(measure(audio(), duration=duration, report=report), target)
    for _ in range(LIMITER_TURNS if gain.limited else 0):
        missing = target - measure(apply(audio(), gain), duration=duration, report=report).integrated
        if missing < NEAR or gain.decibels >= MAX_GAIN:
            break
        # What the limiter takes grows with the gain: ask for a little more than is missing.
        gain = Gain(min(MAX_GAIN, gain.decibels + 1.3 * missing), True)
    return gain
