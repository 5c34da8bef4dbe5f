"""Film and dub picture of one moment in one image: beside each other, over each other, their difference, or half of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pipeline.errors import NoVideo
from pipeline.media import ffmpeg
from pipeline.media.values import MediaInfo, VideoStream
from syncdub.making.soundtrack import Pair
from syncdub.values import SyncPlan

Mode = Literal["side", "overlay", "difference", "wipe"]
WIDTH, HEIGHT = 640, 360
_MODES: Mapping[Mode, str] = {
    "side": "[a][b]hstack",
    "overlay": "[a][b]blend=all_mode=average",
    "difference": "[a][b]blend=all_mode=difference",
    "wipe": "[a]crop=iw/2:ih:0:0[l];[b]crop=iw/2:ih:iw/2:0[r];[l][r]hstack",
}
MODES: tuple[Mode, ...] = tuple(_MODES)


def dub_moment(plan: SyncPlan, at: float) -> float | None:
    """What moment of the dub is heard at ``at`` seconds of the film; ``None`` where it has none."""
    found = next((s for s in plan.segments if s.original_start <= at <= s.original_end), None)
    return None if found is None else found.dub_start + (at - found.original_start) / found.rate


def compare_pictures(pair: Pair, at: float, dub_at: float, mode: Mode, out: Path) -> Path:
    """The film's picture at ``at`` and the dub's at ``dub_at`` in ``out`` (JPEG).

    Raises:
        NoVideo: one of them has no picture, or none at that moment.
        FFmpegFailed: it cannot be read.
    """
    inputs, chains = [], []
    for n, (info, time, name) in enumerate(((pair.original, at, "a"), (pair.dub, dub_at, "b"))):
        stream = _picture_of(info)
        last = max(0.0, info.duration - 2 / max(1.0, stream.fps))
        inputs += ["-ss", f"{info.seek(min(max(0.0, time), last)):.3f}", *ffmpeg.safe_input(info.path)]
        fitted = f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=decrease,pad={WIDTH}:{HEIGHT}:(ow-iw)/2:(oh-ih)/2"
        chains.append(f"[{n}:{stream.index}]{fitted},setsar=1,format=gbrp[{name}]")
    graph = ";".join([*chains, f"{_MODES[mode]},format=yuvj420p[out]"])
    ffmpeg.run(
        [
            *inputs,
            "-filter_complex",
            graph,
            "-map",
            "[out]",
            "-frames:v",
            "1",
            "-q:v",
            "3",
            "-f",
            "image2",
            ffmpeg.safe_output(out),
        ]
    )
    if not out.is_file():
        raise NoVideo(name=Path(pair.dub.path).name)
    return out


def _picture_of(info: MediaInfo) -> VideoStream:
    if info.video is None:
        raise NoVideo(name=Path(info.path).name)
    return info.video
