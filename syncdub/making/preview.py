"""Short pieces for listening before and after: the original, the dub as it was, the dub as planned, at the same
second."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadRequest
from pipeline.media import ffmpeg
from pipeline.media.decode import load_audio
from pipeline.media.samples import known_layout
from pipeline.media.values import MediaInfo
from pipeline.messages import message
from pipeline.progress import Report, no_report
from pipeline.tracks.edit import Edit, edited_blocks, render_audio
from pipeline.tracks.encode import AudioFormat
from pipeline.values import Cut, Span
from syncdub.making.plan import DUB, AudioPlan, Fill, audio_plan, placed
from syncdub.making.soundtrack import Pair, audio_of, join_levels, sources_of, with_durations
from syncdub.values import PlacedPlan, SyncPlan

What = Literal["original", "dub", "synced"]
LONGEST = 60.0
HEIGHT = 480
N_POINTS = 400
WAVE_RATE = 48000
"""Samples a second of which a drawing has the peaks: at fewer, what is high would look quieter than it is."""


@dataclass(frozen=True, slots=True)
class JoinWaves:
    """Peaks of the dub around a join, evenly spaced over ``seconds``: as it was around ``dub_time`` and as it becomes
    around ``time`` of the original."""

    time: float
    dub_time: float
    seconds: float
    before: tuple[float, ...]
    after: tuple[float, ...]


def preview_clip(pair: Pair, plan: SyncPlan, what: What, span: Span, out: Path, fill: Fill = "silence") -> Path:
    """The picture of the original in ``span`` (its clock, up to a minute) with one of the three sounds, as H.264 and
    AAC.

    ``dub`` is the dub file as it is, at the same seconds of its own clock. Without a picture only sound is written.

    Raises:
        BadRequest: ``span`` is empty, too long or outside the original.
    """
    if not 0 < span.duration <= LONGEST or not 0 <= span.start < pair.original.duration:
        raise BadRequest("error.preview_span", limit=LONGEST)
    with tempfile.TemporaryDirectory(prefix="preview-", dir=out.parent) as folder:
        sound = Path(folder) / "sound.mka"
        if what == "synced":
            render_audio(synced_edit(pair, plan, span, fill, Path(folder)), sound)
            inputs = [*_picture(pair.original, span), *ffmpeg.safe_input(sound)]
            number = 0
        else:
            info = pair.original if what == "original" else pair.dub
            number = plan.original_stream if what == "original" else plan.dub_stream
            inputs = [*_picture(pair.original, span), *_cut(info, span)]
        ffmpeg.run([*inputs, *_coding(pair.original, number, span), ffmpeg.safe_output(out)], duration=span.duration)
    return out


def synced_edit(pair: Pair, plan: SyncPlan, span: Span, fill: Fill, folder: Path) -> Edit:
    """The edit of the whole plan, of which only ``span`` is made."""
    playable = placed(with_durations(plan, pair))
    return _edit_of(
        pair, playable, audio_plan(playable, fill, join_levels(playable, Path(pair.dub.path))), span, folder
    )


def _edit_of(pair: Pair, plan: PlacedPlan, audio: AudioPlan, span: Span, folder: Path) -> Edit:
    stream = audio_of(pair.dub, plan.dub_stream)
    form = AudioFormat("flac", stream.rate or 48000, known_layout(stream.layout, stream.channels))
    # Stretching a whole segment to hear ten seconds of it would take minutes; only what is heard is stretched.
    cuts = tuple(c for c in audio.timeline.cuts if c.at < span.end and c.end > span.start)
    if audio.method == "stretch":
        cuts = tuple(_around(c, span) if c.source == DUB else c for c in cuts)
    timeline = replace(audio.timeline, cuts=cuts)
    return Edit(timeline, sources_of(plan, pair, audio), span, form, audio.method, folder)


def _around(cut: Cut, span: Span) -> Cut:
    low, high = max(cut.at, span.start - 1.0), min(cut.end, span.end + 1.0)
    source = Span(cut.span.start + (low - cut.at) / cut.rate, cut.span.start + (high - cut.at) / cut.rate)
    return replace(cut, span=source, at=low)


def join_waves(pair: Pair, plan: SyncPlan, report: Report = no_report, seconds: float = 4.0) -> tuple[JoinWaves, ...]:
    """What the dub looks like around every join before and after; the edit is planned once for all of them."""
    playable = placed(with_durations(plan, pair))
    audio = audio_plan(playable, "silence", join_levels(playable, Path(pair.dub.path)))
    out = []
    for number, after in enumerate(playable.segments[1:], 1):
        report(number / len(playable.segments), message("progress.joins"))
        made, was = (_window(time, seconds) for time in (after.original_start, after.dub_start))
        with tempfile.TemporaryDirectory(prefix="join-") as folder:
            edit = _edit_of(pair, playable, audio, made, Path(folder))
            cut = replace(edit.timeline.cuts[0], source=DUB, span=was, at=0.0, rate=1.0)
            unedited = replace(
                edit, timeline=replace(edit.timeline, cuts=(cut,)), span=Span(0.0, seconds), speed="none"
            )
            before, then = (_peaks(list(edited_blocks(e))) for e in (unedited, edit))
        out.append(JoinWaves(after.original_start, after.dub_start, seconds, before, then))
    return tuple(out)


def around(pair: Pair, plan: SyncPlan, span: Span) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Peaks in [0, 1], evenly spaced over ``span`` of the film's clock: of the original, of the dub file as it is at the same seconds of
    its own clock, and of the dub in its place; the three that :func:`preview_clip` lets hear.

    Raises:
        BadRequest: ``span`` is empty, too long or outside the original.
    """
    if not 0 < span.duration <= LONGEST or not 0 <= span.start < pair.original.duration:
        raise BadRequest("error.preview_span", limit=LONGEST)
    with tempfile.TemporaryDirectory(prefix="waves-") as folder:
        made = _peaks(list(edited_blocks(synced_edit(pair, plan, span, "silence", Path(folder)))))
    return _as_it_is(pair.original, plan.original_stream, span), _as_it_is(pair.dub, plan.dub_stream, span), made


def _as_it_is(info: MediaInfo, stream: int, span: Span) -> tuple[float, ...]:
    """Peaks of a file's own sound in ``span``; silence where it has none."""
    n = round(span.duration * WAVE_RATE)
    if span.start >= info.duration:
        return _peaks([np.zeros((1, n), np.float32)])
    samples = load_audio(info.path, rate=WAVE_RATE, stream=stream, span=span).samples[:n]
    return _peaks([np.pad(samples, (0, n - len(samples)))[None]])


def _window(middle: float, seconds: float) -> Span:
    start = max(0.0, middle - seconds / 2)
    return Span(start, start + seconds)


def _peaks(blocks: Sequence[NDArray[np.float32]]) -> tuple[float, ...]:
    loud = np.abs(np.concatenate(blocks, axis=1)).max(axis=0)
    size = max(1, len(loud) // N_POINTS)
    n = len(loud) // size
    return tuple(round(float(x), 4) for x in loud[: n * size].reshape(n, size).max(axis=1))


def _picture(info: MediaInfo, span: Span) -> list[str]:
    return _cut(info, span) if info.video else []


def _cut(info: MediaInfo, span: Span) -> list[str]:
    return ["-ss", f"{info.seek(span.start):.3f}", "-t", f"{span.duration:.3f}", *ffmpeg.safe_input(info.path)]


def _coding(original: MediaInfo, number: int, span: Span) -> list[str]:
    sound = ["-map", f"{1 if original.video else 0}:a:{number}", "-c:a", "aac", "-b:a", "160k", "-ac", "2"]
    tail = ["-t", f"{span.duration:.3f}", "-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4"]
    if not original.video:
        return [*sound, *tail]
    scale = f"scale=-2:'min({HEIGHT},ih)',format=yuv420p"
    coder = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26"]
    return ["-map", f"0:{original.video.index}", "-vf", scale, *coder, *sound, *tail]
