"""A shorter version of a film: the stretches that no dub has are taken out of it, and the plans follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.media.samples import known_layout
from pipeline.media.values import AudioStream, MediaInfo, OtherStream
from pipeline.messages import Message, clock, message, say
from pipeline.progress import Report, no_report, part_of
from pipeline.tracks.carriage import carriage
from pipeline.tracks.edit import Edit, TrackSource, render_audio
from pipeline.tracks.encode import AudioFormat, Codec, depth_of
from pipeline.tracks.mux import NewTrack
from pipeline.tracks.shorten import FILM, Shorter, frame_times, kept_of, moment, shortened, whole_frames
from pipeline.tracks.straight import straightened
from pipeline.tracks.webvtt import text_tracks, write_cues
from pipeline.values import Span, Timeline
from syncdub.making import subtitles
from syncdub.making.dub_subtitles import dub_subtitles
from syncdub.making.plan import CROSSFADE, FILL_TOLD, holes, placed
from syncdub.values import PlacedPlan, Segment

TOLD = frozenset({"doubt.subtitles_left_out", "doubt.subtitle_encoding"})
"""What is said of the film's own subtitles; that lines of a scene go with it goes without saying."""


@dataclass(frozen=True, slots=True)
class ShorterFilm:
    """``film`` without the stretches that are ``gone`` (the film's clock), and the plans on its clock."""

    film: MediaInfo
    plans: tuple[PlacedPlan, ...]
    gone: tuple[Span, ...]
    doubts: tuple[Message, ...] = ()


def shorter_name(name: str, language: str) -> str:
    """What a film called ``name`` is called without what was cut from it."""
    return say(message("film.shorter_name", name=name), language)


def cut_json(gone: Sequence[Span], duration: float) -> dict[str, Any]:
    """What was cut from a film of ``duration`` seconds, its own clock, and how long it is now."""
    seconds = sum(s.duration for s in gone)
    spans = [[round(s.start, 3), round(s.end, 3)] for s in gone]
    return {"seconds": round(seconds, 3), "spans": spans, "duration": round(duration - seconds, 3)}


def gone_of(plans: Sequence[PlacedPlan], duration: float, times: NDArray[np.float64]) -> tuple[Span, ...]:
    """The stretches of the film (``duration`` seconds, frames shown at ``times``) in which none of ``plans`` has dub, from
    :data:`~syncdub.making.plan.FILL_TOLD` seconds on, in whole frames; no second that has a dub is among them. Pure."""
    spans = [Span(0.0, duration)]
    for plan in plans:
        own = holes(plan.segments, duration)
        spans = [Span(max(a.start, b.start), min(a.end, b.end)) for a in spans for b in own if a.overlap(b) > 0]
    return whole_frames([s for s in spans if s.duration >= FILL_TOLD], times, duration)


def moved_plan(plan: PlacedPlan, kept: Timeline) -> PlacedPlan:
    """The plan on the clock of the shorter film. Pure."""
    moved = tuple(replace(s, original_start=moment(kept, s.original_start)) for s in plan.segments)
    return placed(replace(plan, segments=moved, original_duration=kept.duration))


def shorter_film(
    info: MediaInfo,
    plans: Sequence[PlacedPlan],
    codec: Codec,
    folder: Path,
    probe: Callable[[Path], MediaInfo],
    report: Report = no_report,
) -> ShorterFilm | None:
    """The film of ``info`` without what no dub has, in ``folder``; ``None`` where every second has one. Its sounds are coded in ``codec``.

    Raises:
        UnsupportedFormat: Matroska cannot hold its picture, or the codec its channels. DiskFull, FFmpegFailed: it could not be made.
    """
    straight = straightened(Path(info.path), folder)
    info = info if straight == Path(info.path) else probe(straight)
    duration = plans[0].original_duration or info.duration
    gone = gone_of(plans, duration, frame_times(straight))
    if not gone:
        return None
    kept = kept_of(gone, duration, CROSSFADE)
    share = 0.3 / max(1, len(info.audio))
    sounds = {
        track.index: _sound(info, n, kept, codec, folder, part_of(report, n * share, (n + 1) * share))
        for n, track in enumerate(info.audio)
    }
    texts, doubts = _texts(info, kept, duration, folder)
    output = folder / "shorter.mkv"
    lost = shortened(Shorter(straight, kept, sounds, texts), output, folder, part_of(report, 0.3, 1.0))
    told = message(
        "doubt.shorter",
        seconds=sum(s.duration for s in gone),
        spans=", ".join(f"{clock(s.start)}–{clock(s.end)}" for s in gone),
        length=kept.duration,
    )
    return ShorterFilm(probe(output), tuple(moved_plan(p, kept) for p in plans), gone, (told, *doubts, *lost))


def _sound(info: MediaInfo, number: int, kept: Timeline, codec: Codec, folder: Path, report: Report) -> Path:
    """Audio track ``number`` on the shorter clock."""
    track: AudioStream = info.audio[number]
    layout = known_layout(track.layout, track.channels)
    form = AudioFormat(codec, track.rate or 48000, layout, depth_of(track.codec))
    source = TrackSource(Path(info.path), number, layout=layout)
    out = folder / f"sound{number}.mka"
    render_audio(Edit(kept, {FILM: source}, Span(0.0, kept.duration), form, work=folder), out, report)
    return out


def _texts(
    info: MediaInfo, kept: Timeline, duration: float, folder: Path
) -> tuple[dict[int, NewTrack], tuple[Message, ...]]:
    """The film's subtitles on the shorter clock by index of their stream, and what could not come along."""
    plan = _as_plan(kept, duration)
    found: dict[int, NewTrack] = {}
    doubts: list[Message] = []
    rescued = {c.index for c in carriage(Path(info.path)) if c.how == "rescued"}
    for stream in (s for s in info.others if s.kind == "subtitle" and s.index not in rescued):
        tracks, said = _moved(info, stream, plan, folder / f"text{stream.index}")
        if tracks:
            found[stream.index] = tracks[0]
        doubts += said
    for index, track in zip(sorted(rescued), text_tracks(info.path) if rescued else (), strict=False):
        file = folder / f"text{index}.srt"
        cues = write_cues(info.path, track, folder / f"text{index}.vtt").read_text(encoding="utf-8")
        moved, n_kept, _ = subtitles.retimed_file(cues, "srt", plan)
        file.write_text(moved, encoding="utf-8")
        if n_kept:
            found[index] = NewTrack(file, "s", track.language, track.title, flags=track.flags)
    return found, tuple(doubts)


def _moved(
    info: MediaInfo, stream: OtherStream, plan: PlacedPlan, folder: Path
) -> tuple[tuple[NewTrack, ...], list[Message]]:
    folder.mkdir()
    lines = dub_subtitles(plan, replace(info, others=(stream,)), (), "", folder)
    return lines.tracks, [d for d in lines.doubts if d.code in TOLD]


def _as_plan(kept: Timeline, duration: float) -> PlacedPlan:
    """What stays, as where each second of the film belongs in the shorter one."""
    segments = tuple(Segment(c.span.start, c.span.end, c.at, 1.0, 0.0, 1.0) for c in kept.cuts)
    return PlacedPlan("edit", 1.0, segments, original_duration=kept.duration, dub_duration=duration)
