"""The product for programs: named, typed endpoints of the Gradio client (and MCP tools), apart from the page's own handlers.

Files go in as uploads, JSON comes out; clips are named by addresses of this server. Each endpoint submits to the same queue as the
page and waits for its job. What it takes beside files are the parameters that its request offers to clients; a new one comes last,
since programs may give them by position.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from pipeline.errors import BadRequest, StudioError
from pipeline.files.received import Stored
from pipeline.requests import Parameter, Request, options_of
from pipeline.values import Span
from reelify.folder_request import FolderRequest
from reelify.requests import (
    ChaptersRequest,
    Clip,
    CompileRequest,
    FindRequest,
    HighlightsRequest,
    RankRequest,
    TranscribeRequest,
)
from syncdub.requests import AnalyseRequest, BatchRequest, SyncRequest
from web.jobs.dubs import film_of
from web.jobs.inputs import brought
from web.rest.answers import public_result
from web.rest.reelify import folder_request
from web.ui.dubsync.season import request_of_folders
from web.ui.following import Page, asker, chosen_source, failed, owner_of, shown
from web.ui.language import language_of
from web.ui.media_field import MediaField

POLL = 0.2
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Own:
    """A parameter of one endpoint that is no option of its request: a file, several (``files``), text, JSON or a flag."""

    kind: str
    help: str
    default: Any = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """An endpoint. ``build(page, values, options, request)`` makes its request of its ``own`` parameters' values and of the options'.
    ``order`` is that of the parameters, ``without`` names options that it does not take."""

    name: str
    asks: type[Request]
    says: str
    own: Mapping[str, Own]
    build: Callable[[Page, Values, Values, gr.Request], Request]
    order: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def options(self) -> tuple[Parameter, ...]:
        """What it takes of the request's parameters."""
        return tuple(p for p in options_of(self.asks, "client") if p.name not in self.without)

    def names(self) -> tuple[str, ...]:
        """All its parameters in order; those that ``order`` does not know come last."""
        names = [*self.own, *(p.called for p in self.options())]
        return tuple(sorted(names, key=lambda n: self.order.index(n) if n in self.order else len(names)))


def _of_file(name: str, asks: type[Request]) -> Callable[[Page, Values, Values, gr.Request], Request]:
    def build(page: Page, values: Values, options: Values, request: gr.Request) -> Request:
        source = chosen_source(page, values[name], values["url"], request)
        return asks.from_json({**options, "source": source.path, **brought([source])})

    return build


def _ranking(page: Page, values: Values, options: Values, request: gr.Request) -> Request:
    given = _given(page, values["videos"], request, probe=False)  # one bad clip does not fail the others
    clips = tuple(Clip(s.path, title=s.name) for s in given)
    return RankRequest.from_json({**options, "clips": clips, **brought(given)})


def _cutting(page: Page, values: Values, options: Values, request: gr.Request) -> Request:
    given = _given(page, values["videos"], request)
    return CompileRequest.from_json({**options, "clips": _pieces(_json(values["cuts"], list), given), **brought(given)})


def _tightening(page: Page, values: Values, options: Values, request: gr.Request) -> Request:
    source = chosen_source(page, values["video"], values["url"], request)
    return CompileRequest.from_json(
        {**options, "tighten": True, "clips": (Clip(source.path, title=source.name),), **brought([source])}
    )


def _finding(page: Page, values: Values, options: Values, request: gr.Request) -> Request:
    given = _given(page, values["videos"], request)
    return FindRequest.from_json({**options, "sources": tuple(s.path for s in given), **brought(given)})


def _given(page: Page, named: list[str] | None, request: gr.Request, *, probe: bool = True) -> list[Stored]:
    if not named:
        raise BadRequest("error.nothing_given")
    return [chosen_source(page, name, None, request, probe=probe) for name in named]


def _dub(page: Page, values: Values, options: Values, request: gr.Request) -> Request:
    film, other = (chosen_source(page, values[name], None, request) for name in ("original", "dub"))
    asks = SyncRequest if values.get("write") else AnalyseRequest
    return asks.from_json({**options, "original": film.path, "dub": other.path, **brought((film, other))})


def _folder(page: Page, values: Values, options: Values, request: gr.Request) -> Request:
    body = {**options, "folder": values["folder"] or "", "options": _json(values["options"] or "{}", dict)}
    return folder_request(page.sources, body, owner_of(request), "")


def _film(page: Page, values: Values, options: Values, request: gr.Request) -> Request:
    nudges = _json(values["nudges"] or "[]", list)
    return film_of(page.job(values["task_id"], request), {**options, "nudges": nudges})


NAMED = "an upload, an http(s) address, or a path in the media library"
URL = Own("text", f"the same as text: {NAMED}")
PAIR = {
    "original": Own("file", f"the film in its original version: {NAMED}"),
    "dub": Own("file", f"its dub from another release, video or audio: {NAMED}"),
}
OFFERS = (
    Offer(
        "find_highlights", HighlightsRequest, "Find the moments of a long video worth sharing and render them as clips.",
        {"video": Own("file", f"the video or audio file: {NAMED}"), "url": URL}, _of_file("video", HighlightsRequest),
        ("video", "url", "track", "clips", "min_duration", "max_duration"), without=("language",),
    ),
    Offer(
        "rank_clips", RankRequest, "Rank short clips by how well they will travel, with every point of the score explained.",
        {"videos": Own("files", f"the clips, each {NAMED}")}, _ranking, ("videos", "language", "min_score", "all_clips", "aspect", "captions"),
    ),
    Offer(
        "compile_clip", CompileRequest, "Cut stretches out of videos and join them into one clip ready to post, with its subtitles.",
        {
            "videos": Own("files", f"the videos, each {NAMED}"),
            "cuts": Own("text", "JSON, [[video number from 1, start, end], …] in seconds, in the order in which they shall be seen"),
        },
        _cutting, ("videos", "cuts", "aspect", "captions", "corrections", "card"), without=("language",),
    ),
    Offer(
        "tighten", CompileRequest, "A video without its pauses, fillers and repeated starts; the answer lists what went. Laughter stays.",
        {"video": Own("file", f"the video or audio file: {NAMED}"), "url": URL}, _tightening, without=("tighten", "card"),
    ),
    Offer(
        "find", FindRequest, "Find where something is said, in any inflection or in other words, or heard (laughter), in one or several files.",
        {"videos": Own("files", f"where to look, each {NAMED}")}, _finding, ("videos", "query", "count"),
    ),
    Offer(
        "chapters", ChaptersRequest, "Divide a long video into chapters by what is said, with titles from its own words.",
        {"video": Own("file", f"the video or audio file: {NAMED}"), "url": URL}, _of_file("video", ChaptersRequest), ("video", "url"),
    ),
    Offer(
        "transcribe", TranscribeRequest, "Write down what is said, with the time of every word.",
        {"media": Own("file", f"a video or audio file: {NAMED}"), "url": URL}, _of_file("media", TranscribeRequest),
        ("media", "url", "language", "track"),
    ),
    Offer(
        "analyse_dub", AnalyseRequest, "Find where every second of a dub belongs in the film; nothing is written.", PAIR, _dub,
        ("original", "dub", "quick"),
    ),
    Offer(
        "sync_dub", SyncRequest, "Find where every second of a dub belongs in the film, and write one MKV with both tracks in sync.",
        {**PAIR, "write": Own("flag", "write the MKV; otherwise only analyse", True)}, _dub,
        ("original", "dub", "quick", "write", "fill", "codec", "cut_gaps", "language", "default"),
    ),
    Offer(
        "find_in_folder", FolderRequest,
        "The moments of every video of a folder, a task for each (or with rank one that ranks them as clips); read at /api/v1/folder/<task_id>.",
        {
            "folder": Own("text", "folder of the media library"),
            "options": Own("text", "JSON, options of every video: clips, min_duration, max_duration, …", "{}"),
        },
        _folder,
    ),
    Offer(
        "sync_season", BatchRequest,
        "Pair a folder of films with a folder of their dubs, by names and by what is heard, and make every film; the season's tasks are then read at /api/season/<task_id>.",
        {
            "originals": Own("text", "folder of the films in the media library"),
            "dubs": Own("text", "folder of their dubs in the media library"),
            "write": Own("flag", "make the films; otherwise only pair", True),
            "quick": Own("flag", "music and picture only, without transcription", False),
        },
        request_of_folders,
    ),
    Offer(
        "write_dub", SyncRequest,
        "Write the film of an analysis that was made before, with segments moved by hand; nothing is analysed again.",
        {
            "task_id": Own("text", "the task of analyse_dub"),
            "nudges": Own("text", 'JSON, [{"segment": number from 0 or -1 for all, "ms": later by}, …]', "[]"),
        },
        _film, without=("quick", "follow"),
    ),
)  # fmt: skip


def register(page: Page) -> None:
    """Adds the endpoints to the Blocks being built."""
    for offer in OFFERS:
        options = {p.called: p for p in offer.options()}
        inputs = [_own(n, offer.own[n]) if n in offer.own else _option(options[n], page) for n in offer.names()]
        button, answer = gr.Button(visible=False), gr.JSON(visible=False, label="result")
        button.click(
            endpoint(page, offer), inputs, answer, api_name=offer.name, concurrency_limit=None, show_progress="hidden"
        )


def endpoint(page: Page, offer: Offer) -> Callable[..., Any]:
    """What an endpoint does, with the name, parameters and docstring that programs see."""

    def call(*given: Any) -> Any:
        *values, request, progress = given
        return _answered(page, offer, dict(zip(offer.names(), values, strict=True)), request, progress)

    plain, special = inspect.Parameter.POSITIONAL_OR_KEYWORD, {"request": gr.Request, "progress": gr.Progress}
    # None: a program may leave a file out; the others' defaults are those of their components.
    parameters = [inspect.Parameter(name, plain, default=None, annotation=Any) for name in offer.names()]
    parameters.append(inspect.Parameter("request", plain, default=None, annotation=gr.Request))
    parameters.append(inspect.Parameter("progress", plain, default=gr.Progress(), annotation=Any))
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {"request": special["request"]}
    call.__name__ = call.__qualname__ = offer.name
    helps = {**{n: own.help for n, own in offer.own.items()}, **{p.called: p.option.help for p in offer.options()}}
    lines = "".join(f"    {name}: {helps[name]}.\n" for name in offer.names())
    call.__doc__ = f"{offer.says}\n\nArgs:\n{lines}"
    return call


def _answered(page: Page, offer: Offer, values: Values, request: gr.Request, progress: Any) -> Any:
    language = language_of(request)
    try:
        options = {p.name: _value(p, values[p.called]) for p in offer.options() if values[p.called] not in (None, "")}
        wanted = offer.build(page, values, options, request)
        job_id = page.jobs.submit(wanted, asker(request))
        while not (job := page.jobs.wait(job_id, timeout=POLL)).is_finished:
            progress(job.fraction, desc=str(job.message or ""))
    except StudioError as error:
        raise shown(error, request) from error
    if job.state != "done":
        raise failed(job, language)
    return {"task_id": job.id, **public_result(job, page.settings, language)}


def _value(parameter: Parameter, given: Any) -> Any:
    return _json(given, object) if parameter.kind is Any else given


def _json(text: str, kind: type) -> Any:
    """A parameter written as JSON. Raises BadRequest."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadRequest(detail=text[:200]) from error
    if not isinstance(value, kind):
        raise BadRequest(detail=text[:200])
    return value


def _pieces(cuts: list[Any], sources: list[Stored]) -> tuple[Clip, ...]:
    """Cuts as a request has them. Raises BadRequest."""
    try:
        rows = [(int(n), float(start), float(end)) for n, start, end in cuts]
    except (TypeError, ValueError) as error:
        raise BadRequest(detail=str(cuts)[:200]) from error
    if not rows or not all(1 <= n <= len(sources) for n, _, _ in rows):
        raise BadRequest(detail=str(cuts)[:200])
    return tuple(Clip(sources[n - 1].path, Span(start, end)) for n, start, end in rows)


def _own(name: str, own: Own) -> Any:
    if own.kind in ("file", "files"):
        return MediaField(visible=False, file_count="single" if own.kind == "file" else "multiple")
    component = gr.Checkbox if own.kind == "flag" else gr.Textbox
    return component(own.default, label=name, visible=False)


def _option(parameter: Parameter, page: Page) -> Any:
    """A hidden component that takes the parameter."""
    default = parameter.default_in(page.settings)
    if parameter.kind is bool:
        return gr.Checkbox(default, label=parameter.called, visible=False)
    if parameter.kind in (int, float):
        return gr.Number(default, label=parameter.called, visible=False)
    text = default if parameter.kind is str else json.dumps(default)
    return gr.Textbox(text, label=parameter.called, visible=False)


__all__ = ["OFFERS", "endpoint", "register"]
