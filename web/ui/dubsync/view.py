"""The dub's plan as pictures and tables: verdict, offset over time with segments and witnesses, phrases side by side."""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pipeline.messages import clock, format_number
from syncdub.making.review import bar_within
from syncdub.witnesses import WITNESSES
from web.ui.language import percent, tell
from web.ui.timeline import attr, editable, toolbar

HEIGHT, LEFT, BOTTOM, TOP = 320, 78, 34, 14
WIDTHS = {"wide": 960, "narrow": 380}
"""Of the drawing for wide screens and of that for phones."""
SEAMLESS, OPEN_MS = 0.001, 250.0
"""Seconds under which one piece goes on where the one before ends; milliseconds of an error bar that stands for a join that may lie
anywhere in its piece: no line jumps by less there."""
LEAST_TOLD = 0.005
"""Seconds."""
N_ANCHORS = 1500
MARKS = {"circle": "●", "square": "■", "triangle": "△"}
"""How the shapes of witnesses look in a line of text."""
GRIP = 10.0
"""Half the height, in the drawing's units, within which a hand takes hold of a segment."""


@dataclass(frozen=True)
class Map:
    """``plan`` is drawn; ``facts`` (the finished film's, where there is one) make the verdict. ``job`` is empty until segments can be
    moved; ``edits`` are the moves so far."""

    plan: Mapping[str, Any]
    facts: Mapping[str, Any] | None = None
    job: str = ""
    edits: Mapping[str, Any] = field(default_factory=dict)


def whole_view(shown: Map, language: str) -> str:
    """Verdict, plot, what moves segments, and the segments as a table."""
    plan = shown.plan
    refused = plan["verdict"] == "refuse"
    movable = bool(shown.job) and not refused and bool(plan["segments"])
    body = (
        f"{verdict_card(shown.facts or plan, language)}{'' if refused else plot(plan, language, movable=movable)}"
        f"{_tools(plan, language) if movable else ''}{'' if refused else segment_table(plan, language)}"
    )
    return f'<div class="studio sync"{editable(shown.job, shown.edits, body)}>{body}</div>'


def join_words(missing: float, extra: float, language: str) -> str:
    """What a join leaves without dub and leaves out of it, in seconds; what is less than a hundredth is not worth a word."""
    parts = {"missing": missing, "extra": extra}
    told = [tell(f"ui.sync.join.{name}", language, seconds=s) for name, s in parts.items() if s >= LEAST_TOLD]
    return tell("ui.sync.join", language, what=", ".join(told)) if told else tell("batch.place.join", language)


def verdict_card(plan: Mapping[str, Any], language: str) -> str:
    """The decision in a line, with the figures it rests on."""
    items = "".join(f"<div><dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd></div>" for k, v in _facts(plan, language))
    title = html.escape(tell(f"ui.verdict.{plan['verdict']}", language))
    mark = "✕" if plan["verdict"] == "refuse" else "✓"
    return f'<section class="verdict {plan["verdict"]}"><h2><span aria-hidden="true">{mark}</span> {title}</h2><dl>{items}</dl></section>'


def _facts(plan: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    segments = plan["segments"]
    if plan["verdict"] == "refuse":  # nothing was found that a figure could describe
        return []
    rate = format_number(plan["rate"], 6, language).rstrip("0").rstrip(".,")
    facts: list[tuple[str, str]] = [(tell("ui.sync.rate", language), f"× {rate}")]
    if segments:
        confidence = min(s["confidence"] for s in segments)
        facts += [
            (tell("ui.sync.offset", language), f"{format_number(segments[0]['offset_ms'] / 1000, 3, language)} s"),
            (tell("ui.sync.segments", language), str(len(segments))),
            (tell("ui.sync.error", language), f"± {format_number(_usual_error(segments), 0, language)} ms"),
            (tell("ui.sync.confidence", language), percent(confidence, language)),
        ]
    residual = plan.get("residual_ms")
    if residual and residual.get("median") is not None:
        text = f"{format_number(residual['median'], 1, language)} / {format_number(residual['p95'], 1, language)} ms"
        facts.append((tell("ui.sync.residual", language), text))
    return facts


def _usual_error(segments: Sequence[Mapping[str, Any]]) -> float:
    """The error bar (milliseconds) that half of the placed time stays within."""
    return bar_within([(s["error_ms"], s["dub_end"] - s["dub_start"]) for s in segments], 0.5)


def _tools(plan: Mapping[str, Any], language: str) -> str:
    """Numbers beside the plot: which segment is moved, by how much."""
    names = [("all", tell("ui.sync.all_segments", language))]
    names += [(str(n), str(n + 1)) for n in range(len(plan["segments"]))]
    choices = "".join(f'<option value="{value}">{html.escape(name)}</option>' for value, name in names)
    fields = (
        f"<label>{html.escape(tell('ui.sync.segment_choice', language))} <select data-pick>{choices}</select></label>"
        f'<label>{html.escape(tell("ui.sync.nudge", language))} <input type="number" step="1" value="0" data-ms></label>'
    )
    return toolbar(language, fields) + f'<p class="soft">{html.escape(tell("ui.sync.move_help", language))}</p>'


def plot(plan: Mapping[str, Any], language: str, *, movable: bool = False) -> str:
    """Offset over the dub's time: segments with error bands, what each witness said, gaps. Segments can be dragged.

    Drawn twice, for wide screens and for phones; the style sheet shows one.
    """
    keys = "".join(
        f'<span><b class="key" style="color:var({w.colour})" aria-hidden="true">{MARKS[w.shape]}</b> {html.escape(tell(w.title, language))}</span>'
        for w in WITNESSES.values()
    )
    drawn = "".join(_drawing(plan, language, movable, width, name) for name, width in WIDTHS.items())
    name = attr(tell("ui.sync.plot", language))
    return f'<figure><div class="plot">{drawn}</div><figcaption><strong>{name}</strong>{keys}</figcaption></figure>'


def _drawing(plan: Mapping[str, Any], language: str, movable: bool, width: int, kind: str) -> str:
    segments: Sequence[Mapping[str, Any]] = plan["segments"]
    anchors = _thinned(plan.get("anchors") or [])
    end = max([s["dub_end"] for s in segments] + [a["dub"] for a in anchors] + [plan.get("dub_duration") or 0.0, 1.0])
    scale = _Scale(end, *_range(segments, anchors), width)
    said = _said_at(plan.get("matches") or ())
    shapes = [_grid(scale, language), _gaps(segments, scale, language)]
    shapes += [_anchor(a, scale, said) for a in anchors if scale.low <= a["original"] - a["dub"] <= scale.high]
    shapes += [_segment(n, s, scale, language, movable) for n, s in enumerate(segments)]
    name, unit = attr(tell("ui.sync.plot", language)), (scale.high - scale.low) / (HEIGHT - BOTTOM - TOP)
    return f'<svg class="{kind}" viewBox="0 0 {width} {HEIGHT}" role="group" aria-label="{name}" data-scale="{unit:.8f}">{"".join(shapes)}</svg>'


def _said_at(matches: Sequence[Mapping[str, Any]]) -> dict[float, str]:
    """Second of the dub → the matched phrases, for what appears over an anchor."""
    return {round(m["dub"]["start"], 1): f"{m['original']['text']} ↔ {m['dub']['text']}" for m in matches}


class _Scale:
    """Seconds of dub and seconds of offset → the drawing's units."""

    def __init__(self, end: float, low: float, high: float, width: int) -> None:
        self.end, self.low, self.high, self.width = end, low, high, width

    def x(self, time: float) -> float:
        return LEFT + (self.width - LEFT - 12) * time / self.end

    def y(self, offset: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (offset - self.low) / (self.high - self.low)


def _range(segments: Sequence[Mapping[str, Any]], anchors: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    values = [s["original_start"] - s["dub_start"] for s in segments] + [
        s["original_end"] - s["dub_end"] for s in segments
    ]
    if not values:
        ordered = sorted(a["original"] - a["dub"] for a in anchors) or [0.0]
        values = [ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]]
    bars = [
        s["error_ms"] for s in segments if s["error_ms"] < OPEN_MS
    ]  # an open join's reaches to its neighbour's line
    room = max(0.05, 0.15 * (max(values) - min(values)), 4 * max(bars, default=0.0) / 1000)
    return min(values) - room, max(values) + room


def _thinned(anchors: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    step = max(1, len(anchors) // N_ANCHORS)
    return anchors[::step]


def _grid(scale: _Scale, language: str) -> str:
    lines = []
    for i in range(5):
        offset = scale.low + (scale.high - scale.low) * i / 4
        y = scale.y(offset)
        digits = 3 if scale.high - scale.low < 2 else 1
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{scale.width - 12}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{format_number(offset, digits, language)} s</text>'
        )
        time = scale.end * i / 4
        lines.append(
            f'<text x="{scale.x(time):.1f}" y="{HEIGHT - 10}" text-anchor="{"start" if i == 0 else "end" if i == 4 else "middle"}">{clock(time)}</text>'
        )
    return "".join(lines)


def goes_on(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether one line goes on from a segment to the next, and only its error bar is another."""
    missing, extra = after["original_start"] - before["original_end"], after["dub_start"] - before["dub_end"]
    return bool(max(abs(missing), abs(extra)) < SEAMLESS)


def _gaps(segments: Sequence[Mapping[str, Any]], scale: _Scale, language: str) -> str:
    out = []
    for before, after in itertools.pairwise(segments):
        x1, x2 = scale.x(before["dub_end"]), scale.x(after["dub_start"])
        missing = after["original_start"] - before["original_end"]
        extra = after["dub_start"] - before["dub_end"]
        if goes_on(before, after):
            continue
        text = html.escape(join_words(missing, extra, language))
        out.append(
            f'<rect class="gap" x="{x1:.1f}" y="{TOP}" width="{max(3.0, x2 - x1):.1f}" height="{HEIGHT - BOTTOM - TOP}"><title>{text}</title></rect>'
        )
    return "".join(out)


def _anchor(anchor: Mapping[str, Any], scale: _Scale, said: Mapping[float, str]) -> str:
    x, y = scale.x(anchor["dub"]), scale.y(anchor["original"] - anchor["dub"])
    known = WITNESSES[anchor["witness"]]
    text = "" if known.exact else said.get(round(anchor["dub"], 1), "")
    title = f"<title>{clock(anchor['dub'])} {html.escape(text)}</title>"
    look = f'class="said {known.shape}" style="--said:var({known.colour})"'
    if known.shape == "circle":
        return f'<circle {look} cx="{x:.1f}" cy="{y:.1f}" r="2.6">{title}</circle>'
    if known.shape == "square":
        return f'<rect {look} x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5">{title}</rect>'
    return f'<path {look} d="M{x:.1f} {y - 4.5:.1f} l4.5 8 h-9 Z">{title}</path>'


def _segment(n: int, segment: Mapping[str, Any], scale: _Scale, language: str, movable: bool) -> str:
    x1, x2 = scale.x(segment["dub_start"]), scale.x(segment["dub_end"])
    a, b = segment["original_start"] - segment["dub_start"], segment["original_end"] - segment["dub_end"]
    err = segment["error_ms"] / 1000
    points = f"{x1:.1f},{scale.y(a + err):.1f} {x2:.1f},{scale.y(b + err):.1f} {x2:.1f},{scale.y(b - err):.1f} {x1:.1f},{scale.y(a - err):.1f}"
    told = "ui.sync.segment" if segment["error_ms"] < OPEN_MS else "ui.sync.segment_open"
    text = attr(
        tell(told, language, n=n + 1, start=segment["dub_start"], end=segment["dub_end"],
             offset=segment["offset_ms"] / 1000, error=segment["error_ms"])
    )  # fmt: skip
    role = (
        'tabindex="0" role="slider" aria-orientation="vertical" aria-valuemin="-600000" aria-valuemax="600000" aria-valuenow="0" '
        'aria-valuetext="0 ms"' if movable else 'role="img"'
    )  # fmt: skip
    at = f'x1="{x1:.1f}" y1="{scale.y(a):.1f}" x2="{x2:.1f}" y2="{scale.y(b):.1f}"'
    corners = ((x1, scale.y(a) - GRIP), (x2, scale.y(b) - GRIP), (x2, scale.y(b) + GRIP), (x1, scale.y(a) + GRIP))
    grip = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return (
        f'<g data-segment="{n}"><polygon class="err" points="{points}"/><line class="drawn" {at}/>'
        f'<polygon class="seg" {role} aria-label="{text}" points="{grip}"><title>{text}</title></polygon></g>'
    )


def segment_table(plan: Mapping[str, Any], language: str) -> str:
    """Every segment with offset, error bar and the witnesses that agree."""
    if not plan["segments"]:
        return ""
    names = [
        tell(f"ui.sync.col.{c}", language)
        for c in ("n", "dub", "original", "offset", "error", "confidence", "witnesses")
    ]
    head = "".join(f'<th scope="col">{html.escape(n)}</th>' for n in names)
    rows = "".join(_segment_row(n, s, names, language) for n, s in enumerate(plan["segments"], 1))
    name = attr(tell("ui.sync.segments", language))
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{name}"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _segment_row(n: int, s: Mapping[str, Any], names: Sequence[str], language: str) -> str:
    """A row; every cell carries its column's name, which phones show beside it."""
    who = ", ".join(tell(w.title, language) for w in WITNESSES.values() if s["evidence"].get(w.name))
    offset = s["offset_ms"] / 1000
    cells = (
        ("", str(n)), ("", f"{clock(s['dub_start'])}–{clock(s['dub_end'])}"), ("", f"{clock(s['original_start'])}–{clock(s['original_end'])}"),
        (f' data-offset-of="{n - 1}" data-offset="{offset:.4f}"', f"{format_number(offset, 3, language)} s"),
        ("", _error(s, language)), ("", percent(s["confidence"], language)), ("", who),
    )  # fmt: skip
    drawn = "".join(
        f'<td{"" if name == names[-1] else " class=num"} data-label="{attr(name)}"{more}>{html.escape(text)}</td>'
        for name, (more, text) in zip(names, cells, strict=True)
    )
    return f"<tr>{drawn}</tr>"


def _error(segment: Mapping[str, Any], language: str) -> str:
    """The error bar; of a piece that may already belong to its neighbour, that instead of so many seconds."""
    if segment["error_ms"] >= OPEN_MS:
        return tell("ui.sync.join_here", language)
    return f"± {format_number(segment['error_ms'], 0, language)} ms"


def phrases(plan: Mapping[str, Any], language: str) -> pd.DataFrame:
    """Matched phrases, doubtful first."""
    names = [tell(f"ui.phrases.{c}", language) for c in ("time", "original", "dub_time", "dub", "similarity", "offset")]
    matches = sorted(plan.get("matches") or [], key=lambda m: (m["similarity"], m["original"]["start"]))
    rows = [
        (clock(m["original"]["start"]), m["original"]["text"], clock(m["dub"]["start"]), m["dub"]["text"],
         round(m["similarity"], 2), round(m["offset_ms"] / 1000, 2))
        for m in matches
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)
