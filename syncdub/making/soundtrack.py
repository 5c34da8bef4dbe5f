"""The dub's new sound track as a file: packets copied where the plan only moves them, edited sample by sample where
it does more."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.compute.device import pick
from pipeline.compute.models import spleeter_files
from pipeline.errors import ModelUnavailable, NoAudio
from pipeline.evidence.stems import Accompaniment
from pipeline.media import decode, ffmpeg
from pipeline.media.samples import channel_names, known_layout
from pipeline.media.values import AudioStream, MediaInfo
from pipeline.messages import Message, message
from pipeline.progress import Report, no_report
from pipeline.render import loudness
from pipeline.tracks.copying import copy_track
from pipeline.tracks.edit import Edit, TrackSource, render_audio
from pipeline.tracks.encode import AudioFormat, Codec, check, depth_of
from pipeline.values import Curve, Span
from syncdub.making.plan import BED, DUB, ORIGINAL, AudioPlan, Fill, audio_plan, joins
from syncdub.values import PlacedPlan, Segment, SyncPlan

LEVEL_RATE = 16000
LEVEL_STEP = 0.005
AROUND = 0.3
"""Seconds of the dub looked at on both sides of a join."""
LOUDNESS_WINDOW = 300.0
MAX_MATCH_DB = 12.0
"""Louder or quieter than this is no longer matching two mixes of one film."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two files of a plan."""

    original: MediaInfo
    dub: MediaInfo


@dataclass(frozen=True, slots=True)
class Track:
    """A finished sound track in ``path``; ``copied`` says its packets are the dub's own, ``codec`` what it is coded
    in."""

    path: Path
    copied: bool
    codec: str
    audio: AudioPlan
    doubts: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """How the track is made: ``fill`` for gaps, ``codec`` where packets cannot be copied, ``may_copy`` whether they
    may be, ``device`` what calculates."""

    fill: Fill = "silence"
    codec: Codec = "flac"
    may_copy: bool = True
    device: str = "auto"


def audio_of(info: MediaInfo, number: int) -> AudioStream:
    """Audio track ``number``.

    Raises:
        NoAudio: there is none.
    """
    if not 0 <= number < len(info.audio):
        raise NoAudio(name=Path(info.path).name)
    return info.audio[number]


def with_durations(plan: SyncPlan, pair: Pair) -> SyncPlan:
    """The plan with the files' own lengths where it does not know them."""
    return replace(
        plan,
        original_duration=plan.original_duration or pair.original.duration,
        dub_duration=plan.dub_duration or pair.dub.duration,
    )


def make_track(plan: PlacedPlan, pair: Pair, wish: Wish, folder: Path, report: Report = no_report) -> Track:
    """The sound track that ``plan`` orders, in a file in ``folder`` on the original's clock.

    Raises:
        Refused: nothing of the dub lies inside the original.
        UnsupportedFormat: the codec cannot hold the dub's channels; nothing is mixed down.
        DiskFull, FFmpegFailed: it could not be made.
    """
    stream = audio_of(pair.dub, plan.dub_stream)
    audio = audio_plan(plan, wish.fill, join_levels(plan, Path(pair.dub.path)))
    if audio.copy and wish.may_copy:
        out = folder / "dub.mka"
        if copy_track(Path(pair.dub.path), plan.dub_stream, audio.delay, audio.kept, out):
            return Track(out, True, stream.codec, audio, audio.doubts)
    form = _format(stream, wish.codec, audio)
    check(form)
    out = folder / "edited.mka"
    sources = sources_of(plan, pair, audio, wish.device)
    edit = Edit(audio.timeline, sources, Span(0.0, plan.original_duration), form, audio.method, folder)
    render_audio(edit, out, report)
    return Track(out, False, wish.codec, audio, (*audio.doubts, *_without_stems(sources), *_lost(stream)))


def _format(stream: AudioStream, codec: Codec, audio: AudioPlan) -> AudioFormat:
    bits = depth_of(stream.codec)
    exact = bits == 16 and stream.codec.startswith("pcm_s16") and audio.method == "none"
    return AudioFormat(
        codec, stream.rate or 48000, known_layout(stream.layout, stream.channels), bits, dither=not exact
    )


def sources_of(plan: PlacedPlan, pair: Pair, audio: AudioPlan, device: str = "auto") -> dict[str, TrackSource]:
    """The sources the timeline names; the original's own sound is measured against the dub's only where it is used."""
    dub = audio_of(pair.dub, plan.dub_stream)
    sources = {DUB: TrackSource(Path(pair.dub.path), plan.dub_stream, layout=known_layout(dub.layout, dub.channels))}
    wanted = {c.source for c in audio.timeline.cuts} - {DUB}
    if wanted:
        track = audio_of(pair.original, plan.original_stream)
        layout = known_layout(track.layout, track.channels)
        gain = fill_gain(plan, pair)
        sources[ORIGINAL] = TrackSource(Path(pair.original.path), plan.original_stream, gain, layout=layout)
        sources[BED] = _bed(sources[ORIGINAL], device) if BED in wanted else sources[ORIGINAL]
    return sources


def _bed(original: TrackSource, device: str) -> TrackSource:
    """Music and effects of the original: surround without its centre; of mono and stereo sound the stem without voices, or where its
    weights are missing what left and right do not share."""
    if len(channel_names(original.layout)) > 2:
        return replace(original, bed=True)
    try:
        spleeter_files()
    except ModelUnavailable:
        return replace(original, bed=True)
    return replace(original, through=functools.partial(Accompaniment, device=pick(device).kind))


def _without_stems(sources: Mapping[str, TrackSource]) -> tuple[Message, ...]:
    """A word where gaps of mono or stereo sound are filled without the stem."""
    bed = sources.get(BED)
    if bed is None or not bed.bed or len(channel_names(bed.layout)) > 2:
        return ()
    return (message("doubt.no_stems_to_fill"),)


def _lost(stream: AudioStream) -> tuple[Message, ...]:
    """What decoding a track cannot keep."""
    if "atmos" in stream.title.lower() or "dts:x" in stream.title.lower():
        return (message("doubt.object_audio_lost"),)
    return ()


def fill_gain(plan: PlacedPlan, pair: Pair) -> float:
    """Linear gain that makes the original as loud as the dub, from up to five minutes of the longest segment of both
    (ITU-R BS.1770); 1 where either is silent."""
    longest = max(plan.segments, key=lambda s: s.dub_end - s.dub_start)
    middle = (longest.dub_start + longest.dub_end) / 2
    half = min(LOUDNESS_WINDOW, longest.dub_end - longest.dub_start) / 2
    dub = _loudness(pair.dub, plan.dub_stream, Span(middle - half, middle + half))
    low, high = longest.at(middle - half), longest.at(middle + half)
    original = _loudness(pair.original, plan.original_stream, Span(low, high))
    if min(dub, original) < loudness.QUIET:
        return 1.0
    return float(10 ** (np.clip(dub - original, -MAX_MATCH_DB, MAX_MATCH_DB) / 20))


def _loudness(info: MediaInfo, stream: int, span: Span) -> float:
    where = ["-ss", f"{info.seek(span.start):.3f}", "-t", f"{span.duration:.3f}", *ffmpeg.safe_input(info.path)]
    meter = ["-vn", "-map", f"0:a:{stream}", "-af", "ebur128=framelog=quiet", "-f", "null", "-"]
    return loudness.parse(ffmpeg.run([*where, *meter])).integrated


def join_levels(plan: PlacedPlan, dub: Path) -> tuple[Curve, ...]:
    """How loud the dub is around every join, decibels every 5 ms."""
    spans = [Span(max(0.0, t - AROUND), t + AROUND) for t in joins(plan)]
    return tuple(_level(dub, plan.dub_stream, span) for span in _united(spans))


def _united(spans: Sequence[Span]) -> list[Span]:
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.start <= out[-1].end:
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return out


def _level(path: Path, stream: int, span: Span) -> Curve:
    audio = decode.load_audio(path, rate=LEVEL_RATE, stream=stream, span=span)
    size = round(LEVEL_STEP * LEVEL_RATE)
    n = len(audio.samples) // size
    power = np.square(audio.samples[: n * size].astype(np.float64)).reshape(n, size).mean(axis=1)
    # A join is as long as a crossfade: two steps.
    smooth = np.convolve(np.pad(power, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid") if n else power
    return Curve("level", (10 * np.log10(smooth + 1e-10)).astype(np.float32), LEVEL_STEP, span.start)


def segment_at(segments: Sequence[Segment], time: float) -> Segment | None:
    """The segment that plays at ``time`` of the original."""
    return next((s for s in segments if s.original_start <= time < s.original_end), None)
