"""The timeline of a video with its moments: evidence curve, sound events, shots, numbered clips, and one player for them all.

Everything is one HTML value; a click or a key on a clip plays it in the browser without asking the server.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.messages import clock, format_number
from web.ui.language import tell

N_POINTS = 600
"""Points of a drawn curve; more than the pixels of a phone, fewer than a browser notices."""
LANES = ("laughter", "applause", "cheering", "crowd", "scream", "music")


def stage(result: Mapping[str, Any], clips: Sequence[Mapping[str, Any]], language: str) -> str:
    """The whole view. ``clips`` are localised: start, end, duration, score, reasons, url, poster; in order of rank."""
    if not clips:
        return ""
    first = clips[0]
    player = (
        f'<video controls playsinline preload="metadata" src="{_attr(first["url"])}" poster="{_attr(first.get("poster", ""))}" '
        f'aria-label="{_attr(tell("ui.player", language))}"></video>'
    )
    return (
        f'<div class="studio stage">{player}{timeline(result.get("timeline", {}), clips, language)}'
        f'<ol class="cards">{"".join(_card(n, c, language) for n, c in enumerate(clips, 1))}</ol></div>'
    )


def timeline(evidence: Mapping[str, Any], clips: Sequence[Mapping[str, Any]], language: str) -> str:
    """Curve, clips, sound events and shots over one axis."""
    duration = float(evidence.get("duration") or max((c["end"] for c in clips), default=1.0)) or 1.0
    boxes = "".join(_box(n, c, duration, language) for n, c in enumerate(clips, 1))
    curve = _curve(evidence.get("excitement") or [])
    name = _attr(tell("ui.timeline", language))
    return (
        f'<div class="tl" role="group" aria-label="{name}"><div class="tl-curve">{curve}{boxes}</div>'
        f"{_lanes(evidence, duration, language)}{_axis(duration)}</div>"
    )


def _box(n: int, clip: Mapping[str, Any], duration: float, language: str) -> str:
    left, width = 100 * clip["start"] / duration, 100 * (clip["end"] - clip["start"]) / duration
    text = tell(
        "ui.clip_label", language, n=n, start=clip["start"], end=clip["end"], percent=round(100 * clip["score"])
    )
    why = "; ".join(clip.get("reasons", ()))
    return (
        f'<button type="button" class="tl-clip" data-n="{n}" data-play="{n}" aria-selected="false" '
        f'style="left:{left:.3f}%;width:{width:.3f}%" title="{_attr(why)}" aria-label="{_attr(f"{text}. {why}")}">{n}</button>'
    )


def _curve(values: Sequence[float]) -> str:
    if len(values) < 2:
        return ""
    group = max(1, len(values) // N_POINTS)
    points = [max(values[i : i + group]) for i in range(0, len(values), group)]
    top = max(points) or 1.0
    step = 1000 / (len(points) - 1 or 1)
    line = " ".join(f"L{i * step:.1f} {98 - 92 * max(p, 0) / top:.1f}" for i, p in enumerate(points))
    return f'<svg viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true"><path d="M0 100 {line} L1000 100 Z"/></svg>'


def _lanes(evidence: Mapping[str, Any], duration: float, language: str) -> str:
    out = []
    events = evidence.get("events") or []
    for label in LANES:
        marks = [e for e in events if e["label"] == label]
        if marks:
            name = tell(f"event.{label}", language)
            bars = "".join(
                f'<i style="left:{100 * e["start"] / duration:.3f}%;width:{100 * (e["end"] - e["start"]) / duration:.3f}%" '
                f'title="{_attr(name)} {clock(e["start"])}"></i>'
                for e in marks
            )
            out.append(f'<div class="tl-lane"><span>{html.escape(name)}</span>{bars}</div>')
    shots = evidence.get("shots") or []
    if len(shots) > 1:
        bars = "".join(f'<i style="left:{100 * s / duration:.3f}%"></i>' for s in shots[1:2000])
        out.append(f'<div class="tl-lane shots"><span>{html.escape(tell("event.shots", language))}</span>{bars}</div>')
    return "".join(out)


def _axis(duration: float) -> str:
    marks = "".join(f'<span style="left:{25 * i}%">{clock(duration * i / 4)}</span>' for i in range(5))
    return f'<div class="tl-axis" aria-hidden="true">{marks}</div>'


def _card(n: int, clip: Mapping[str, Any], language: str) -> str:
    reasons = "".join(f"<li>{html.escape(r)}</li>" for r in clip.get("reasons", ())[:5])
    percent = round(100 * clip["score"])
    poster = clip.get("poster", "")
    picture = f'<img src="{_attr(poster)}" alt="" loading="lazy">' if poster else ""
    length = tell("ui.seconds", language, seconds=format_number(clip["duration"], 1, language))
    play = _attr(tell("ui.play_clip", language, n=n))
    return (
        f'<li class="card" data-n="{n}" data-src="{_attr(clip["url"])}" data-poster="{_attr(poster)}" aria-current="{str(n == 1).lower()}">'
        f'<button type="button" class="pic" data-play="{n}" aria-label="{play}">{picture}</button>'
        f'<div class="txt"><div class="row"><b>{n}. {clock(clip["start"])}–{clock(clip["end"])}</b><span>{html.escape(length)}</span></div>'
        f'<div class="score" role="img" aria-label="{percent} %"><i style="width:{percent}%"></i></div><ul>{reasons}</ul>'
        f'<a href="{_attr(clip["url"])}" download>{html.escape(tell("ui.download_clip", language))}</a></div></li>'
    )


def _attr(text: Any) -> str:
    return html.escape(str(text), quote=True)
