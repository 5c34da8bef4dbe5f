"""A :class:`pipeline.values.Transcript` as it is burned in: an ASS script with the spoken word marked."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.captions import fonts
from pipeline.captions.cues import LONGEST, CaptionCue, Measure, cues, wrapped
from pipeline.captions.fonts import Face
from pipeline.captions.placing import ANCHORS, Ground, Layout, Margin, Taken, block_height, layout, margin
from pipeline.captions.styles import OWN, CaptionStyle
from pipeline.speech.clock import clean
from pipeline.values import Span, Transcript, Word

HOOK_SCALE = 1.1
WORD_JOINER = "\u2060"
LARGER = {"scale": 1.14, "pop": 1.18}
"""By how much a spoken word grows."""
LEAP = (80, 200)
"""Milliseconds after which a leaping word is largest, and after which it has its size again."""
BOX_PADDING = 0.16
"""Sizes of the text that a box is wider than its letters."""
SMALLEST = 0.4
"""A word longer than a line is drawn this much smaller at most before it is torn."""
SPOKEN_LONGEST = 3.5
"""Seconds a cue is shown where single words are marked."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A title during ``span``; ``low`` puts it above the captions instead of at the top, where it would hide a face."""

    text: str
    span: Span = field(default=Span(0.0, 4.0))
    low: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """A style with what draws it: its ``own`` font where it has one, and when words are said that earned points."""

    style: CaptionStyle = field(default_factory=CaptionStyle)
    own: Face | None = None
    keys: tuple[Span, ...] = ()

    @property
    def face(self) -> Face:
        """The font that draws what no script's own font must."""
        if self.style.font == OWN and self.own is not None:
            return self.own
        return fonts.BRAND_FONTS.get(self.style.font, fonts.MAIN)


def own_face(file: Path) -> Face:
    """The font in ``file`` (see :func:`pipeline.captions.own_fonts.checked`)."""
    from pipeline.captions.own_fonts import family

    return Face(family(file), str(file), bold=False)


@functools.lru_cache(maxsize=8)
def measure_at(size: float, language: str, main: Face = fonts.MAIN) -> Measure:
    """Width in pixels of a line at the ASS size ``size``."""
    return functools.lru_cache(maxsize=4096)(lambda text: fonts.width(text, size, language, main))


def to_ass(
    transcript: Transcript | None,
    size: tuple[int, int],
    look: Look | CaptionStyle | None = None,
    hook: Hook | None = None,
    ground: Ground | None = None,
) -> str:
    """Advanced SubStation Alpha for a picture of ``size``: captions, clear of what is in ``ground``, and a title."""
    chosen = look if isinstance(look, Look) else Look(look or CaptionStyle())
    around = ground or Ground()
    place = layout(size, chosen.style, around.safe)
    language = transcript.language if transcript else ""
    titles: list[str] = []
    if hook is not None and clean(hook.text):
        titles = [_title(hook, size, place, chosen, language)]
        if not hook.low:
            taken = Taken(hook.span.start, hook.span.end, place.top, place.top + block_height(place) * HOOK_SCALE)
            around = replace(around, taken=(*around.taken, taken))
    events = list(_Writer(chosen, size, place, language, around).spoken(transcript)) if transcript else []
    return _head(size, place, chosen) + "".join([*events, *titles])


def _title(hook: Hook, size: tuple[int, int], place: Layout, look: Look, language: str) -> str:
    # Titles are drawn at one size whatever the captions' is.
    letters = HOOK_SCALE * place.size / look.style.scale
    lift = rf"\an2\pos({size[0] // 2},{round(size[1] - place.bottom - 3 * place.size)})" if hook.low else ""
    lines = wrapped(clean(hook.text), language, measure_at(letters, language, look.face), place.width)
    text = r"\N".join(dressed(line, letters, language, look.face) for line in lines)
    return event(hook.span.start, hook.span.end, "Hook", rf"{{\fad(120,200){lift}}}" + text)


class _Writer:
    """The events of one script."""

    def __init__(self, look: Look, size: tuple[int, int], place: Layout, language: str, ground: Ground) -> None:
        self.look, self.style, self.size, self.place, self.ground = look, look.style, size, place, ground
        self.language = language
        self.letters, self.reset = place.size, r"\fs"

    def dress(self, text: str) -> str:
        return dressed(text, self.letters, self.language, self.look.face, reset=self.reset)

    def spoken(self, transcript: Transcript) -> Iterator[str]:
        """The events of all cues."""
        style, measure = self.style, measure_at(self.place.size, self.language, self.look.face)
        limit = (self.place.width - self.place.size * 2 * BOX_PADDING * (style.mark == "box")) / LARGER.get(
            style.mark, 1.0
        )
        longest = LONGEST if style.mark == "none" else SPOKEN_LONGEST
        said = cased(transcript, style.case)
        found = cues(
            said, measure=measure, limit=limit, longest=longest, most_words=style.words, torn_from=1 / SMALLEST
        )
        for cue in found:
            self._fit(max(map(measure, cue.lines)), limit)
            where = margin((cue.start, cue.end), style, self.size[1], self.place, self.ground)
            if style.back == "bar":
                yield self._bar(cue, where)
            yield from self._cue(cue, where)

    def _fit(self, width: float, limit: float) -> None:
        """Letters small enough for a word that is longer than a line."""
        small = min(1.0, limit / width) if width else 1.0
        self.letters = self.place.size * small
        self.reset = rf"\fs{self.letters:.1f}" if small < 1.0 else r"\fs"

    @property
    def sized(self) -> str:
        """What an event begins with where its letters are smaller than its style's."""
        return "" if self.letters == self.place.size else f"{{{self.reset}}}"

    def _cue(self, cue: CaptionCue, where: Margin) -> Iterator[str]:
        if self.style.mark == "none":
            yield event(cue.start, cue.end, "Text", self._text(cue, None), where)
        elif self.style.mark == "fill":
            yield event(cue.start, cue.end, "Text", self._filled(cue), where)
        else:
            edges = _edges(cue)
            for number, (start, end) in enumerate(itertools.pairwise(edges)):
                if end - start >= 0.01:
                    yield event(start, end, "Text", self._text(cue, number), where)

    def _text(self, cue: CaptionCue, spoken: int | None) -> str:
        """The whole cue with word ``spoken`` marked: one event a word, so nothing but the word changes."""
        number, lines = 0, []
        for line, row in enumerate(cue.rows):
            parts: list[tuple[str, str, str]] = []
            for n, word in enumerate(row):
                shown = word.text.lstrip() if n == 0 else word.text
                opened, closed = self._tags(word, line, marked=number == spoken)
                bare = shown.lstrip()
                parts += [("", shown[: len(shown) - len(bare)], ""), (opened, bare, closed)]
                number += 1
            lines.append("".join(self._run(*part) for part in _joined(parts)))
        return self.sized + r"\N".join(lines)

    def _run(self, opened: str, text: str, closed: str) -> str:
        return f"{opened}{self.dress(text)}{closed}"

    def _tags(self, word: Word, line: int, *, marked: bool) -> tuple[str, str]:
        style = self.style
        base = self._base(word, line)
        if not marked or style.mark in ("none", "fill"):
            return (_ink(base), _ink(style.colour)) if base != style.colour else ("", "")
        if style.mark == "box":
            smaller = self.reset if self.sized else ""
            return rf"{{\rMark{smaller}}}", rf"{{\r{smaller}}}"
        ink = base if base == style.key else style.highlight
        if style.mark == "colour":
            return _ink(ink), _ink(style.colour)
        large = round(100 * LARGER[style.mark])
        grown = rf"\fscx{large}\fscy{large}"
        if style.mark == "pop":
            grown = rf"\t(0,{LEAP[0]},{grown})\t({LEAP[0]},{LEAP[1]},\fscx100\fscy100)"
        return f"{{\\c{_colour(ink)}&{grown}}}", f"{{\\c{_colour(style.colour)}&\\fscx100\\fscy100}}"

    def _base(self, word: Word, line: int) -> str:
        """The colour of a word that is not being spoken."""
        middle = (word.start + word.end) / 2
        if self.style.key and any(key.contains(middle) for key in self.look.keys):
            return self.style.key
        return self.style.second if line and self.style.second else self.style.colour

    def _filled(self, cue: CaptionCue) -> str:
        """Letters that fill with the highlight while they are spoken (ASS ``\\kf``, hundredths of a second)."""
        edges, number, lines = _edges(cue), 0, []
        whole = rf"{{\1c{_colour(self.style.highlight)}&\2c{_colour(self.style.colour)}&}}"
        for row in cue.rows:
            text = ""
            for n, word in enumerate(row):
                time = round(100 * edges[number + 1]) - round(100 * edges[number])
                shown = word.text.lstrip() if n == 0 else word.text
                text += rf"{{\kf{time}}}" + self.dress(shown)
                number += 1
            lines.append(text)
        return self.sized + whole + r"\N".join(lines)

    def _bar(self, cue: CaptionCue, where: Margin) -> str:
        """A bar across the picture behind a cue, as a drawing under the text."""
        width, height = self.size
        thick = round((len(cue.rows) + 0.5) * self.place.size)
        anchor = where.anchor or ANCHORS[self.style.place]
        near = where.pixels if where.anchor else {2: self.place.bottom, 5: 0, 8: self.place.top}[anchor]
        gap = round(0.25 * self.place.size)
        top = {2: height - near + gap - thick, 5: (height - thick) // 2, 8: near - gap}[anchor]
        ink, alpha = _colour(self.style.back_colour), _alpha(self.style.opacity)
        drawing = rf"{{\an7\pos(0,{top})\bord0\shad0\1c{ink}&\1a{alpha}&\p1}}m 0 0 l {width} 0 {width} {thick} 0 {thick}{{\p0}}"
        return event(cue.start, cue.end, "Text", drawing, layer=-1)


def _edges(cue: CaptionCue) -> list[float]:
    """When each word of a cue begins, and when the cue ends."""
    starts = [max(cue.start, w.start) for w in cue.words]
    return [cue.start, *(max(cue.start, min(cue.end, s)) for s in starts[1:]), cue.end]


def _joined(parts: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Neighbours that look the same as one: a font is then named once, and letters join."""
    found: list[tuple[str, str, str]] = []
    for opened, text, closed in parts:
        if found and found[-1][0] == opened and r"\t(" not in opened and r"\r" not in opened:
            found[-1] = (opened, found[-1][1] + text, closed)
        elif text:
            found.append((opened, text, closed))
    return found


def cased(transcript: Transcript, case: str) -> Transcript:
    """``transcript`` in capitals or small letters, as its language writes them; as it is for ``said``."""
    if case == "said":
        return transcript
    write = _writer(case, transcript.language)
    return replace(
        transcript,
        sentences=tuple(
            replace(s, text=write(s.text), words=tuple(replace(w, text=write(w.text)) for w in s.words))
            for s in transcript.sentences
        ),
    )


def _writer(case: str, language: str) -> Callable[[str], str]:
    turkic = language in ("tr", "az")
    if case == "upper":
        return lambda text: (text.replace("i", "İ") if turkic else text).upper()
    return lambda text: (text.replace("I", "ı").replace("İ", "i") if turkic else text).lower()


def _head(size: tuple[int, int], place: Layout, look: Look) -> str:
    style, face = look.style, look.face
    vertical = place.top if style.place == "top" else place.bottom
    bold = -1 if face.bold else 0
    common = f"{bold},0,0,0,100,100,0,0"
    margins = f"{place.side},{place.side}"
    white, dark, behind = _colour(style.colour), _colour(style.outline_colour), "&H90000000"
    form, line, shadow = 1, max(style.outline and 1.0, place.size * style.outline), place.size * style.shadow
    if style.back == "line":
        form, line, shadow, dark = 3, place.size * BOX_PADDING, 0.0, _colour(style.back_colour, style.opacity)
    elif style.back == "block":
        form, shadow, behind = 4, place.size * BOX_PADDING, _colour(style.back_colour, style.opacity)
    title = place.size * HOOK_SCALE / style.scale
    mark, text = _colour(style.highlight), _colour("#101010" if luminance(style.highlight) > 0.4 else "#ffffff")
    # -1 as the encoding lets libass find the direction of each line by itself.
    rest = f"{margins},{vertical},-1\n"
    return (
        "[Script Info]\nScriptType: v4.00+\n"
        f"PlayResX: {size[0]}\nPlayResY: {size[1]}\nWrapStyle: 0\nScaledBorderAndShadow: yes\n\n"
        "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
        "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, "
        "MarginL, MarginR, MarginV, Encoding\n"
        f"Style: Text,{face.family},{place.size:.1f},{white},{white},{dark},{behind},{common},{form},{line:.1f},{shadow:.1f},"
        f"{ANCHORS[style.place]},{rest}"
        f"Style: Mark,{face.family},{place.size:.1f},{text},{text},{mark},{mark},{common},3,{place.size * BOX_PADDING:.1f},0,"
        f"{ANCHORS[style.place]},{rest}"
        f"Style: Hook,{face.family},{title:.1f},&H00101010,&H00101010,&H00FFFFFF,&H00FFFFFF,{common},3,"
        f"{title / HOOK_SCALE * 0.22:.1f},0,8,{margins},{place.top},-1\n\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )


def luminance(colour: str) -> float:
    """How light ``#rrggbb`` is, 0 to 1 (WCAG 2, relative luminance without the gamma of dark tones)."""
    red, green, blue = (float((int(colour[i : i + 2], 16) / 255) ** 2.2) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def dressed(text: str, size: float, language: str = "", main: Face = fonts.MAIN, *, reset: str = r"\fs") -> str:
    """Escaped text for a style of the font ``main`` at ``size`` in which each run names the font that draws it; ``reset`` gives the
    size back after one."""
    shown = []
    for face, run in fonts.runs(text, language, main):
        if face is main:
            shown.append(escape(run))
        else:
            shown.append(rf"{{\fn{face.family}\fs{size * fonts.scale(face, main):.1f}}}{escape(run)}{{\fn{reset}}}")
    return "".join(shown)


def escape(text: str) -> str:
    """Text that ASS shows as it is: braces would begin commands, backslashes breaks."""
    return text.replace("\\", "\\" + WORD_JOINER).replace("{", r"\{").replace("}", r"\}")


def event(start: float, end: float, style: str, text: str, where: Margin | None = None, *, layer: int = 0) -> str:
    """A line of the script that shows ``text`` from ``start`` to ``end`` seconds."""
    pixels = where.pixels if where else 0
    placed = rf"{{\an{where.anchor}}}{text}" if where and where.anchor else text
    return f"Dialogue: {layer},{_ass_time(start)},{_ass_time(end)},{style},,0,0,{pixels},,{placed}\n"


def _ass_time(seconds: float) -> str:
    cs = max(0, round(seconds * 100))
    return f"{cs // 360_000}:{cs // 6000 % 60:02d}:{cs // 100 % 60:02d}.{cs % 100:02d}"


def _ink(colour: str) -> str:
    return rf"{{\c{_colour(colour)}&}}"


def _alpha(opacity: float) -> str:
    return f"&H{round(255 * (1 - opacity)):02X}"


def _colour(value: str, opacity: float = 1.0) -> str:
    """``#rrggbb`` → ``&Haabbggrr``; white when it is none."""
    found = re.fullmatch(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", value.strip())
    return f"{_alpha(opacity)}{found[3]}{found[2]}{found[1]}".upper() if found else "&H00FFFFFF"
