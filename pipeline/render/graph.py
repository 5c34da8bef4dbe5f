"""From an edit plan to ffmpeg's filter graph: which frames and samples of which input follow one another.

:func:`pieces` is a pure function on values; :func:`picture` and :func:`sound` write it as ffmpeg-python graphs. Every
piece begins and ends on a frame of the result: sound and picture have exactly the same length, and joining many pieces
cannot make them drift apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.media.ffmpeg import safe_input
from pipeline.media.values import MediaInfo
from pipeline.render import colours
from pipeline.render.colours import Stream
from pipeline.values import Cut, Timeline

AUDIO_RATE = 48000
DECLICK = 0.010
"""Fade at every hard edge of sound, seconds: a jump in the waveform is heard as a click."""
PREROLL = 12.0
"""Containers without an index may land after the wanted keyframe; seek this much earlier and trim, seconds."""
NO_INDEX = frozenset({"mpegts", "mpeg", "flv", "live_flv", "asf", "h264", "hevc", "mpegvideo"})
STANDARD_RATES = (Fraction(24), Fraction(25), Fraction(30), Fraction(50), Fraction(60))
MAX_RATE = Fraction(60)


@dataclass(frozen=True, slots=True)
class Stretch:
    """``duration`` seconds of the result from ``start`` of ``source`` (``None``: black and silence) at ``rate``.

    ``lead`` seconds of it overlap the piece before in a cross-fade. Its sound begins ``early`` and ends ``late`` seconds outside of it,
    to fade into its neighbours'. The picture is drawn ``zoom`` times as large.
    """

    source: str | None
    start: float
    duration: float
    rate: float = 1.0
    lead: float = 0.0
    zoom: float = 1.0
    early: float = 0.0
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class Canvas:
    """What every piece is brought to: even ``width`` × ``height`` square pixels at ``fps``."""

    width: int
    height: int
    fps: Fraction


def frame_rate(info: MediaInfo, wanted: float | None = None) -> Fraction:
    """The constant frame rate of a result: the source's own (NTSC rates exact), a standard one for variable rates."""
    fps = wanted or (info.video.fps if info.video else 0.0)
    if not math.isfinite(fps) or fps <= 0:
        return Fraction(25)
    if info.video and info.video.variable_rate and not wanted:
        return next((r for r in STANDARD_RATES if r >= fps * 0.98), MAX_RATE)
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    exact = ntsc if abs(float(ntsc) - fps) < 0.004 else Fraction(fps).limit_denominator(1001)
    return min(max(exact, Fraction(1)), MAX_RATE)


def pieces(timeline: Timeline, ends: Mapping[str, float], fps: Fraction) -> tuple[Stretch, ...]:
    """The timeline as pieces on the frame grid, gaps filled, cross-fades as overlaps.

    Cuts that overlap on the result's clock cross-fade there. Cuts that touch cross-fade over ``timeline.crossfade``
    seconds centred on the join, with material from beyond their spans as editors do; ``ends``: how long sources are.
    """
    cuts = [_on_grid(cut, fps) for cut in sorted(timeline.cuts, key=lambda c: (c.at, c.end))]
    found: list[Stretch] = []
    clock = 0.0
    for cut in (c for c in cuts if c.end > c.at):
        half_frame = 0.5 / fps
        if cut.at - clock > half_frame:
            found.append(Stretch(None, 0.0, cut.at - clock))
        lead = max(0.0, clock - cut.at)
        if found and found[-1].source is not None and abs(cut.at - clock) <= half_frame:
            found[-1], cut, lead = _with_handles(found[-1], cut, timeline.crossfade, ends, fps)
        lead = min(lead, found[-1].duration if found else 0.0, cut.end - cut.at)
        found.append(Stretch(cut.source, cut.span.start, cut.end - cut.at, cut.rate, lead, cut.zoom))
        clock = max(clock, cut.end)
    return _softened(found, timeline.soft / 2, ends) if timeline.soft > 0 else tuple(found)


def _softened(parts: Sequence[Stretch], half: float, ends: Mapping[str, float]) -> tuple[Stretch, ...]:
    """Pieces that touch with the ``half`` seconds of sound that each has beyond the join, where both sources go on so far."""
    out = list(parts)
    for n, (one, two) in enumerate(itertools.pairwise(parts)):
        if one.source is None or two.source is None or two.lead > 0:
            continue
        rest = (ends.get(one.source, math.inf) - one.start) * one.rate - one.duration
        room = min(half, rest, two.start * two.rate, one.duration / 2, two.duration / 2)
        if room > 0:
            out[n], out[n + 1] = replace(out[n], late=room), replace(two, early=room)
    return tuple(out)


def _on_grid(cut: Cut, fps: Fraction) -> Cut:
    at, end = (float(round(Fraction(t) * fps) / fps) for t in (cut.at, cut.end))
    span = replace(cut.span, end=cut.span.start + (end - at) / cut.rate)
    return replace(cut, at=at, span=span)


def _with_handles(
    before: Stretch, cut: Cut, wanted: float, ends: Mapping[str, float], fps: Fraction
) -> tuple[Stretch, Cut, float]:
    assert before.source is not None
    after_end = ends.get(before.source, math.inf) - (before.start + before.duration / before.rate)
    halves = (wanted / 2, before.duration / 2, (cut.end - cut.at) / 2)
    room = min(*halves, after_end * before.rate, cut.span.start * cut.rate)
    half = float(Fraction(math.floor(Fraction(max(0.0, room)) * fps + Fraction(1, 1000))) / fps)
    if half <= 0:
        return before, cut, 0.0
    span = replace(cut.span, start=cut.span.start - half / cut.rate)
    return replace(before, duration=before.duration + half), replace(cut, at=cut.at - half, span=span), 2 * half


def total(parts: Sequence[Stretch]) -> float:
    """Length of the joined pieces, seconds."""
    return sum(p.duration - p.lead for p in parts)


class Inputs:
    """The inputs of a graph, one for every piece, each opened just before its first frame."""

    def __init__(self, infos: Mapping[str, MediaInfo]) -> None:
        self.infos = infos
        self._used: dict[str, int] = {}

    def open(self, piece: Stretch, n_pieces: int) -> tuple[Stream, float]:
        """The input and where in it the piece begins, seconds."""
        import ffmpeg

        assert piece.source is not None
        info = self.infos[piece.source]
        preroll = PREROLL if set(info.container.split(",")) & NO_INDEX else 0.0
        seek = info.seek(piece.start)
        # What is heard before the first frame must be read too.
        landed = max(0.0, seek - preroll - piece.early / piece.rate)
        # ffmpeg-python takes equal inputs for one and the same; a piece that occurs twice needs two.
        position = f"{landed:.6f}"
        self._used[position] = self._used.get(position, 0) + 1
        options: dict[str, Any] = {"ss": position + "0" * (self._used[position] - 1)}
        options["t"] = f"{seek - landed + (piece.duration + piece.late) / piece.rate + 1.0:.6f}"
        if n_pieces > 4:  # many open decoders: their frame threads would only cost memory
            options["threads"] = 1
        *flags, _, address = safe_input(Path(info.path))
        options |= {flag.lstrip("-"): value for flag, value in zip(flags[::2], flags[1::2], strict=True)}
        return ffmpeg.input(address, **options), seek - landed


Shape = Callable[[Stream, Stretch, MediaInfo, Canvas], Stream]
"""How a source's picture is brought onto the canvas (letterbox, moving crop, …); see :mod:`pipeline.framing.framing`."""


def picture(stream: Stream, piece: Stretch, offset: float, info: MediaInfo, canvas: Canvas, shape: Shape) -> Stream:
    """The picture of a piece: constant rate, upright, square pixels, 8 bit, exactly as many frames as the piece has."""
    assert info.video is not None
    frames = round(piece.duration * canvas.fps)
    video = colours.progressive(stream[str(info.video.index)], info.video)
    if offset > 0:
        video = video.filter("trim", start=f"{offset:.6f}").filter("setpts", f"PTS-{offset:.6f}/TB")
    if piece.rate != 1.0:
        video = video.filter("setpts", f"PTS*{piece.rate!r}")
    video = video.filter("fps", fps=f"{canvas.fps.numerator}/{canvas.fps.denominator}", start_time=0)
    size = (canvas.width, canvas.height)
    video, changed = colours.before(video, info.video, size)
    video = shape(video, piece, info, canvas).filter("setsar", 1)
    video = colours.on_canvas(video, info.video, size, changed=changed)
    video = video.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=frames)
    return video.filter("setpts", "PTS-STARTPTS").filter("settb", f"{canvas.fps.denominator}/{canvas.fps.numerator}")


def sound(stream: Stream, piece: Stretch, offset: float, index: int, pan: str = "") -> Stream:
    """The sound of a piece on its clock: late starts and gaps are silence, exactly as long as the piece, no clicks.

    ``pan`` mends its channels (ffmpeg's filter of that name).
    """
    audio = stream[str(index)]
    offset -= piece.early / piece.rate
    if offset > 0:
        audio = audio.filter("atrim", start=f"{offset:.6f}").filter("asetpts", f"PTS-{offset:.6f}/TB")
    audio = audio.filter("aresample", AUDIO_RATE, **{"async": 1, "first_pts": 0})
    audio = audio.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    if pan:
        audio = audio.filter("pan", pan)
    for factor in tempo_steps(1.0 / piece.rate):
        audio = audio.filter("atempo", repr(factor))
    length = piece.early + piece.duration + piece.late
    samples = round(piece.duration * AUDIO_RATE) + round(piece.early * AUDIO_RATE) + round(piece.late * AUDIO_RATE)
    audio = audio.filter("apad").filter("atrim", end_sample=samples).filter("asetpts", "N/SR/TB")
    if piece.lead == 0 and piece.early == 0:
        audio = audio.filter("afade", type="in", duration=DECLICK)
    if piece.late > 0:
        return audio
    return audio.filter("afade", type="out", start_time=f"{max(0.0, length - DECLICK):.6f}", duration=DECLICK)


def mixed(tracks: Sequence[Stream]) -> Stream:
    """Several sounds of equal length at once, each as loud as it was."""
    import ffmpeg

    return tracks[0] if len(tracks) == 1 else ffmpeg.filter(list(tracks), "amix", inputs=len(tracks), normalize=0)


def tempo_steps(tempo: float) -> list[float]:
    """A tempo as factors in [0.5, 2], where atempo keeps every sample; empty for 1."""
    steps: list[float] = []
    while tempo > 2.0 or tempo < 0.5:
        steps.append(2.0 if tempo > 2.0 else 0.5)
        tempo /= steps[-1]
    return steps + ([tempo] if abs(tempo - 1.0) > 1e-6 else [])


def black(piece: Stretch, canvas: Canvas, number: int) -> Stream:
    """The picture of the ``number``-th piece, which shows nothing."""
    import ffmpeg

    rate = f"{canvas.fps.numerator}/{canvas.fps.denominator}"
    source = f"color=c=black:s={canvas.width}x{canvas.height}:r={rate}:d={_unique(piece, number)}"
    video = ffmpeg.input(source, f="lavfi").filter("trim", end_frame=round(piece.duration * canvas.fps))
    video = colours.from_rgb(video.filter("setsar", 1), (canvas.width, canvas.height)).filter("setpts", "PTS-STARTPTS")
    return video.filter("settb", f"{canvas.fps.denominator}/{canvas.fps.numerator}")


def silence(piece: Stretch, number: int) -> Stream:
    """The sound of the ``number``-th piece, where nothing is heard."""
    import ffmpeg

    source = ffmpeg.input(f"anullsrc=r={AUDIO_RATE}:cl=stereo:d={_unique(piece, number)}", f="lavfi")
    audio = source.filter("atrim", end_sample=round(piece.duration * AUDIO_RATE))
    return audio.filter("aformat", sample_fmts="fltp", channel_layouts="stereo").filter("asetpts", "N/SR/TB")


def _unique(piece: Stretch, number: int) -> str:
    """Longer than needed by something of its own: ffmpeg-python takes equal inputs for one and the same."""
    return f"{piece.duration + 1 + number / 1000:.6f}"


def join(streams: Sequence[Stream], parts: Sequence[Stretch], *, audio: bool) -> Stream:
    """All pieces one after the other, cross-faded where they overlap."""
    joined, length = streams[0], parts[0].duration
    run = [joined]
    for stream, piece in zip(streams[1:], parts[1:], strict=True):
        if audio and piece.early > 0:
            joined = _fade(_concat(run, audio=True), stream, 2 * piece.early, 0.0, audio=True)
            run = [joined]
        elif piece.lead > 0:
            joined = _fade(_concat(run, audio=audio), stream, piece.lead, length - piece.lead, audio=audio)
            run = [joined]
        else:
            run.append(stream)
        length += piece.duration - piece.lead
    return _concat(run, audio=audio)


def _concat(run: Sequence[Stream], *, audio: bool) -> Stream:
    import ffmpeg

    if len(run) == 1:
        return run[0]
    return ffmpeg.filter(list(run), "concat", n=len(run), v=0 if audio else 1, a=1 if audio else 0)


def _fade(first: Stream, second: Stream, seconds: float, offset: float, *, audio: bool) -> Stream:
    import ffmpeg

    if audio:
        return ffmpeg.filter([first, second], "acrossfade", ns=round(seconds * AUDIO_RATE), c1="qsin", c2="qsin")
    return ffmpeg.filter([first, second], "xfade", transition="fade", duration=f"{seconds:.6f}", offset=f"{offset:.6f}")
