"""The timeline of a video: evidence curve, sound events, shots, and clips whose edges can be moved by pointer and keys.

Only drawing: ``assets/page/edit.js`` moves the edges, and what was moved comes back as an event.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.evidence.sound_events import EVENTS
from pipeline.messages import clock
from web.desk.work import FILM
from web.jobs import edits
from web.ui.language import percent, precise, tell

N_POINTS = 2400
"""Points of a drawn curve; enough for some zoom, fewer than a browser notices."""
CONTEXT = 10.0
"""Seconds shown before and after a clip where its edges are moved."""
Clip = Mapping[str, Any]
Span = tuple[float, float]


@dataclass(frozen=True)
class Whole:
    """A whole file on a timeline: its ``evidence`` (may be empty so far but for ``duration``) and clips in it by their numbers.
    ``beside`` is where its sound and pictures are fetched from, ``{job}/{kind}/{file}`` with a place for the kind; ``said`` is a lane that
    the script fills with what is said."""

    evidence: Mapping[str, Any]
    clips: Mapping[int, Clip]
    edges: bool = True
    said: str = ""
    beside: str = ""
    hidden: bool = False


def numbered(clips: Sequence[Clip]) -> dict[int, Clip]:
    """Clips by their numbers, from 1."""
    return dict(enumerate(clips, 1))


def beside(job: str, file: int) -> str:
    """Where the page fetches what it draws of file number ``file`` of a job."""
    return f"page/desk/{job}/{{}}/{file}" if job else ""


def timeline(whole: Whole, language: str) -> str:
    """Curve, clips, sound events and shots over one axis, wider than its window when it is zoomed."""
    duration = (
        float(whole.evidence.get("duration") or max((c["end"] for c in whole.clips.values()), default=1.0)) or 1.0
    )
    boxes = "".join(clip_box(n, c, (0.0, duration), language, edges=whole.edges) for n, c in whole.clips.items())
    drawn = curve(whole.evidence.get("excitement") or [])
    name = attr(tell("ui.timeline", language))
    film = f'<canvas class="tl-film" data-n="{FILM}" aria-hidden="true"></canvas>' if whole.beside else ""
    return (
        f'<div class="tl whole" role="group" aria-label="{name}" data-whole="{duration:.2f}" data-beside="{attr(whole.beside)}"{" hidden" if whole.hidden else ""}>'
        f'{_zoom(language)}<div class="tl-window" tabindex="0" '
        f'role="group" aria-label="{attr(tell("ui.zoom.window", language))}"><div class="tl-wide">{film}<div class="tl-track" data-from="0" '
        f'data-to="{duration:.2f}"><canvas class="tl-wave" aria-hidden="true"></canvas>{drawn}{boxes}</div>{whole.said}'
        f'{_lanes(whole.evidence, duration, language)}{axis((0.0, duration))}<i class="tl-head" aria-hidden="true" hidden></i></div></div></div>'
    )


def _zoom(language: str) -> str:
    """Buttons for the zoom, beside the keys + − 0."""
    buttons = "".join(
        f'<button type="button" data-zoom="{act}" aria-label="{attr(tell(f"ui.zoom.{act}", language))}" title="{attr(tell(f"ui.zoom.{act}", language))}" '
        f'aria-keyshortcuts="{key}">{sign}</button>'
        for act, key, sign in (("out", "-", "−"), ("in", "+", "+"), ("all", "0", "↔"))
    )
    return f'<div class="tl-zoom" role="toolbar" aria-label="{attr(tell("ui.zoom", language))}"><output class="tl-shown" aria-live="off"></output>{buttons}</div>'


def strip(n: int, clip: Clip, evidence: Mapping[str, Any], language: str, *, hidden: bool = False) -> str:
    """One clip with what is around it, large enough to place its edges to a tenth of a second.

    ``evidence`` has ``duration`` and may have ``excitement`` and ``step``; ``clip["sentences"]`` (on the clip's clock) are drawn.
    """
    duration = float(evidence.get("duration") or clip["end"])
    span = max(0.0, clip["start"] - CONTEXT), max(clip["end"], min(duration, clip["end"] + CONTEXT))
    values, step = evidence.get("excitement") or [], float(evidence.get("step") or 0.5)
    part = values[int(span[0] / step) : int(span[1] / step) + 1]
    said = "".join(_said(clip, s, span) for s in clip.get("sentences") or ())
    name = attr(tell("ui.edges", language, n=n))
    return (
        f'<div class="tl strip" data-n="{n}" role="group" aria-label="{name}"{" hidden" if hidden else ""}>'
        f'<div class="tl-track" data-from="{span[0]:.2f}" data-to="{span[1]:.2f}">{curve(part, max(values, default=0.0))}{said}'
        f"{clip_box(n, clip, span, language, edges=True, plays=False)}</div>{axis(span)}</div>"
    )


def _said(clip: Clip, sentence: Mapping[str, Any], span: Span) -> str:
    left, width = _place((clip["start"] + sentence["start"], clip["start"] + sentence["end"]), span)
    return f'<i class="tl-said" style="left:{left:.5f}%;width:{width:.5f}%" title="{attr(sentence["text"])}"></i>'


def clip_box(n: int, clip: Clip, span: Span, language: str, *, edges: bool = True, plays: bool = True) -> str:
    """A clip over the track that shows ``span``: a button that plays it, a slider at each edge."""
    left, width = _place((clip["start"], clip["end"]), span)
    text = tell("ui.clip_label", language, n=n, start=clip["start"], end=clip["end"])
    why = "; ".join(clip.get("reasons", ()))
    worth = percent(clip["score"], language) if "score" in clip else ""
    button = (
        f'<button type="button" class="tl-play" data-play="{n}" aria-pressed="false" title="{attr(why)}" '
        f'aria-label="{attr(". ".join(filter(None, (text, worth, why))))}">{n}</button>'
    )
    sliders = _edge(n, "start", clip, span, language) + _edge(n, "end", clip, span, language) if edges else ""
    return (
        f'<div class="tl-clip" data-n="{n}" data-start="{clip["start"]}" data-end="{clip["end"]}" '
        f'style="left:{left:.5f}%;width:{width:.5f}%">{button if plays else ""}{sliders}</div>'
    )


def _edge(n: int, which: str, clip: Clip, span: Span, language: str) -> str:
    name, value = attr(tell(f"ui.edge.{which}", language, n=n)), float(clip[which])
    return (
        f'<span class="tl-edge" tabindex="0" role="slider" aria-orientation="horizontal" data-edge="{which}" aria-label="{name}" '
        f'aria-valuemin="{span[0]:.1f}" aria-valuemax="{span[1]:.1f}" aria-valuenow="{value:.1f}" aria-valuetext="{precise(value, language)}"></span>'
    )


def _place(stretch: Span, span: Span) -> Span:
    whole = (span[1] - span[0]) or 1.0
    return 100 * (stretch[0] - span[0]) / whole, 100 * (stretch[1] - stretch[0]) / whole


def curve(values: Sequence[float], top: float = 0.0) -> str:
    """A filled curve from 0 to ``top`` (its own highest value where that is not given)."""
    if len(values) < 2:
        return ""
    group = max(1, len(values) // N_POINTS)
    points = [max(values[i : i + group]) for i in range(0, len(values), group)]
    top = top or max(points) or 1.0
    step = 1000 / (len(points) - 1 or 1)
    line = " ".join(f"L{i * step:.1f} {98 - 92 * max(p, 0) / top:.1f}" for i, p in enumerate(points))
    return f'<svg viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true"><path d="M0 100 {line} L1000 100 Z"/></svg>'


def _lanes(evidence: Mapping[str, Any], duration: float, language: str) -> str:
    out = []
    events = evidence.get("events") or []
    for event in EVENTS:
        marks = [e for e in events if e["label"] == event.label]
        if marks:
            name = tell(event.name, language)
            bars = "".join(
                f'<i style="left:{100 * e["start"] / duration:.5f}%;width:{100 * (e["end"] - e["start"]) / duration:.5f}%" '
                f'title="{attr(name)} {clock(e["start"])}"></i>'
                for e in marks
            )
            out.append(f'<div class="tl-lane"><span>{html.escape(name)}</span>{bars}</div>')
    shots = evidence.get("shots") or []
    if len(shots) > 1:
        bars = "".join(f'<i style="left:{100 * s / duration:.5f}%"></i>' for s in shots[1:2000])
        out.append(f'<div class="tl-lane shots"><span>{html.escape(tell("event.shots", language))}</span>{bars}</div>')
    return "".join(out)


def axis(span: Span) -> str:
    """Five times along a track."""
    marks = "".join(
        f'<span style="left:{25 * i}%">{clock(span[0] + (span[1] - span[0]) * i / 4)}</span>' for i in range(5)
    )
    return f'<div class="tl-axis" aria-hidden="true">{marks}</div>'


def toolbar(language: str, *buttons: str) -> str:
    """Undo and redo that say what they undo, the buttons given, and the steps so far, each a press away."""
    undo, redo = html.escape(tell("ui.undo", language)), html.escape(tell("ui.redo", language))
    names = {name: tell(f"ui.step.{name}", language, clip="{clip}") for name in sorted(edits.STEPS - {""})}
    words = {**names, "": tell("ui.step.start", language), "clip": tell("ui.step.clip", language, n="{n}")}
    title = html.escape(tell("ui.steps", language))
    return (
        f'<div class="studio-tools" role="toolbar" aria-label="{attr(tell("ui.edit_tools", language))}" data-steps="{attr(json.dumps(words))}">'
        f'<button type="button" data-undo disabled aria-keyshortcuts="Control+Z" data-plain="{undo}">↶ {undo}</button>'
        f'<button type="button" data-redo disabled aria-keyshortcuts="Control+Shift+Z" data-plain="{redo}">↷ {redo}</button>{"".join(buttons)}</div>'
        f'<details class="steps" hidden><summary>{title}</summary><ol></ol></details>'
    )


def act_buttons(language: str) -> str:
    """What can be done to the clip that plays."""
    keys = {"split": "S", "duplicate": "D", "merge": "G", "remove": "X"}
    return "".join(
        f'<button type="button" data-act="{act}" aria-keyshortcuts="{key}">{html.escape(tell(f"ui.act.{act}", language))}</button>'
        for act, key in keys.items()
    )


def editable(job: str, state: Mapping[str, Any], body: str) -> str:
    """Attributes of a view that can be changed by hand: whose it is, the changes so far with the steps to them (``state`` as
    :func:`web.jobs.edits.load` has it), and a mark that tells this drawing from others."""
    if not job:
        return ""
    mark = hashlib.blake2b(body.encode(), digest_size=6).hexdigest()
    past = json.dumps(edits.checked_past(state.get(edits.PAST)))
    return f' data-job="{attr(job)}" data-edits="{attr(json.dumps(edits.checked(state)))}" data-past="{attr(past)}" data-render="{mark}"'


def attr(text: Any) -> str:
    """Text for an attribute."""
    return html.escape(str(text), quote=True)
