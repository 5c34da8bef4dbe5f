"""Kinds of job for tests of the page: results as the real ones look, at once, with files a browser plays."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from pipeline.messages import message
from pipeline.progress import Report
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
from syncdub.making.plan import placed
from syncdub.making.review import places
from syncdub.plan_file import save_plan
from syncdub.requests import AnalyseRequest, BatchRequest, SyncRequest
from syncdub.values import Anchor, Segment, SyncPlan
from web.jobs import reels, seasons
from web.jobs.dubs import plan_json
from web.jobs.kinds import Kind, Kinds, by_name
from web.jobs.reels import SAID

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
PLAYS = EXAMPLES / "viral_3.mp4"
SAID_ALOUD = ("Hola a tod os amigos.", "¿Sabes qué pasa hoy?", "Quiero contarte el secreto gratis.")


def _video(path: Path) -> Path:
    shutil.copy(PLAYS, path)
    return path


def _steps(report: Report, seconds: float) -> None:
    """Progress as a real job tells it."""
    for i in range(20):
        report(i / 20, message("progress.judging", n=1 + i // 7, total=3, name="ñ <b>.mp4"))
        time.sleep(seconds / 20)


def _until_stopped(report: Report) -> None:
    """The first of three clips is judged for three minutes; a percent of progress every few seconds."""
    for i in range(600):
        report(0.02 + 0.3 * i / (i + 300), message("progress.judging", n=1, total=3, name="ñ <b>.mp4"))
        time.sleep(0.3)


def highlights(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Two moments; ``fast`` (the page's checkbox) makes it a job of three minutes or more that a test stops, however slow the machine is."""
    if request.fast:
        _until_stopped(report)
    _steps(report, 0.4)
    if request.transcribe:
        (folder / SAID).write_text(json.dumps(_said()), encoding="utf-8")
    spans = ((18.3, 35.0), (82.0, 100.0))
    clips = [
        {"path": _video(folder / f"clip_{n}.mp4") if request.render else None, "poster": None, "start": start, "end": end, "duration": end - start,
         "score": 0.9 - n / 5, "parts": {"sound": 0.5}, "title": SAID_ALOUD[1], "description": SAID_ALOUD[2], "tags": ["secreto"], "reasons": [message("reason.scream", at=start + 3)], "doubts": []}
        for n, (start, end) in enumerate(spans, 1)
    ]  # fmt: skip
    timeline = {
        "duration": 122.0, "step": 0.5, "excitement": [(i % 30) / 30 for i in range(244)], "shots": [0.0, 20.0, 60.0],
        "events": [{"start": 20.0, "end": 24.0, "label": "laughter", "score": 0.7}],
    }  # fmt: skip
    return {
        "status": "success",
        "clips": clips,
        "message": message("result.clips_found", n=2),
        "doubts": [],
        "timeline": timeline,
    }


def _said(n: int = 30) -> dict[str, Any]:
    """``n`` sentences of four seconds, each word with its own time."""
    segments = []
    for i in range(n):
        text = SAID_ALOUD[i % 3]
        words, start = text.split(), 4.0 * i
        each = 3.0 / len(words)
        timed = [{"start": start + each * k, "end": start + each * (k + 0.9), "text": w} for k, w in enumerate(words)]
        segments.append({"start": start, "end": start + 3.0, "text": text, "words": timed})
    return {"language": "es", "duration": 122.0, "segments": segments}


def rank(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Every clip given, judged alike."""
    _steps(report, 0.4)
    ranked = [
        {**_ranked(n, clip, folder), "layouts": _layouts(request, clip)} for n, clip in enumerate(request.clips, 1)
    ]
    heard = {"files": {str(clip.source): _said(3) for clip in request.clips}}
    (folder / SAID).write_text(json.dumps(heard), encoding="utf-8")
    return {"status": "success", "viral_clips": ranked, "message": message("result.viral_selected", n=len(ranked), total=len(ranked)),
            "notes": [], "closest": [], "skipped": []}  # fmt: skip


def _layouts(request: Any, clip: Clip) -> list[dict[str, Any]]:
    """Two shots, as they are decided where another shape is asked for; what is set by hand holds."""
    if request.aspect == "source":
        return []
    span = clip.span or Span(0.0, 13.0)
    middle = (span.start + span.end) / 2
    shots = ((span.start, middle, "follow", "one_face"), (middle, span.end, "whole", "group"))
    hands = {
        n: frame.kind for n, (low, high, _, _) in enumerate(shots) for frame in request.frames
        if frame.start <= (low + high) / 2 < frame.end
    }  # fmt: skip
    return [
        {"start": low, "end": high, "kind": hands.get(n, kind), "reason": "hand" if n in hands else reason}
        for n, (low, high, kind, reason) in enumerate(shots)
    ]


def _ranked(n: int, clip: Clip, folder: Path) -> dict[str, Any]:
    span = clip.span or Span(0.0, 13.0)
    start, end = span.start, span.end
    sentences = [{"start": 4.0 * i + 0.2, "end": 4.0 * i + 3.8, "text": text} for i, text in enumerate(SAID_ALOUD)]
    point = {"part": "commercial", "text": "gratis", "start": 11.0, "points": 0.1}
    return {
        "source": str(clip.source), "title": clip.title, "path": _video(folder / f"clip_{n}_viral.mp4"), "poster": None,
        "start": start, "end": end, "duration": end - start, "viral_score": 0.7 - n / 10, "keywords": ["gratis"],
        "transcript": " ".join(SAID_ALOUD), "language": "es", "parts": {"hook": 0.6, "commercial": 0.4, "length": 0.9}, "evidence": [point],
        "confidence": 0.9, "hits": [{"keyword": "gratis", "found": "gratis", "category": "commercial", "start": 11.0}],
        "sentences": sentences, "moments": [], "kept": True, "reasons": [], "doubts": [],
    }  # fmt: skip


def compile_clip(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A file, whatever was asked for; tests look at the parameters."""
    report(0.5, message("progress.encoding"))
    return {
        "status": "success",
        "output": str(_video(folder / "clip.mp4")),
        "poster": None,
        "duration": 9.0,
        "cuts": [],
        "layouts": _layouts(request, request.clips[0]),
        "saved": 1.5,
        "removed": [
            {"source": str(clip.source), "start": 2.0 * n, "end": 2.0 * n + 0.75, "kind": kind, "text": text, "at": 2.0 * n, "gone": True}
            for clip in request.clips[:1] if request.tighten or request.struck
            for n, (kind, text) in enumerate((("pause", ""), ("filler", "eh,")), 1)
        ],
    }  # fmt: skip


def _plan() -> SyncPlan:
    segments = (
        Segment(1.4, 33.0, 0.0, 1.0, 2.0, 0.98, {"sound": 20, "meaning": 5}),
        Segment(33.0, 59.0, 35.6, 1.0, 2.0, 0.88, {"sound": 10, "meaning": 2}),
    )
    anchors = tuple(Anchor(5.0 * i + 2, 5.0 * i + 0.6, 5.0, 1.0, "sound") for i in range(6))
    return SyncPlan("edit", 1.0, segments, anchors=anchors, original_duration=62.0, dub_duration=59.0)


def analyse(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Two segments with a cut between them."""
    _steps(report, 0.4)
    save_plan(_plan(), folder)
    return plan_json(_plan())


def synchronise(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """The same plan with a finished film, and what is worth a look in it."""
    output = _video(folder / "synced.mkv")
    save_plan(_plan(), folder)
    told = [place.to_json() for place in places(placed(_plan()))]
    seen = {"figures": {"bar_ms": 2.0, "without_dub_s": 2.6, "residual_ms": 1.5}, "places": told}
    return {
        **plan_json(_plan()),
        "output": str(output),
        "residual_ms": {"median": 1.5, "p95": 3.0},
        "joins": [],
        **seen,
    }


def transcribe(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """What is said in every file."""
    segments = [{"start": 4.0 * i, "end": 4.0 * i + 3, "text": text, "words": []} for i, text in enumerate(SAID_ALOUD)]
    return {"status": "success", "language": "es", "duration": 13.0, "segments": segments, "doubts": []}


def find(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A hit in each file."""
    hits = [
        {"source": str(s), "start": 8.0, "end": 11.0, "text": SAID_ALOUD[2], "kind": "speech", "score": 1.1}
        for s in request.sources
    ]
    return {
        "status": "success",
        "query": request.query,
        "hits": hits,
        "skipped": [],
        "message": message("result.found", n=len(hits)),
    }


def chapters(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A chapter for each sentence."""
    found = [{"start": 4.0 * i, "end": 4.0 * i + 4, "title": text} for i, text in enumerate(SAID_ALOUD)]
    return {"status": "success", "chapters": found, "files": {}, "message": message("result.chapters", n=3)}


PAGE_KINDS: Kinds = by_name(
    Kind(HighlightsRequest, highlights, "raw_clips"),
    Kind(RankRequest, rank, "viral_clips"),
    Kind(CompileRequest, compile_clip),
    Kind(AnalyseRequest, analyse),
    Kind(SyncRequest, synchronise),
    Kind(TranscribeRequest, transcribe),
    Kind(FindRequest, find),
    Kind(ChaptersRequest, chapters),
    Kind(FolderRequest, reels.folder, then=reels.folder_begun),
    Kind(BatchRequest, seasons.pair, then=seasons.started_alone),
)
