"""Pictures of our own: what is seen while sound without a picture is heard, and cards with a title."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.atomic import beside
from pipeline.captions import fonts
from pipeline.captions.placing import layout
from pipeline.captions.styles import CaptionStyle
from pipeline.errors import FFmpegFailed
from pipeline.media import ffmpeg
from pipeline.media.values import MediaInfo
from pipeline.render import colours, shapes
from pipeline.render.colours import Stream
from pipeline.render.graph import Canvas
from pipeline.speech.clock import clean

WAVE_COLOUR = "0x8ab4f8"
BACKGROUND = "0x101522"
CARD_COLOUR = (16, 21, 34)
COVER_NAME = "cover.png"
COVER_SHARE, WAVE_SHARE, PLAIN_WAVE = 0.74, 0.18, 0.25
"""Heights: of the cover and of the waveform under it in the room over the captions; of a waveform alone in the whole picture."""
MOST_WIDTH = 0.76
COVER_TIME_LIMIT = 60


def cover_of(infos: Sequence[MediaInfo], folder: Path) -> Path | None:
    """The first cover picture among sound files, as a PNG in ``folder``; ``None`` where there is none or it does not decode."""
    for info in infos:
        if info.cover is None:
            continue
        out = folder / COVER_NAME
        try:
            args = [*ffmpeg.safe_input(info.path), "-map", f"0:{info.cover}", "-frames:v", "1", "-vf", "format=rgb24"]
            ffmpeg.run([*args, "-f", "image2", "-update", "1", ffmpeg.safe_output(out)], time_limit=COVER_TIME_LIMIT)
        except FFmpegFailed:
            continue
        if out.is_file():
            return out
    return None


def behind(
    audio: Stream, cover: Path | None, canvas: Canvas, duration: float, style: CaptionStyle
) -> tuple[Stream, Stream]:
    """``audio`` and the picture to be seen with it: its waveform, under the ``cover`` where there is one; captions have room below."""
    import ffmpeg as graphs

    split = audio.filter_multi_output("asplit", 2)
    size = (canvas.width, canvas.height)
    top, room = _room(size, style) if cover else (0, 0)
    high = shapes.even(WAVE_SHARE * room if cover else PLAIN_WAVE * canvas.height)
    wide = shapes.even(MOST_WIDTH * canvas.width) if cover else canvas.width
    wave = _wave(split[1], (wide, high), canvas)
    ground = _with_cover(cover, canvas, top, room) if cover else _plain(canvas, duration)
    place = str(round(top + room - high)) if cover else "(H-h)/2"
    drawn = graphs.overlay(ground, wave, x="(W-w)/2", y=place, eof_action="repeat", format="gbrp")
    drawn = colours.from_rgb(drawn, size)
    return split[0], drawn.filter("setsar", 1).filter("trim", end_frame=round(duration * canvas.fps))


def _room(size: tuple[int, int], style: CaptionStyle) -> tuple[int, int]:
    """Where the picture leaves room over the captions: the first line and how many."""
    place = layout(size, style)
    low = size[1] - place.bottom - 2.8 * place.size if style.place == "bottom" else size[1] - place.top
    return round(place.top), max(32, round(low - place.top))


def _rate(canvas: Canvas) -> str:
    return f"{canvas.fps.numerator}/{canvas.fps.denominator}"


def _wave(audio: Stream, size: tuple[int, int], canvas: Canvas) -> Stream:
    shape = f"{size[0]}x{size[1]}"
    return audio.filter(
        "showwaves", s=shape, mode="cline", r=_rate(canvas), colors=WAVE_COLOUR, scale="sqrt", draw="full"
    )


def _plain(canvas: Canvas, duration: float) -> Stream:
    import ffmpeg as graphs

    size = f"{canvas.width}x{canvas.height}"
    return graphs.input(f"color=c={BACKGROUND}:s={size}:r={_rate(canvas)}:d={duration:.6f}", f="lavfi")


def _with_cover(cover: Path, canvas: Canvas, top: int, room: int) -> Stream:
    """The cover over a blurred, dark copy of itself that fills the canvas, as a still that never ends."""
    import ffmpeg as graphs

    flags = ffmpeg.safe_input(cover)
    options = {flag.lstrip("-"): value for flag, value in zip(flags[:-2:2], flags[1:-2:2], strict=True)}
    both = graphs.input(flags[-1], f="png_pipe", **options).filter_multi_output("split", 2)
    width, height = canvas.width, canvas.height
    ground = both[0].filter("scale", width, height, force_original_aspect_ratio="increase", flags="area")
    ground = ground.filter("crop", width, height).filter("gblur", sigma=min(width, height) / 20)
    ground = ground.filter("colorchannelmixer", rr=0.4, gg=0.4, bb=0.4)
    box = {"w": shapes.even(MOST_WIDTH * width), "h": shapes.even(COVER_SHARE * room)}
    front = both[1].filter("scale", **box, force_original_aspect_ratio="decrease", flags="bicubic")
    still = graphs.overlay(ground, front, x="(W-w)/2", y=str(top), format="gbrp")
    still = still.filter("loop", loop=-1, size=1)
    return still.filter("setpts", f"N/({_rate(canvas)}*TB)").filter("fps", fps=_rate(canvas))


def title_card(
    text: str, out: Path | str, size: tuple[int, int], fps: float = 25.0, duration: float = 2.0, colour: str = ""
) -> Path:
    """A silent card with ``text`` on ``colour`` (``#rrggbb``), faded in and out, a cut for a plan of the same ``size`` and ``fps``."""
    import moviepy

    width, height = size
    said = clean(text).upper() or " "
    box = (round(width * 0.8), round(height * 0.5))
    letters = moviepy.TextClip(
        font=str(fonts.best(said).path), text=said, method="caption", size=box, color="white", text_align="center"
    )
    paint = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) if colour else CARD_COLOUR
    ground = moviepy.ColorClip(size, color=paint).with_duration(duration)
    shown = letters.with_duration(duration).with_position("center")
    fades = [moviepy.vfx.FadeIn(duration / 6), moviepy.vfx.FadeOut(duration / 6)]
    card = moviepy.CompositeVideoClip([ground, shown]).with_effects(fades)
    tag = colours.TAGS[colours.guessed(*size)]
    tagged = [
        "-vf",
        f"scale=out_color_matrix={tag}:out_range=tv,setparams=colorspace={tag}:color_primaries={tag}:color_trc={tag}",
    ]
    how: dict[str, Any] = {"codec": "libx264", "preset": "veryfast", "ffmpeg_params": tagged}
    with beside(Path(out)) as part:
        card.write_videofile(str(part), fps=fps, audio=False, logger=None, **how)
    return Path(out)
