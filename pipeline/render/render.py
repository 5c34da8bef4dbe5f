"""A :class:`pipeline.values.Timeline` becomes a file: frame-accurate, in sync, playable everywhere, checked.

Inputs are opened by seeking just before each cut and decoded accurately from there, so the time a clip takes does not
depend on where in a long film it lies. A result is written beside its final name, examined (length, start of sound and
picture, whether it decodes) and only then renamed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pipeline.atomic import beside
from pipeline.errors import BadRequest, Cancelled, DiskFull, FFmpegFailed
from pipeline.framing import framing
from pipeline.media import channels, ffmpeg
from pipeline.media.probe import probe
from pipeline.media.values import MediaInfo
from pipeline.messages import message
from pipeline.progress import Report, no_report, part_of
from pipeline.render import captions, colours, drawn, fonts, graph, loudness, shapes
from pipeline.render.checks import Checked, check
from pipeline.render.colours import Stream
from pipeline.render.graph import Canvas, Stretch
from pipeline.render.styles import CaptionStyle
from pipeline.values import Shot, Span, Timeline, Transcript

LONGEST_SIDE = 3840
SPARE_BYTES = 64 * 1024**2
COPYABLE = {"h264", "hevc", "av1", "vp9", "mpeg4", "aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}
"""Codecs an MP4 may carry unchanged."""


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How a timeline is rendered.

    ``aspect`` (of :data:`pipeline.render.shapes.ASPECTS`) crops to a shape in the way of ``framing`` (of ``FRAMINGS`` there);
    ``shots`` by source, on its clock. ``captions`` are on the **result's** clock (see :func:`pipeline.speech.clock.through`) and
    burned in with ``style``; ``hook`` is a title for the first ``hook_duration`` seconds. ``loudness`` in LUFS, ``None`` leaves the
    sound alone. ``tracks``: by source, the numbers of the audio tracks that are heard together (the first). ``fast_copy`` copies the
    packets of a single cut: instant, but it begins at the keyframe before (often seconds early) and ignores every option that changes
    picture or sound.
    """

    aspect: str = shapes.SOURCE
    size: tuple[int, int] | None = None
    fps: float | None = None
    framing: str = "follow"
    shots: Mapping[str, tuple[Shot, ...]] = field(default_factory=dict)
    captions: Transcript | None = None
    style: CaptionStyle = field(default_factory=CaptionStyle)
    hook: str = ""
    hook_duration: float = 4.0
    loudness: float | None = loudness.TARGET
    tracks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    crf: int = 21
    preset: str = "superfast"
    encoder: Literal["auto", "libx264"] = "auto"
    fast_copy: bool = False
    threads: int = 0


@dataclass(frozen=True, slots=True)
class RenderJob:
    """One file to render; ``known`` says what its sources are, where that is known."""

    timeline: Timeline
    out: Path
    options: RenderOptions = field(default_factory=RenderOptions)
    known: Mapping[str, MediaInfo] = field(default_factory=dict)


def render(
    timeline: Timeline, out: Path | str, options: RenderOptions | None = None, report: Report = no_report,
    known: Mapping[str, MediaInfo] | None = None,
) -> Checked:  # fmt: skip
    """Write ``timeline`` to ``out`` (.mp4, .mov, .mkv or .m4a) and return what was measured on the finished file.

    Sources of which nothing is ``known`` are probed.

    Raises:
        NotFound, UnreadableMedia, UnsupportedFormat: a source is not usable.
        BadRequest: the timeline is empty, or shorter than half a frame.
        DiskFull, FFmpegFailed: writing failed; nothing is left under the final name.
    """
    chosen, target = options or RenderOptions(), Path(out)
    given = known or {}
    infos = {s: given.get(s) or probe(s) for s in dict.fromkeys(cut.source for cut in timeline.cuts)}
    if not any(cut.span.duration > 0 for cut in timeline.cuts):
        raise BadRequest("error.empty_timeline")
    work = _Work(timeline, infos, chosen)
    if not work.parts:  # less than half a frame
        raise BadRequest("error.empty_timeline")
    _check_space(target, work)
    if chosen.fast_copy and work.copyable:
        return _copy(work, target, report)
    with tempfile.TemporaryDirectory(prefix="render-") as folder, beside(target) as part:
        work.folder = Path(folder)
        work.decide(part_of(report, 0.0, 0.25))
        _encode(work, part, part_of(report, 0.25, 0.97))
        checked = check(part, work.duration, audio=work.has_audio, video=work.has_video)
    report(1.0, message("progress.encoding"))
    return replace(checked, path=str(target), gain_db=work.gain.decibels)


def render_many(jobs: Sequence[RenderJob], report: Report = no_report, workers: int = 0) -> list[Checked]:
    """Render several files, more than one at a time where that is faster; the same results as one after the other.

    An error in one, or an exception from ``report``, stops all. ``report`` is only called from the caller's thread.
    """
    n_cores = os.cpu_count() or 1
    n_workers = max(1, min(workers or max(1, n_cores // 2 + 1), len(jobs), 8))
    stop, fractions = threading.Event(), [0.0] * len(jobs)

    def one(number: int) -> Checked:
        def note(fraction: float, _said: object) -> None:
            fractions[number] = fraction
            if stop.is_set():
                raise Cancelled

        job = jobs[number]
        return render(job.timeline, job.out, job.options, note, job.known)

    with ThreadPoolExecutor(n_workers, thread_name_prefix="render") as pool:
        futures = [pool.submit(one, n) for n in range(len(jobs))]
        try:
            while wait(futures, timeout=ffmpeg.TICK).not_done:
                done = sum(f >= 1 for f in fractions)
                report(sum(fractions) / len(jobs), message("progress.clips", done=done, n=len(jobs)))
                next((f.result() for f in futures if f.done() and f.exception()), None)
            return [f.result() for f in futures]
        finally:
            stop.set()
            for f in futures:
                f.cancel()


class _Work:
    """Everything known about one rendering: pieces, canvas, and the graph built from them as often as needed."""

    def __init__(self, timeline: Timeline, infos: Mapping[str, MediaInfo], options: RenderOptions) -> None:
        self.timeline, self.infos, self.options = timeline, infos, options
        first = next((i for i in infos.values() if i.video), next(iter(infos.values())))
        self.seen = any(i.video for i in infos.values())
        to_be_seen = options.captions is not None or bool(options.hook) or options.aspect != shapes.SOURCE
        self.has_video = self.seen or to_be_seen
        self.has_audio = any(i.audio for i in infos.values())
        self.canvas = canvas_of(first, options)
        self.parts = graph.pieces(timeline, {s: i.duration for s, i in infos.items()}, self.canvas.fps)
        self.duration = graph.total(self.parts)
        self.gain = loudness.Gain()
        self.paths: dict[int, framing.CropPath] = {}
        self.folder = Path()
        self.cover: Path | None = None
        self.written = False

    @property
    def copyable(self) -> bool:
        if len(self.timeline.cuts) != 1 or self.timeline.cuts[0].rate != 1.0:
            return False
        info = self.infos[self.timeline.cuts[0].source]
        codecs = {s.codec for s in info.audio} | ({info.video.codec} if info.video else set())
        return codecs <= COPYABLE

    def decide(self, report: Report) -> None:
        """What needs a look at the material first: where the crop goes, how loud it is, what is written on it."""
        wanted = self.options.aspect != shapes.SOURCE and shapes.FRAMINGS[self.options.framing].looks
        for number, piece in enumerate(self.parts):
            report(0.8 * number / len(self.parts), message("progress.framing"))
            info = self.infos[piece.source] if piece.source else None
            if wanted and info and info.video:
                span = Span(piece.start, piece.start + piece.duration / piece.rate)
                shots = self.options.shots.get(piece.source or "", ())
                self.paths[number] = framing.follow(info, span, self.canvas.width / self.canvas.height, shots)
        if self.options.loudness is not None and self.has_audio:
            quiet = part_of(report, 0.8, 1.0)
            self.gain = loudness.settle(self.audio, self.options.loudness, duration=self.duration, report=quiet)
        if self.has_video and not self.seen:
            self.cover = drawn.cover_of(list(self.infos.values()), self.folder)
        self.written = self.has_video and self._write_captions()

    def _write_captions(self) -> bool:
        options, size = self.options, (self.canvas.width, self.canvas.height)
        hook = captions.Hook(options.hook, Span(0.0, min(options.hook_duration, self.duration)), self._face_at_top())
        script = captions.to_ass(options.captions, size, options.style, hook, list(self._bands()))
        if "\nDialogue:" not in script:
            return False
        (self.folder / "captions.ass").write_text(script, encoding="utf-8")
        # libass reads every font of the folder it is given.
        (self.folder / "fonts").mkdir()
        for face in fonts.named(script):
            os.symlink(face.path, self.folder / "fonts" / face.file)
        return True

    def _bands(self) -> Iterator[captions.Band]:
        """When the picture does not fill the canvas, on the result's clock."""
        at = 0.0
        for number, piece in enumerate(self.parts):
            start, at = at - piece.lead, at + piece.duration - piece.lead
            info, shape = self.infos[piece.source] if piece.source else None, self._shape(number)
            if info is None or info.video is None:
                continue
            bottom = (self.canvas.height + shapes.fitted(info, self.canvas)[1]) // 2
            whole = shape in (shapes.letterbox, shapes.bars)
            path = self.paths.get(number)
            times = (
                [(0.0, piece.duration)] if whole else [shapes.on_result(b, piece) for b in path.bars] if path else []
            )
            yield from (captions.Band(start + a, start + b, bottom) for a, b in times)

    def _face_at_top(self) -> bool:
        heads = self.paths[0].heads if 0 in self.paths else None
        top = captions.layout((self.canvas.width, self.canvas.height), self.options.style).top / self.canvas.height
        return heads is not None and not self.paths[0].bars and heads[0] < top + 0.12 and heads[1] > top

    def _opened(self) -> Iterator[tuple[int, Stretch, Stream, float]]:
        inputs = graph.Inputs(self.infos)
        for number, piece in enumerate(self.parts):
            stream, offset = inputs.open(piece, len(self.parts)) if piece.source else (None, 0.0)
            yield number, piece, stream, offset

    def audio(self) -> Stream:
        """The joined sound before any gain, as a graph of its own."""
        heard = [self._sound(*opened) for opened in self._opened()]
        return graph.join(heard, self.parts, audio=True)

    def _sound(self, number: int, piece: Stretch, stream: Stream, offset: float) -> Stream:
        info = self.infos[piece.source] if piece.source else None
        if info is None or not info.audio:
            return graph.silence(piece, number)
        heard = [self._track(info, n, piece, stream, offset) for n in tracks_of(self.options, info)]
        return graph.mixed(heard)

    @staticmethod
    def _track(info: MediaInfo, number: int, piece: Stretch, stream: Stream, offset: float) -> Stream:
        pan = channels.PANS.get(channels.channels_of(info, number), "")
        return graph.sound(stream, piece, offset, info.audio[number].index, pan)

    def _picture(self, number: int, piece: Stretch, stream: Stream, offset: float) -> Stream:
        info = self.infos[piece.source] if piece.source else None
        if info is None or info.video is None:
            return graph.black(piece, self.canvas, number)
        return graph.picture(stream, piece, offset, info, self.canvas, shapes.closer(self._shape(number), piece.zoom))

    def _shape(self, number: int) -> graph.Shape:
        if self.options.aspect == shapes.SOURCE:
            return shapes.letterbox
        return shapes.FRAMINGS[self.options.framing].shape(self.paths.get(number))

    def streams(self) -> list[Stream]:
        """Picture and sound of the whole, ready to encode."""
        opened = list(self._opened())
        found: list[Stream] = []
        audio = None
        if self.has_audio:
            audio = graph.join([self._sound(*o) for o in opened], self.parts, audio=True)
            audio = loudness.apply(audio, self.gain)
        if self.seen:
            found.append(graph.join([self._picture(*o) for o in opened], self.parts, audio=False))
        elif self.has_video:
            audio, picture = drawn.behind(audio, self.cover, self.canvas, self.duration, self.options.style)
            found.append(picture)
        if self.written:
            found[0] = found[0].filter("ass", filename="captions.ass", fontsdir="fonts")
        return found if audio is None else [*found, audio]


def tracks_of(options: RenderOptions, info: MediaInfo) -> tuple[int, ...]:
    """The numbers of the audio tracks of a source that are heard; the first where what was asked for is not there."""
    there = tuple(n for n in options.tracks.get(info.path, (0,)) if 0 <= n < len(info.audio))
    return there or (0,)


def canvas_of(info: MediaInfo, options: RenderOptions) -> Canvas:
    """Size and frame rate of what is rendered from ``info`` (the first piece with a picture)."""
    fps = graph.frame_rate(info, options.fps)
    if options.size:
        width, height = options.size
    elif options.aspect != shapes.SOURCE:
        width, height = shapes.standard_size(options.aspect, info)
    elif info.video:
        width, height = info.video.display_width, info.video.display_height
    else:
        width, height = 1280, 720
    shrink = min(1.0, LONGEST_SIDE / max(width, height))
    return Canvas(shapes.even(width * shrink), shapes.even(height * shrink), fps)


def _encode(work: _Work, part: Path, report: Report) -> None:
    import ffmpeg as graphs

    encoder = ffmpeg.video_encoder() if work.options.encoder == "auto" else work.options.encoder
    for name in dict.fromkeys((encoder, "libx264")):
        output = graphs.output(*work.streams(), ffmpeg.safe_output(part), **_codec_options(work, name))
        try:
            ffmpeg.run(output.get_args(), report=report, duration=work.duration, cwd=work.folder)
            return
        except FFmpegFailed:
            # A card can run out of encoder sessions or refuse a size that the trial frame did not show.
            if name == "libx264":
                raise


def _codec_options(work: _Work, encoder: str) -> dict[str, Any]:
    options: dict[str, Any] = {"map_metadata": -1, "map_chapters": -1, "movflags": "+faststart"}
    if work.has_video:
        tag = colours.TAGS[colours.guessed(work.canvas.width, work.canvas.height)]
        tags = {"color_primaries": tag, "color_trc": tag, "colorspace": tag, "color_range": "tv"}
        options |= {"c:v": encoder, "pix_fmt": "yuv420p", "g": max(1, round(work.canvas.fps * 2)), **tags}
        if encoder == "libx264":
            options |= {"preset": work.options.preset, "crf": work.options.crf, "threads": work.options.threads}
        else:
            options |= {"preset": "p4", "rc": "vbr", "cq": work.options.crf + 3, "b:v": 0}
    if work.has_audio:
        options |= {"c:a": "aac", "b:a": "160k", "ar": graph.AUDIO_RATE}
    return options


def _copy(work: _Work, target: Path, report: Report) -> Checked:
    cut = work.timeline.cuts[0]
    info = work.infos[cut.source]
    streams = [info.video.index] if info.video else []
    if info.audio:
        streams.append(info.audio[tracks_of(work.options, info)[0]].index)
    args = ["-ss", f"{info.seek(cut.span.start):.6f}", "-t", f"{cut.span.duration:.6f}", *ffmpeg.safe_input(info.path)]
    args += [word for index in streams for word in ("-map", f"0:{index}")]
    args += ["-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1", "-avoid_negative_ts", "make_zero"]
    with beside(target) as part:
        args += ["-movflags", "+faststart", ffmpeg.safe_output(part)]
        ffmpeg.run(args, report=report, duration=cut.span.duration)
        checked = check(part, None, audio=bool(info.audio), video=info.video is not None)
    return replace(checked, path=str(target))


def _check_space(target: Path, work: _Work) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    pixels = work.canvas.width * work.canvas.height * float(work.canvas.fps) if work.has_video else 0.0
    # 0.2 bit a pixel is far over what crf 20 needs on ordinary material.
    needed = int(work.duration * (pixels * 0.2 + 160_000) / 8) + SPARE_BYTES
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise DiskFull(needed=needed, free=free)
