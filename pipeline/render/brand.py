"""What a brand puts on a clip: a logo over the picture, and music under the sound that gives way to speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.captions.placing import Safe
from pipeline.media import ffmpeg
from pipeline.media.values import MediaInfo
from pipeline.render import loudness, shapes
from pipeline.render.colours import Stream
from pipeline.render.graph import AUDIO_RATE, Canvas
from pipeline.values import Span

EDGE = 0.035
"""Share of the picture's width between a logo and the edges."""
GIVE_WAY, COME_BACK = 0.25, 0.6
"""Seconds in which music goes down before speech and comes back after it."""
BREATH = 1.2
"""Seconds of silence in which it does not come back."""
FADE = 1.5
"""Seconds in which it begins and ends."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture (PNG) in a ``corner`` (``top-left``, …), ``size`` of the result's width wide, as opaque as ``opacity`` says."""

    path: Path
    corner: str = "top-right"
    size: float = 0.16
    opacity: float = 0.9


@dataclass(frozen=True, slots=True)
class Music:
    """Music ``level`` decibels against the clip's loudness, ``ducking`` decibels lower while somebody speaks (``speech``, on the result's
    clock); it begins again where it ends."""

    info: MediaInfo
    level: float = -12.0
    ducking: float = 12.0
    speech: tuple[Span, ...] = ()


def with_logo(video: Stream, logo: Logo, canvas: Canvas, safe: Safe | None) -> Stream:
    """``video`` with the logo, clear of what an application covers."""
    import ffmpeg as graphs

    *flags, _, address = ffmpeg.safe_input(logo.path)
    options: dict[str, Any] = {flag.lstrip("-"): v for flag, v in zip(flags[::2], flags[1::2], strict=True)}
    wide = shapes.even(logo.size * canvas.width)
    picture = (
        graphs.input(address, f="png_pipe", **options).filter("scale", wide, -1, flags="area").filter("format", "rgba")
    )
    picture = picture.filter("colorchannelmixer", aa=f"{logo.opacity:.3f}")
    area = safe or Safe()
    gap = EDGE * canvas.width
    low, right = logo.corner.startswith("bottom"), logo.corner.endswith("right")
    x = max(gap, (area.right if right else area.left) * canvas.width)
    y = max(gap, (area.bottom if low else area.top) * canvas.height)
    return graphs.overlay(
        video, picture, x=f"W-w-{x:.0f}" if right else f"{x:.0f}", y=f"H-h-{y:.0f}" if low else f"{y:.0f}", eof_action="repeat",
    )  # fmt: skip


def gains(speech: Sequence[Span], duration: float, ducking: float) -> tuple[tuple[float, float], ...]:
    """(seconds, factor) corners of the music's loudness: full where nobody speaks, ``ducking`` decibels lower where somebody does."""
    joined: list[Span] = []
    for span in sorted(speech):
        if joined and span.start - joined[-1].end <= BREATH:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    low = 10 ** (-ducking / 20)
    corners: list[tuple[float, float]] = []
    for span in joined:
        down, back = max(0.0, span.start - GIVE_WAY), min(duration, span.end + COME_BACK)
        corners += [(down, 1.0), (span.start, low), (span.end, low), (back, 1.0)]
    return tuple(corners) or ((0.0, 1.0),)


def with_music(sound: Stream, music: Music, gain: loudness.Gain, duration: float) -> Stream:
    """``sound`` with the music under it."""
    import ffmpeg as graphs

    under = loudness.apply(bed(music, duration), gain)
    corners = gains(music.speech, duration, music.ducking)
    # The expression is asked every 1024 samples, 21 ms: ramps of a quarter of a second are smooth.
    under = under.filter("volume", volume=shapes.expression(corners), eval="frame")
    out = max(0.0, duration - FADE)
    under = under.filter("afade", type="in", duration=min(FADE, duration / 4))
    under = under.filter("afade", type="out", start_time=f"{out:.4f}", duration=min(FADE, duration))
    return graphs.filter([sound, under], "amix", inputs=2, normalize=0, duration="first")


def bed(music: Music, duration: float) -> Stream:
    """The music alone, over and over, as long as the result."""
    import ffmpeg as graphs

    *flags, _, address = ffmpeg.safe_input(Path(music.info.path))
    options: dict[str, Any] = {flag.lstrip("-"): v for flag, v in zip(flags[::2], flags[1::2], strict=True)}
    audio = graphs.input(address, stream_loop=-1, **options)[str(music.info.audio[0].index)]
    audio = audio.filter("aresample", AUDIO_RATE).filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    samples = round(duration * AUDIO_RATE)
    return audio.filter("atrim", end_sample=samples).filter("asetpts", "N/SR/TB").filter("apad", whole_len=samples)
