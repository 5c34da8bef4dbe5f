"""A clip with its captions before it is rendered: its real frame, and the script that would be burned in, drawn by libass in the browser."""

from __future__ import annotations

import base64
import html
import json
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from pipeline.captions.fonts import Face
from pipeline.captions.placing import Safe
from pipeline.errors import BadRequest, StudioError
from pipeline.messages import Message, format_number, say
from pipeline.render.previews import Preview
from pipeline.speech.clock import moved
from pipeline.tracks.choice import chosen
from pipeline.values import Span, Transcript
from reelify.cut.keywords import key_spans
from reelify.cut.posting import Post, options_of, sizes, sources_of
from reelify.highlights_workflow import cut_of
from reelify.looks.applied import applied
from reelify.looks.kits import Kits
from reelify.looks.platforms import too_long
from reelify.requests import Clip, CompileRequest, RankRequest
from reelify.values import Point
from web.desk.acts import grown
from web.jobs import edits
from web.rest.page_captions import BASE
from web.ui.following import Page, owner_of, shown
from web.ui.language import language_of, tell
from web.ui.looks.work import said
from web.ui.timeline import attr

CLOSED = "closed"
"""In the place of a preview that was closed."""
MOST_KEPT = 6
"""Clips that are remembered as they were looked at."""


@dataclass(frozen=True)
class Shown:
    """What the browser draws: the ``frame`` at ``time`` of clip ``n`` of ``total``, and the ``script`` over it with its fonts."""

    script: str
    fonts: Sequence[str]
    size: tuple[int, int]
    frame: str
    n: int
    total: int
    time: float
    duration: float
    safe: Safe | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    remarks: Sequence[Message] = ()


class PreviewWork:
    """The handlers of a tab's preview; ``fields`` are those of the panel, ``look`` the options of the tab that say how clips look."""

    def __init__(self, page: Page, fields: Sequence[str], look: Sequence[str]) -> None:
        self.page, self.fields, self.look = page, tuple(fields), tuple(look)
        self._kept: OrderedDict[tuple[Any, ...], Preview] = OrderedDict()
        self._lock = threading.Lock()

    def show(self, request: gr.Request, job_id: str, where: Mapping[str, float] | None, *values: Any) -> str:
        """The preview at the clip and second of ``where``; ``values`` are those of the panel and of the tab."""
        language = language_of(request)
        try:
            return drawn(self._shown(request, job_id, where or {}, values), language)
        except StudioError as error:
            raise shown(error, request) from error

    def open(self, request: gr.Request, job_id: str, where: Mapping[str, float] | None, *values: Any) -> Any:
        """As :meth:`show`, where somebody asked to see it; and the place, which is not closed any more."""
        there = {name: value for name, value in (where or {}).items() if name != CLOSED}
        return self.show(request, job_id, there, *values), there

    def close(self, where: Mapping[str, float] | None) -> tuple[str, dict[str, float]]:
        """No preview, until somebody asks to see it again; it begins where it was."""
        return "", {**(where or {}), CLOSED: 1.0}

    def update(self, request: gr.Request, job_id: str, where: Mapping[str, float] | None, *values: Any) -> Any:
        """As :meth:`show` once there are clips; nothing before, and nothing after it was closed."""
        if (where or {}).get(CLOSED):
            return gr.skip()
        try:
            self._clips(job_id, request)
        except StudioError:
            return gr.skip()
        return self.show(request, job_id, where, *values)

    def move(self, request: gr.Request, event: gr.EventData, job_id: str, *values: Any) -> tuple[str, dict[str, float]]:
        """The same at another clip or second, as the browser asks."""
        data = event._data or {}
        where = {"n": _number(data.get("n"), 1.0), "time": _number(data.get("time"), 0.0)}
        return self.show(request, job_id, where, *values), where

    def _shown(self, request: gr.Request, job_id: str, where: Mapping[str, float], values: Sequence[Any]) -> Shown:
        clips = self._clips(job_id, request)
        n = min(max(1, int(where.get("n", 1))), len(clips))
        clip, span, job = clips[n - 1]
        style, look = values[: len(self.fields)], dict(zip(self.look, values[len(self.fields) :], strict=True))
        own = json.dumps(said(dict(zip(self.fields, style, strict=True))))
        known = {
            name: value for name, value in look.items() if name not in ("caption_style", "card") and value is not None
        }
        asked = CompileRequest.from_json(
            {**known, "captions": True, "caption_style": own, "clips": [Clip(Path(clip["source"]), span)]}
        )
        kits = Kits.of(self.page.settings.data_dir, owner_of(request))
        asked = self._with_font(asked, look, kits)
        ranking = job.asked(RankRequest)  # what was heard then is remembered by what was asked
        asked = replace(
            asked,
            track=ranking.track,
            language=ranking.language,
            words=ranking.words,
            frames=edits.hands_in(edits.load(job), n),
        )
        post = self._post(asked, clip, span)
        preview = self._preview(asked, post)
        time = min(max(0.0, where.get("time", 0.5)), max(0.0, preview.duration - 0.05))
        fonts = [_address(face, kits) for face in preview.fonts()]
        told = too_long(asked.place, post.plan.duration, None) if asked.place else ()
        found = Shown(preview.script, fonts, preview.size, _frame(preview, time), n, len(clips), time, preview.duration)
        return replace(found, safe=preview.safe, sizes=sizes(self.page.engine, post.plan, asked), remarks=told)

    def _with_font(self, asked: CompileRequest, look: Mapping[str, Any], kits: Kits) -> CompileRequest:
        """The font of the kept look that the tab names; the product's until one is kept."""
        named = [
            name for name in (look.get("caption_style"), look.get("brand")) if name in {kit.name for kit in kits.all()}
        ]
        font = next((font for name in named if (font := kits.get(name).font)), None)
        style = asked.style
        if style.font == "own" and font is None:
            return applied(replace(asked, caption_style=json.dumps(replace(style, font="").to_json())), kits)
        return applied(replace(asked, caption_font=font if style.font == "own" else None), kits)

    def _clips(self, job_id: str, request: gr.Request) -> list[tuple[Mapping[str, Any], Span, Any]]:
        """The clips of a ranking, edges as moved. Raises BadRequest where there is none."""
        job = self.page.job(job_id, request) if job_id else None
        found = (job.result or {}) if job and job.state == "done" else {}
        ranked = [*found.get("viral_clips", []), *found.get("closest", [])]
        if not ranked or job is None:
            raise BadRequest("error.no_ranking")
        state = edits.load(job)
        clips = grown(ranked, state)
        return [(clip, Span(*edits.bounds_of(state, n, clip)), job) for n, clip in enumerate(clips, 1)]

    def _post(self, asked: CompileRequest, clip: Mapping[str, Any], span: Span) -> Post:
        source = Path(clip["source"])
        info, plan = self.page.engine.probe(source), cut_of(source, span)
        transcript = Transcript("", info.duration)
        if info.audio:
            stream = chosen(info, asked.track).heard
            transcript = self.page.engine.transcript(source, asked.language, stream, names=asked.known_words())
        heard = moved(transcript, span)
        points = [
            Point(p["part"], p["text"], p["start"] + clip["start"] - span.start, p["points"])
            for p in clip.get("evidence", ())
        ]
        return Post(plan, heard, key_spans(heard, points))

    def _preview(self, asked: CompileRequest, post: Post) -> Preview:
        engine = self.page.engine
        known = sources_of(engine, post.plan)
        options = options_of(engine, post, asked, known)
        cut = post.plan.cuts[0]
        key = (cut.source, cut.span, options.aspect, options.framing, asked.frames, Path(cut.source).stat().st_mtime_ns)
        with self._lock:
            found = self._kept.pop(key, None) or Preview.of(post.plan, options, known)
            self._kept[key] = found
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found.dressed(options)


def _number(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e6 else otherwise


def _frame(preview: Preview, time: float) -> str:
    """The frame as a ``data:`` address; empty where there is none."""
    with tempfile.TemporaryDirectory(prefix="preview-") as folder:
        try:
            picture = preview.frame(time, Path(folder) / "frame.jpg").read_bytes()
        except (StudioError, OSError):
            return ""
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()


def _address(face: Face, kits: Kits) -> str:
    kept = next((kit.name for kit in kits.all() if kit.font is not None and str(kit.font) == face.file), "")
    return f"{BASE}kept/{quote(kept, safe='')}" if kept else f"{BASE}fonts/{face.file}"


def drawn(what: Shown, language: str) -> str:
    """The preview as HTML; its script of the page draws the captions."""
    width, height = what.size
    data = {
        "script": what.script,
        "fontUrls": list(what.fonts),
        "width": width,
        "height": height,
        "time": what.time,
        "n": what.n,
    }
    safe = what.safe
    inset = (
        f"{100 * safe.top:.1f}% {100 * safe.right:.1f}% {100 * safe.bottom:.1f}% {100 * safe.left:.1f}%" if safe else ""
    )
    area = (
        f'<div class="safe" style="inset:{inset}" title="{attr(tell("ui.looks.safe", language))}"></div>'
        if safe
        else ""
    )
    choice = "".join(
        f'<option value="{n}"{" selected" if n == what.n else ""}>{n}</option>' for n in range(1, what.total + 1)
    )
    seconds = tell("ui.seconds", language, seconds=format_number(what.time, 1, language))
    return (
        f'<div class="studio look-preview" data-shown="{attr(json.dumps(data))}">{_close(language)}<div class="look-frame" style="aspect-ratio:{width}/{height}">'
        f'<img alt="" src="{attr(what.frame)}"><canvas></canvas>{area}</div>'
        f'<div class="look-where"><label>{html.escape(tell("ui.looks.clip", language))} <select data-clip>{choice}</select></label>'
        f"<label>{html.escape(tell('ui.looks.time', language))} "
        f'<input type="range" data-time min="0" max="{what.duration:.2f}" step="0.05" value="{what.time:.2f}"></label>'
        f"<output>{html.escape(seconds)}</output></div>{_facts(what, language)}</div>"
    )


def _close(language: str) -> str:
    words = attr(tell("ui.looks.close", language))
    return f'<button type="button" class="look-close" data-close aria-label="{words}" title="{words}" aria-keyshortcuts="Escape">✕</button>'


def _facts(what: Shown, language: str) -> str:
    """How large the clip will be in each quality, and what the place it goes to does not take."""
    each = [
        f"{tell(f'ui.quality.{name}', language)}: ≈ {format_number(size / 1e6, 1, language)} MB"
        for name, size in what.sizes.items()
    ]
    said = "".join(f'<p class="studio-note">{html.escape(say(m, language))}</p>' for m in what.remarks)
    return f'<p class="soft">{html.escape(" · ".join(each))}</p>{said}'
