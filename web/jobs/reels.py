"""What each kind of job does: its JSON parameters become a request, the workflow runs, its result becomes JSON.

Every function is ``run(engine, params, folder, report) -> dict``; unknown parameters are ignored, missing ones take the
settings' values, wrong ones raise :class:`pipeline.errors.BadRequest`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from pipeline.engine import Engine
from pipeline.errors import BadRequest
from pipeline.progress import Report
from pipeline.values import Span
from reelify.cut.posting import Aspect, Framing, PostOptions
from reelify.rank_workflow import Clip
from web.jobs.inputs import arrived
from web.jobs.values import stored

Params = Mapping[str, Any]
MOST_TITLE = 200
EARLY = "ranking.json"
"""The order of the clips judged so far, in the job's folder."""


def language_param(params: Params) -> str | None:
    """The spoken language asked for; ``None`` where it is to be detected."""
    value = params.get("language")
    return None if value in (None, "", "auto") else str(value)


def highlights(engine: Engine, params: Params, folder: Path, report: Report) -> dict[str, Any]:
    """``{"source", "clips"?, "min_duration"?, "max_duration"?, "language"?, "transcribe"?, "fast"?, "render"?}``"""
    from reelify.highlights_workflow import HighlightsRequest
    from reelify.highlights_workflow import highlights as run

    report = arrived(engine, params, report)
    settings = engine.settings
    request = HighlightsRequest(
        source=Path(params["source"]), count=int(params.get("clips", 10)), out=folder,
        min_duration=float(params.get("min_duration", settings.min_clip_duration)),
        max_duration=float(params.get("max_duration", settings.max_clip_duration)),
        transcribe=bool(params.get("transcribe", True)), fast=bool(params.get("fast", False)),
        render=bool(params.get("render", True)), language=language_param(params),
    )  # fmt: skip
    return run(engine, request, report).to_json()


def transcribe(engine: Engine, params: Params, folder: Path, report: Report) -> dict[str, Any]:
    """``{"source", "language"?, "stream"?}``; subtitles are written into the folder."""
    from pipeline.render import captions

    report = arrived(engine, params, report)
    source = Path(params["source"])
    heard = engine.transcript(source, language_param(params), int(params.get("stream", 0)), report)
    files = {}
    for form in ("srt", "vtt", "txt"):
        path = folder / f"transcript.{form}"
        path.write_text(captions.write(heard, form), encoding="utf-8")
        files[form] = str(path)
    return {"status": "success", **heard.to_json(), **files, "doubts": list(heard.doubts)}


def rank(engine: Engine, params: Params, folder: Path, report: Report) -> dict[str, Any]:
    """``{"clips": [{"source", "start"?, "end"?, "name"?}], "language"?, "expected"?, "min_score"?, "all"?, "render"?}`` and those of
    :func:`post_options`."""
    from reelify.rank_workflow import RankRequest, rank_clips

    report = arrived(engine, params, report)
    wanted = params.get("min_score")
    request = RankRequest(
        clips=tuple(clip_of(c) for c in params["clips"]), language=language_param(params), expected=str(params.get("expected", "")),
        min_score=None if wanted is None else float(wanted), keep_all=bool(params.get("all", False)), out=folder,
        render=bool(params.get("render", True)), post=post_options(params),
    )  # fmt: skip
    return rank_clips(engine, request, report, lambda found: _write_early(folder, found.to_json())).to_json()


def _write_early(folder: Path, found: Mapping[str, Any]) -> None:
    part = folder / f"{EARLY}.part"
    part.write_text(json.dumps(stored(found), ensure_ascii=False), encoding="utf-8")
    part.replace(folder / EARLY)


def compile_clip(engine: Engine, params: Params, folder: Path, report: Report) -> dict[str, Any]:
    """``{"clips": [{"source", "start", "end"}], "smart"?, "crossfade"?, "corrections"?: {heard: written}, "texts"?:
    [{"source", "start", "heard", "text"}], "card"?}`` and those of :func:`post_options`."""
    from reelify.compile_workflow import CompileRequest
    from reelify.compile_workflow import compile_clip as run
    from reelify.cut.compilation import CROSSFADE
    from reelify.cut.rewriting import Rewrite

    report = arrived(engine, params, report)
    request = CompileRequest(
        pieces=tuple(clip_of(c) for c in params["clips"]), out=folder, smart=bool(params.get("smart", False)),
        crossfade=float(params.get("crossfade", CROSSFADE)), language=language_param(params), post=post_options(params),
        corrections={str(k): str(v) for k, v in dict(params.get("corrections") or {}).items()},
        rewrites=tuple(
            Rewrite(str(t["source"]), float(t["start"]), str(t["heard"]), str(t["text"])) for t in params.get("texts") or ()
        ),
        card=str(params.get("card") or "")[:MOST_TITLE],
    )  # fmt: skip
    return run(engine, request, report).to_json()


def clip_of(given: Mapping[str, Any]) -> Clip:
    """A clip by its file and, where given, the stretch of it."""
    span = Span(float(given["start"]), float(given["end"])) if "start" in given and "end" in given else None
    return Clip(Path(given.get("source") or given["path"]), span, str(given.get("name") or given.get("title") or ""))


def post_options(params: Params) -> PostOptions:
    """``{"aspect"?: source|9:16|1:1|16:9, "framing"?: follow|bars|centre, "captions"?, "hook"?}``"""
    aspect, framing = str(params.get("aspect", "source")), str(params.get("framing", "follow"))
    if aspect not in get_args(Aspect) or framing not in get_args(Framing):
        raise BadRequest(detail=f"aspect={aspect}, framing={framing}")
    return PostOptions(
        cast(Aspect, aspect),
        cast(Framing, framing),
        bool(params.get("captions", False)),
        str(params.get("hook", ""))[:MOST_TITLE],
    )
