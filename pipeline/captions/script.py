"""A :class:`pipeline.values.Transcript` as it is burned in: an ASS script with the spoken word highlighted."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.captions import fonts
from pipeline.captions.cues import LONGEST, MAX_LINES, CaptionCue, Measure, cues, wrapped
from pipeline.captions.styles import CaptionStyle
from pipeline.speech.clock import clean
from pipeline.values import Span, Transcript

HOOK_SCALE = 1.1
EDGE_GAP = 0.35
"""Sizes of the text between captions and the edge of a picture."""
COVERED = 0.24
"""Share of an upright picture, at the bottom, that descriptions cover on a phone."""
WORD_JOINER = "\u2060"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where burned text goes, in pixels of the result."""

    size: float
    width: float
    side: int
    bottom: int
    top: int


def layout(size: tuple[int, int], style: CaptionStyle) -> Layout:
    """Text size and margins for a picture of ``size``; upright ones keep clear of what phone applications draw on them.

    Their buttons take about 12 % at the right, the description a quarter at the bottom, the tabs a tenth at the top.
    """
    width, height = size
    upright, square = height > 1.2 * width, height > 0.8 * width
    text = (0.040 if upright else 0.055 if square else 0.060) * height * style.scale
    side = round((0.12 if upright else 0.08) * width)
    bottom = round((0.27 if upright else 0.08) * height)
    top = round((0.14 if upright else 0.06) * height)
    return Layout(text, width - 2.0 * side, side, bottom, top)


@functools.lru_cache(maxsize=8)
def measure_at(size: float, language: str) -> Measure:
    """Width in pixels of a line at the ASS size ``size``."""
    return functools.lru_cache(maxsize=4096)(lambda text: fonts.width(text, size, language))


@dataclass(frozen=True, slots=True)
class Hook:
    """A title during ``span``; ``low`` puts it above the captions instead of at the top, where it would hide a face."""

    text: str
    span: Span = field(default=Span(0.0, 4.0))
    low: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """From ``start`` to ``end`` the picture is a band that ends over the line ``bottom`` of the result; other things are below."""

    start: float
    end: float
    bottom: int


def to_ass(
    transcript: Transcript | None,
    size: tuple[int, int],
    style: CaptionStyle | None = None,
    hook: Hook | None = None,
    bands: Sequence[Band] = (),
) -> str:
    """Advanced SubStation Alpha for a picture of ``size``: captions, off the lower edges of ``bands``, and a title."""
    chosen = style or CaptionStyle()
    place = layout(size, chosen)
    language = transcript.language if transcript else ""
    events = _spoken(transcript, size, chosen, bands) if transcript else []
    if hook is not None and clean(hook.text):
        lift = rf"\an2\pos({size[0] // 2},{round(size[1] - place.bottom - 3 * place.size)})" if hook.low else ""
        letters = HOOK_SCALE * place.size
        lines = wrapped(clean(hook.text), language, measure_at(letters, language), place.width)
        text = r"\N".join(dressed(line, letters, language) for line in lines)
        events.append(_event(hook.span.start, hook.span.end, "Hook", rf"{{\fad(120,200){lift}}}" + text))
    return _head(size, place, chosen) + "".join(events)


def _spoken(transcript: Transcript, size: tuple[int, int], style: CaptionStyle, bands: Sequence[Band]) -> list[str]:
    """The events of all cues."""
    place, language = layout(size, style), transcript.language
    measure = measure_at(place.size, language)
    dress = functools.partial(dressed, size=place.size, language=language)
    events: list[str] = []
    for cue in cues(transcript, measure=measure, limit=place.width, longest=3.5 if style.karaoke else LONGEST):
        band = next((b for b in bands if b.start < (cue.start + cue.end) / 2 < b.end), None)
        where = _beside(band, size[1], place) if band and style.place == "bottom" else Margin()
        if style.karaoke:
            events += _karaoke(cue, style, dress, where)
        else:
            events.append(_event(cue.start, cue.end, "Text", r"\N".join(map(dress, cue.lines)), where))
    return events


@dataclass(frozen=True, slots=True)
class Margin:
    """Where a line of text is put instead of at its style's place: ``anchor`` (ASS alignment) and pixels from that edge."""

    anchor: int = 0
    pixels: int = 0


def _beside(band: Band, height: int, place: Layout) -> Margin:
    """Captions that would lie across the edge of a band go right under it, or into it where phones cover what is under it."""
    gap, block = EDGE_GAP * place.size, (MAX_LINES + 0.2) * place.size
    low = height - place.bottom
    if band.bottom + gap <= low - block or band.bottom - gap >= low:
        return Margin()
    if band.bottom + gap + block <= (1 - COVERED) * height:
        return Margin(8, round(band.bottom + gap))
    return Margin(2, round(height - band.bottom + gap))


def _head(size: tuple[int, int], place: Layout, style: CaptionStyle) -> str:
    anchor = {"bottom": 2, "middle": 5, "top": 8}[style.place]
    vertical = place.top if style.place == "top" else place.bottom
    common = "-1,0,0,0,100,100,0,0"
    line = f"{max(1.0, place.size * 0.07):.1f},{max(0.5, place.size * 0.025):.1f}"
    margins = f"{place.side},{place.side}"
    white, dark = _colour(style.colour), "&H00101010"
    # -1 as the encoding lets libass find the direction of each line by itself.
    return (
        "[Script Info]\nScriptType: v4.00+\n"
        f"PlayResX: {size[0]}\nPlayResY: {size[1]}\nWrapStyle: 0\nScaledBorderAndShadow: yes\n\n"
        "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
        "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, "
        "MarginL, MarginR, MarginV, Encoding\n"
        f"Style: Text,{fonts.MAIN.family},{place.size:.1f},{white},{white},{dark},&H90000000,{common},1,{line},{anchor},"
        f"{margins},{vertical},-1\n"
        f"Style: Hook,{fonts.MAIN.family},{place.size * HOOK_SCALE:.1f},&H00101010,&H00101010,&H00FFFFFF,&H00FFFFFF,{common},3,"
        f"{place.size * 0.22:.1f},0,8,{margins},{place.top},-1\n\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )


def _karaoke(cue: CaptionCue, style: CaptionStyle, dress: Callable[[str], str], where: Margin) -> list[str]:
    """One event a word, the whole text in each: only the colour changes, nothing moves."""
    mark, back = r"{\c" + _colour(style.highlight) + "&}", r"{\c" + _colour(style.colour) + "&}"
    words = cue.words
    starts = [max(cue.start, w.start) for w in words]
    edges = [cue.start, *(max(cue.start, min(cue.end, s)) for s in starts[1:]), cue.end]
    found = []
    for number in range(len(words)):
        if edges[number + 1] - edges[number] < 0.01:
            continue
        text = _marked(cue, number, mark, back, dress)
        found.append(_event(edges[number], edges[number + 1], "Text", text, where))
    return found


def _marked(cue: CaptionCue, number: int, mark: str, back: str, dress: Callable[[str], str]) -> str:
    lines, first = [], 0
    for row in cue.rows:
        shown = [w.text.lstrip() if n == 0 else w.text for n, w in enumerate(row)]
        at = number - first
        if 0 <= at < len(row):
            bare = shown[at].lstrip()
            gap = shown[at][: len(shown[at]) - len(bare)]
            before, after = "".join(shown[:at]) + gap, "".join(shown[at + 1 :])
            lines.append(f"{dress(before)}{mark}{dress(bare)}{back}{dress(after)}")
        else:
            lines.append(dress("".join(shown)))
        first += len(row)
    return r"\N".join(lines)


def dressed(text: str, size: float, language: str = "") -> str:
    """Escaped text for a style of the main font at ``size`` in which each run names the font that draws it."""
    shown = []
    for face, run in fonts.runs(text, language):
        if face is fonts.MAIN:
            shown.append(escape(run))
        else:
            shown.append(rf"{{\fn{face.family}\fs{size * fonts.scale(face):.1f}}}{escape(run)}{{\fn\fs}}")
    return "".join(shown)


def escape(text: str) -> str:
    """Text that ASS shows as it is: braces would begin commands, backslashes breaks."""
    return text.replace("\\", "\\" + WORD_JOINER).replace("{", r"\{").replace("}", r"\}")


def _event(start: float, end: float, style: str, text: str, where: Margin | None = None) -> str:
    pixels = where.pixels if where else 0
    placed = rf"{{\an{where.anchor}}}{text}" if where and where.anchor else text
    return f"Dialogue: 0,{_ass_time(start)},{_ass_time(end)},{style},,0,0,{pixels},,{placed}\n"


def _ass_time(seconds: float) -> str:
    cs = max(0, round(seconds * 100))
    return f"{cs // 360_000}:{cs // 6000 % 60:02d}:{cs // 100 % 60:02d}.{cs % 100:02d}"


def _colour(value: str) -> str:
    """``#rrggbb`` → ``&H00bbggrr``; white when it is none."""
    found = re.fullmatch(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", value.strip())
    return f"&H00{found[3]}{found[2]}{found[1]}".upper() if found else "&H00FFFFFF"
