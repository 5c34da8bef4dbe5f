"""OpenTimelineIO: Resolve, Premiere, Kdenlive and others, by adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.editors.values import Handover, Placed, file_name, has_picture, has_sound, placed, source_frames


def to_otio(given: Handover) -> str:
    """One picture and one sound track, gaps and speeds kept; markers on the picture's clips."""
    import opentimelineio as otio

    result = otio.schema.Timeline(name=given.name)
    for kind, there in ((otio.schema.TrackKind.Video, has_picture), (otio.schema.TrackKind.Audio, has_sound)):
        track = otio.schema.Track(name=kind, kind=kind)
        clock = 0
        for one in placed(given):
            at = one.at if there(given, one.cut.source) else one.end
            if at > clock:
                track.append(otio.schema.Gap(source_range=_range(given, 0, at - clock)))
            if at < one.end:
                track.append(_clip(given, one, marked=kind == otio.schema.TrackKind.Video))
            clock = one.end
        result.tracks.append(track)
    return str(result.to_json_string(indent=2)) + "\n"


def _range(given: Handover, start: int, n_frames: int) -> Any:
    import opentimelineio as otio

    rate = float(given.fps)
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(n_frames, rate))


def _clip(given: Handover, one: Placed, *, marked: bool) -> Any:
    import opentimelineio as otio

    source = one.cut.source
    available = _range(given, 0, source_frames(given, source)) if source in given.media else None
    media = otio.schema.ExternalReference(target_url=Path(source).absolute().as_uri(), available_range=available)
    clip = otio.schema.Clip(name=file_name(one.cut), media_reference=media)
    clip.source_range = _range(given, one.first, one.length)
    if abs(one.cut.rate - 1.0) > 1e-9:
        clip.effects.append(otio.schema.LinearTimeWarp(name="speed", time_scalar=1.0 / one.cut.rate))
    for marker in given.markers if marked else ():
        at = given.frame(marker.at)
        if one.at <= at < one.end:
            span = _range(given, one.first + at - one.at, 1)
            clip.markers.append(otio.schema.Marker(name=marker.name, marked_range=span, comment=marker.note))
    return clip
