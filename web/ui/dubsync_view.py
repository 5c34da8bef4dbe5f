"""The dub's plan as pictures and tables: verdict, offset over time with segments and witnesses, phrases side by side."""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.messages import clock, format_number
from web.ui.language import tell

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 960, 320, 78, 34, 14
N_ANCHORS = 1500


def verdict_card(plan: Mapping[str, Any], language: str) -> str:
    """The decision in a line, with the figures it rests on."""
    segments = plan["segments"]
    facts: list[tuple[str, str]] = [(tell("ui.sync.rate", language), f"{plan['rate']:.6f}".rstrip("0").rstrip("."))]
    if segments:
        errors = sorted(s["error_ms"] for s in segments)
        confidence = min(s["confidence"] for s in segments)
        facts += [
            (tell("ui.sync.offset", language), f"{format_number(segments[0]['offset_ms'] / 1000, 3, language)} s"),
            (tell("ui.sync.segments", language), str(len(segments))),
            (tell("ui.sync.error", language), f"± {format_number(errors[len(errors) // 2], 0, language)} ms"),
            (tell("ui.sync.confidence", language), f"{round(100 * confidence)} %"),
        ]
    residual = plan.get("residual_ms")
    if residual and residual.get("median") is not None:
        text = f"{format_number(residual['median'], 1, language)} / {format_number(residual['p95'], 1, language)} ms"
        facts.append((tell("ui.sync.residual", language), text))
    items = "".join(f"<div><dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd></div>" for k, v in facts)
    title = html.escape(tell(f"ui.verdict.{plan['verdict']}", language))
    return f'<section class="verdict {plan["verdict"]}"><h2>{title}</h2><dl>{items}</dl></section>'


def plot(plan: Mapping[str, Any], language: str) -> str:
    """Offset over the dub's time: segments with error bands, what each witness said, gaps. A click on a segment selects it."""
    segments: Sequence[Mapping[str, Any]] = plan["segments"]
    anchors = _thinned(plan.get("anchors") or [])
    end = max([s["dub_end"] for s in segments] + [a["dub"] for a in anchors] + [plan.get("dub_duration") or 0.0, 1.0])
    low, high = _range(segments, anchors)
    scale = _Scale(end, low, high)
    shapes = [_grid(scale, language), _gaps(segments, scale, language)]
    shapes += [_anchor(a, scale) for a in anchors if low <= a["original"] - a["dub"] <= high]
    shapes += [_segment(n, s, scale, language) for n, s in enumerate(segments)]
    keys = "".join(
        f"<span>{mark} {html.escape(tell(f'ui.witness.{w}', language))}</span>"
        for w, mark in (("sound", "●"), ("picture", "■"), ("meaning", "△"))
    )
    name = html.escape(tell("ui.sync.plot", language))
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{name}">{"".join(shapes)}</svg>'
        f"<figcaption><strong>{name}</strong>{keys}</figcaption></figure>"
    )


class _Scale:
    """Seconds of dub and seconds of offset → the drawing's units."""

    def __init__(self, end: float, low: float, high: float) -> None:
        self.end, self.low, self.high = end, low, high

    def x(self, time: float) -> float:
        return LEFT + (WIDTH - LEFT - 12) * time / self.end

    def y(self, offset: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (offset - self.low) / (self.high - self.low)


def _range(segments: Sequence[Mapping[str, Any]], anchors: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    values = [s["original_start"] - s["dub_start"] for s in segments] + [
        s["original_end"] - s["dub_end"] for s in segments
    ]
    if not values:
        ordered = sorted(a["original"] - a["dub"] for a in anchors) or [0.0]
        values = [ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]]
    room = max(0.05, 0.15 * (max(values) - min(values)), 4 * max((s["error_ms"] for s in segments), default=0.0) / 1000)
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
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{format_number(offset, digits, language)} s</text>'
        )
        time = scale.end * i / 4
        lines.append(
            f'<text x="{scale.x(time):.1f}" y="{HEIGHT - 10}" text-anchor="{"start" if i == 0 else "end" if i == 4 else "middle"}">{clock(time)}</text>'
        )
    return "".join(lines)


def _gaps(segments: Sequence[Mapping[str, Any]], scale: _Scale, language: str) -> str:
    out = []
    for before, after in itertools.pairwise(segments):
        x1, x2 = scale.x(before["dub_end"]), scale.x(after["dub_start"])
        missing = after["original_start"] - before["original_end"]
        extra = after["dub_start"] - before["dub_end"]
        text = html.escape(tell("ui.sync.join", language, missing=missing, extra=extra))
        out.append(
            f'<rect class="gap" x="{x1:.1f}" y="{TOP}" width="{max(3.0, x2 - x1):.1f}" height="{HEIGHT - BOTTOM - TOP}"><title>{text}</title></rect>'
        )
    return "".join(out)


def _anchor(anchor: Mapping[str, Any], scale: _Scale) -> str:
    x, y = scale.x(anchor["dub"]), scale.y(anchor["original"] - anchor["dub"])
    title = f"<title>{clock(anchor['dub'])} {html.escape(str(anchor.get('text', '')))}</title>"
    if anchor["witness"] == "sound":
        return f'<circle class="sound" cx="{x:.1f}" cy="{y:.1f}" r="2.6">{title}</circle>'
    if anchor["witness"] == "picture":
        return f'<rect class="picture" x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5">{title}</rect>'
    return f'<path class="meaning" d="M{x:.1f} {y - 4.5:.1f} l4.5 8 h-9 Z">{title}</path>'


def _segment(n: int, segment: Mapping[str, Any], scale: _Scale, language: str) -> str:
    x1, x2 = scale.x(segment["dub_start"]), scale.x(segment["dub_end"])
    a, b = segment["original_start"] - segment["dub_start"], segment["original_end"] - segment["dub_end"]
    err = segment["error_ms"] / 1000
    points = f"{x1:.1f},{scale.y(a + err):.1f} {x2:.1f},{scale.y(b + err):.1f} {x2:.1f},{scale.y(b - err):.1f} {x1:.1f},{scale.y(a - err):.1f}"
    text = html.escape(
        tell(
            "ui.sync.segment",
            language,
            n=n + 1,
            start=segment["dub_start"],
            end=segment["dub_end"],
            offset=segment["offset_ms"] / 1000,
            error=segment["error_ms"],
        )
    )
    return (
        f'<polygon class="err" points="{points}"/><line class="seg" tabindex="0" role="button" data-segment="{n}" aria-label="{text}" '
        f'x1="{x1:.1f}" y1="{scale.y(a):.1f}" x2="{x2:.1f}" y2="{scale.y(b):.1f}"><title>{text}</title></line>'
    )


def segment_table(plan: Mapping[str, Any], language: str) -> str:
    """Every segment with offset, error bar and the witnesses that agree."""
    if not plan["segments"]:
        return ""
    names = [
        tell(f"ui.sync.col.{c}", language)
        for c in ("n", "dub", "original", "offset", "error", "confidence", "witnesses")
    ]
    head = "".join(f"<th>{html.escape(n)}</th>" for n in names)
    rows = "".join(_segment_row(n, s, language) for n, s in enumerate(plan["segments"], 1))
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _segment_row(n: int, s: Mapping[str, Any], language: str) -> str:
    who = ", ".join(tell(f"ui.witness.{w}", language) for w in ("sound", "picture", "meaning") if s["evidence"].get(w))
    cells = (
        str(n), f"{clock(s['dub_start'])}–{clock(s['dub_end'])}", f"{clock(s['original_start'])}–{clock(s['original_end'])}",
        f"{format_number(s['offset_ms'] / 1000, 3, language)} s", f"± {format_number(s['error_ms'], 0, language)} ms",
        f"{round(100 * s['confidence'])} %",
    )  # fmt: skip
    return (
        "<tr>" + "".join(f'<td class="num">{html.escape(c)}</td>' for c in cells) + f"<td>{html.escape(who)}</td></tr>"
    )


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
