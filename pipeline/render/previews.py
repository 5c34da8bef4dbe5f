"""Small things to look at: a still picture of a moment, a light copy that every browser plays, and a clip before it is rendered."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping
from pathlib import Path

from pipeline.atomic import beside
from pipeline.captions import fonts
from pipeline.captions.fonts import Face
from pipeline.errors import FFmpegFailed, NoVideo
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.media.values import MediaInfo
from pipeline.progress import Report, no_report
from pipeline.render.checks import Checked
from pipeline.render.options import RenderOptions
from pipeline.render.render import render
from pipeline.render.shapes import even
from pipeline.render.work import Work
from pipeline.values import Cut, Span, Timeline

FLAT = 3.0
"""Standard deviation of the luma, of 255, under which a picture shows nothing."""


def poster(path: Path | str, time: float, out: Path | str, *, width: int = 640) -> Path:
    """The picture at ``time`` as a JPEG of at most ``width`` pixels; the nearest one where the file ends before, another where that
    one is of a single colour, as between two scenes.

    Raises:
        NoVideo: the file has no picture.
    """
    info, target = probe(path), Path(out)
    if info.video is None:
        raise NoVideo(name=Path(path).name)
    shown = min(width, info.video.display_width)
    height = even(shown * info.video.display_height / max(1, info.video.display_width))
    frame = ["-frames:v", "1", "-vf", f"scale={even(shown)}:{height},setsar=1,format=yuvj420p", "-q:v", "3"]
    instead = (min(time, info.duration * 0.9), *(info.duration * part for part in (0.5, 0.75, 0.15, 0.0)))
    with beside(target) as part:
        for moment in dict.fromkeys((time, *instead)):
            seek = ["-ss", f"{info.seek(moment):.6f}", *ffmpeg.safe_input(path), "-map", f"0:{info.video.index}"]
            with contextlib.suppress(FFmpegFailed):
                ffmpeg.run([*seek, *frame, "-f", "image2", "-update", "1", ffmpeg.safe_output(part)], time_limit=120)
            if part.is_file() and not _flat(part):
                break
        if not part.is_file():
            raise NoVideo(name=Path(path).name)
    return target


def film_strip(path: Path | str, out: Path | str, n: int, height: int = 54) -> Path:
    """``n`` pictures of a file, evenly over its time, beside each other as one JPEG of ``height`` pixels; the last one
    goes on where the whole pictures end before.

    Raises:
        NoVideo: the file has no picture.
    """
    info, target = probe(path), Path(out)
    if info.video is None:
        raise NoVideo(name=Path(path).name)
    width = even(height * info.video.display_width / max(1, info.video.display_height))
    # Only whole pictures are decoded; one process, for every one that is started may meet arithmetic that runs in threads.
    rate = f"fps={n / max(0.1, info.duration):.6f},tpad=stop_mode=clone:stop={n}"
    chain = f"{rate},scale={width}:{height}:flags=area,setsar=1,tile={n}x1,format=yuvj420p"
    frame = [
        "-map",
        f"0:{info.video.index}",
        "-vf",
        chain,
        "-frames:v",
        "1",
        "-q:v",
        "5",
        "-f",
        "image2",
        "-update",
        "1",
    ]
    with beside(target) as part:
        ffmpeg.run(["-skip_frame", "nokey", *ffmpeg.safe_input(path), *frame, ffmpeg.safe_output(part)], time_limit=120)
        if not part.is_file():
            raise NoVideo(name=Path(path).name)
    return target


def _flat(picture: Path) -> bool:
    """Whether a picture is of one colour: black, white, a fade."""
    from PIL import Image, ImageStat

    with Image.open(picture) as opened:
        return bool(ImageStat.Stat(opened.convert("L")).stddev[0] < FLAT)


def preview(path: Path | str, out: Path | str, report: Report = no_report, *, height: int = 360) -> Checked:
    """A small copy of a whole file that every browser plays and seeks quickly."""
    info = probe(path)
    start = min([info.video.start] if info.video else [a.start for a in info.audio] or [0.0])
    whole = Timeline((Cut(str(path), Span(min(0.0, start), info.duration), 0.0),))
    size = None
    if info.video and info.video.display_height > height:
        size = (even(info.video.display_width * height / info.video.display_height), height)
    options = RenderOptions(size=size, crf=28, preset="ultrafast", loudness=None)
    return render(whole, out, options, report, {str(path): info})


class Preview:
    """A clip as it would be rendered: what is written on it, and its frames without that."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.size = (work.canvas.width, work.canvas.height)
        self.duration = work.duration
        self.safe = work.options.safe

    @classmethod
    def of(
        cls, timeline: Timeline, options: RenderOptions, known: Mapping[str, MediaInfo], report: Report = no_report
    ) -> Preview:
        """Looks at the sources where the frame follows something."""
        work = Work(timeline, known, options)
        work.look_at(report)
        return cls(work)

    def dressed(self, options: RenderOptions) -> Preview:
        """The same clip with other captions; nothing is looked at again."""
        work = copy.copy(self._work)
        work.options = options
        return Preview(work)

    @property
    def script(self) -> str:
        """The ASS script that would be burned in."""
        return self._work.script()

    def fonts(self) -> tuple[Face, ...]:
        """What draws it; one of somebody's own first."""
        return fonts.named(self.script, self._work.look.own)

    def frame(self, time: float, out: Path, *, width: int = 540) -> Path:
        """The picture at ``time``, nothing written on it, as a JPEG at most ``width`` pixels wide.

        Raises:
            FFmpegFailed: there is no picture at that time.
        """
        import ffmpeg as graphs

        shown = min(width, self.size[0])
        small = self._work.still(time).filter("scale", even(shown), even(shown * self.size[1] / self.size[0]))
        small = small.filter("format", "yuvj420p")
        target = ffmpeg.safe_output(out)
        output = graphs.output(small, target, f="image2", update=1, qscale=3, **{"frames:v": 1})
        ffmpeg.run(output.get_args(), time_limit=60)
        return out
