"""One rendering: its pieces, its canvas, what had to be looked at first, and the graph built from them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.captions import fonts, script
from pipeline.captions.placing import Band, Ground, Taken, layout
from pipeline.framing import framing
from pipeline.media import channels
from pipeline.media.values import MediaInfo
from pipeline.messages import message
from pipeline.progress import Report, part_of
from pipeline.render import brand, colours, drawn, graph, loudness, shapes
from pipeline.render.colours import Stream
from pipeline.render.graph import Canvas, Stretch
from pipeline.render.options import RenderOptions
from pipeline.values import Span, Timeline

LONGEST_SIDE = 3840
COPYABLE = {"h264", "hevc", "av1", "vp9", "mpeg4", "aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}
"""Codecs an MP4 may carry unchanged."""


class Work:
    """Everything known about one rendering: pieces, canvas, and the graph built from them as often as needed."""

    def __init__(self, timeline: Timeline, infos: Mapping[str, MediaInfo], options: RenderOptions) -> None:
        self.timeline, self.infos, self.options = timeline, infos, options
        first = next((i for i in infos.values() if i.video), next(iter(infos.values())))
        self.seen = any(i.video for i in infos.values())
        to_be_seen = options.captions is not None or bool(options.hook) or options.aspect != shapes.SOURCE
        self.has_video = self.seen or to_be_seen
        self.has_audio = options.music is not None or any(i.audio for i in infos.values())
        self.canvas = canvas_of(first, options)
        self.parts = graph.pieces(timeline, {s: i.duration for s, i in infos.items()}, self.canvas.fps)
        self.duration = graph.total(self.parts)
        self.gain = loudness.Gain()
        self.bed = loudness.Gain()
        self.paths: dict[int, framing.CropPath] = {}
        self.folder = Path()
        self.cover: Path | None = None
        self.written = False

    @property
    def crops(self) -> dict[int, framing.CropPath]:
        """How the frame moves, by the number of the piece among those that show something."""
        shown = [n for n, piece in enumerate(self.parts) if piece.source is not None]
        return {i: self.paths[n] for i, n in enumerate(shown) if n in self.paths}

    @property
    def copyable(self) -> bool:
        if len(self.timeline.cuts) != 1 or self.timeline.cuts[0].rate != 1.0:
            return False
        info = self.infos[self.timeline.cuts[0].source]
        codecs = {s.codec for s in info.audio} | ({info.video.codec} if info.video else set())
        return codecs <= COPYABLE

    @property
    def enlargement(self) -> float:
        """How many times as large as it was the least enlarged picture is drawn; 1 where whole pictures are shown."""
        if self.options.aspect == shapes.SOURCE or self.options.framing == "bars":
            return 1.0
        shown = [i.video for i in self.infos.values() if i.video]
        sides = [(self.canvas.width / v.display_width, self.canvas.height / v.display_height) for v in shown]
        return max(1.0, min((max(side) for side in sides), default=1.0))

    def decide(self, report: Report) -> None:
        """What needs a look at the material first: where the crop goes, how loud it is, what is written on it."""
        self.look_at(report)
        if self.options.loudness is not None and self.has_audio:
            quiet = part_of(report, 0.8, 1.0)
            self.gain = loudness.settle(self.audio, self.options.loudness, duration=self.duration, report=quiet)
        if self.options.music is not None:
            music, target = self.options.music, self.options.loudness or loudness.TARGET
            self.bed = loudness.gain_for(loudness.measure(brand.bed(music, self.duration)), target + music.level)
        if self.has_video and not self.seen:
            self.cover = drawn.cover_of(list(self.infos.values()), self.folder)
        self.written = self.has_video and self._write_captions()

    def look_at(self, report: Report) -> None:
        """Where the crop of every piece goes."""
        wanted = self.options.aspect != shapes.SOURCE and shapes.FRAMINGS[self.options.framing].looks
        for number, piece in enumerate(self.parts):
            report(0.8 * number / len(self.parts), message("progress.framing"))
            info = self.infos[piece.source] if piece.source else None
            if wanted and info and info.video:
                span = Span(piece.start, piece.start + piece.duration / piece.rate)
                shots = self.options.shots.get(piece.source or "", ())
                hands = self.options.hands.get(piece.source or "", ())
                self.paths[number] = framing.follow(info, span, self.canvas.width / self.canvas.height, shots, hands)

    def still(self, time: float) -> Stream:
        """The picture at ``time`` of the result without what is written on it, as a graph of one frame."""
        clocks = list(self._clocks())
        number, piece, at = next((c for c in reversed(clocks) if c[2] <= time), clocks[0])
        into = max(0.0, min(time - at, piece.duration - 1 / self.canvas.fps))
        one = replace(piece, start=piece.start + into / piece.rate, duration=float(1 / self.canvas.fps), lead=0.0)
        stream, offset = graph.Inputs(self.infos).open(one, 1) if one.source else (None, 0.0)
        return self._picture(number, one, stream, offset)

    @property
    def look(self) -> script.Look:
        """How captions look."""
        own = script.own_face(self.options.font) if self.options.font else None
        return script.Look(self.options.style, own, self.options.keys)

    def script(self) -> str:
        """What is written on the picture, as ASS."""
        options, size = self.options, (self.canvas.width, self.canvas.height)
        hook = script.Hook(options.hook, Span(0.0, min(options.hook_duration, self.duration)), self._face_at_top())
        ground = Ground(tuple(self._bands()), tuple(self._faces()), options.safe)
        return script.to_ass(options.captions, size, self.look, hook, ground)

    def _write_captions(self) -> bool:
        text = self.script()
        if "\nDialogue:" not in text:
            return False
        burned = colours.for_drawing(text, (self.canvas.width, self.canvas.height))
        (self.folder / "captions.ass").write_text(burned, encoding="utf-8")
        # libass reads every font of the folder it is given.
        (self.folder / "fonts").mkdir()
        for face in fonts.named(text, self.look.own):
            os.symlink(face.path, self.folder / "fonts" / face.path.name)
        return True

    def _clocks(self) -> Iterator[tuple[int, Stretch, float]]:
        """Every piece and when it begins on the result's clock."""
        at = 0.0
        for number, piece in enumerate(self.parts):
            yield number, piece, at - piece.lead
            at += piece.duration - piece.lead

    def _faces(self) -> Iterator[Taken]:
        """Where heads are in the result, and where two parts of it meet, shot by shot."""
        height = self.canvas.height
        for number, piece, start in self._clocks():
            path = self.paths.get(number)
            for shot in path.layouts if path is not None and path.axis == "x" else ():
                a, b = (start + t for t in shapes.on_result(shot.span, piece))
                if shot.kind == "whole" or b <= start or a >= start + piece.duration:
                    continue
                yield from (Taken(a, b, low * height, high * height) for low, high in shot.heads)
                if shot.parts:
                    yield Taken(a, b, shot.split * height - 2, shot.split * height + 2)

    def _bands(self) -> Iterator[Band]:
        """When the picture does not fill the canvas, on the result's clock."""
        for number, piece, start in self._clocks():
            info, shape = self.infos[piece.source] if piece.source else None, self._shape(number)
            if info is None or info.video is None:
                continue
            bottom = (self.canvas.height + shapes.fitted(info, self.canvas)[1]) // 2
            whole = shape in (shapes.letterbox, shapes.bars)
            path = self.paths.get(number)
            times = (
                [(0.0, piece.duration)] if whole else [shapes.on_result(b, piece) for b in path.bars] if path else []
            )
            yield from (Band(start + a, start + b, bottom) for a, b in times)

    def _face_at_top(self) -> bool:
        heads = self.paths[0].heads if 0 in self.paths else None
        top = (
            layout((self.canvas.width, self.canvas.height), self.options.style, self.options.safe).top
            / self.canvas.height
        )
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
            if self.options.music is not None:
                audio = brand.with_music(audio, self.options.music, self.bed, self.duration)
        if self.seen:
            found.append(graph.join([self._picture(*o) for o in opened], self.parts, audio=False))
        elif self.has_video:
            audio, picture = drawn.behind(audio, self.cover, self.canvas, self.duration, self.options.style)
            found.append(picture)
        if self.options.logo is not None and found:
            found[0] = brand.with_logo(found[0], self.options.logo, self.canvas, self.options.safe)
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
