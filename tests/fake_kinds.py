"""Kinds of job for the tests of the service: they write real files and take no models."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pipeline.errors import NoAudio, NotFound
from pipeline.messages import message
from pipeline.progress import Report
from pipeline.requests import Request
from reelify.requests import ChaptersRequest, CompileRequest, FindRequest, HighlightsRequest, RankRequest
from syncdub.requests import SyncRequest
from web.jobs.kinds import KINDS, Kind, Kinds, by_name


def _write(path: Path, data: bytes) -> Path:
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(data)
    part.rename(path)
    return path


def highlights(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Two clips that hold the beginning of the source."""
    data = request.source.read_bytes()
    report(0.5, message("progress.rendering"))
    clips = [
        {"path": _write(folder / f"moment {n}.mp4", data[: 1000 * n]), "start": 40.0 * n, "end": 40.0 * n + 30,
         "duration": 30.0, "score": 0.5, "parts": {"loud": 0.5}, "reasons": [message("reason.loud", at=40.0)]}
        for n in (1, 2)
    ]  # fmt: skip
    return {"status": "success", "clips": clips, "message": "ignored"}


def rank(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Every clip becomes a viral clip."""
    made = []
    for n, clip in enumerate(request.clips, 1):
        path = _write(folder / f"{n}.mp4", clip.source.read_bytes()[:500])
        made.append({"source": clip.source, "path": path, "duration": 45.0, "viral_score": 0.78,
                     "keywords": ["descuento"], "transcript": "Quiero", "parts": {}, "evidence": []})  # fmt: skip
    return {"status": "success", "viral_clips": made, "message": ""}


def compile_clip(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A clip with one pause gone for each stretch that was struck out."""
    source = request.clips[0].source
    gone = [
        {"source": source, "start": s.start, "end": s.end, "kind": "struck", "text": "", "at": 0.0, "gone": True}
        for s in request.struck
    ]
    found = {"saved": sum(g["end"] - g["start"] for g in gone), "removed": gone if request.tighten else []}
    output = _write(folder / "clip.mp4", source.read_bytes()[:700])
    return {
        "status": "success",
        "output": output,
        "message": message("result.clip_made", seconds=9.0),
        "doubts": [],
        **found,
    }


def find(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A hit in each file."""
    hits = [
        {"source": s, "start": 1.0, "end": 2.0, "text": request.query, "kind": "speech", "score": 1.0}
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
    """One chapter."""
    text = _write(folder / "talk.chapters.txt", b"0:00 x")
    found = [{"start": 0.0, "end": 9.0, "title": "x"}]
    return {
        "status": "success",
        "chapters": found,
        "files": {"youtube": text},
        "message": message("result.chapters", n=1),
    }


def sync(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Both files one after the other."""
    report(0.25, message("progress.transcribing"))
    data = request.original.read_bytes() + request.dub.read_bytes()
    return {"verdict": "aligned", "output": _write(folder / "result.mkv", data), "doubts": [message("doubt.fake", n=3)]}


def refused(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    return {"verdict": "refuse", "doubts": []}


def no_audio(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    raise NoAudio(name="silent.mp4")


def broken(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    (folder / "half.mp4.part").write_bytes(b"half")
    raise RuntimeError("secret detail /etc/shadow")


def missing(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    if not request.source.is_file():
        raise NotFound(name=request.source.name)
    return {}


def patient(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Works in small steps until ``request.until`` exists, or for ``request.steps`` hundredths of a second."""
    _write(folder / "started", b"")
    steps = request.steps
    for step in range(steps):
        if request.until and Path(request.until).exists():
            break
        report(step / steps, message("progress.stage_one" if step < 2 else "progress.stage_two"))
        time.sleep(0.01)
    return {"steps": steps, "output": _write(folder / "output.bin", b"x" * 100)}


def encode(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """A real ffmpeg process that writes ``request.seconds`` of test picture."""
    from pipeline.media import ffmpeg

    part, seconds = folder / "film.part.mkv", request.seconds
    source = ["-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={seconds}"]
    ffmpeg.run([*source, "-c:v", "libx264", "-preset", "veryfast", str(part)], report=report, duration=seconds)
    return {"output": part.rename(folder / "film.mkv")}


def echo(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    return {"given": request.to_json()["given"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(Request):
    """What the kinds for tests are asked: whatever one of them needs. ``of`` is the name of the kind."""

    of: str = ""
    source: Path | None = None
    other: Path | None = None
    steps: int = 3000
    until: str = ""
    seconds: float = 0.0
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.of


_KNOWN = {f.name for f in fields(Trial)}
_TRIALS = (refused, no_audio, broken, missing, patient, encode, echo)
FAKES: Kinds = {
    **by_name(
        Kind(HighlightsRequest, highlights, "raw_clips"), Kind(RankRequest, rank, "viral_clips"),
        Kind(CompileRequest, compile_clip),
        Kind(FindRequest, find), Kind(ChaptersRequest, chapters), Kind(SyncRequest, sync),
    ),
    **{work.__name__: Kind(Trial, work) for work in _TRIALS},
}  # fmt: skip


def asked(kind: str, body: Mapping[str, Any]) -> Request:
    """The request of a kind: one of ours, or a :class:`Trial` that gives what it does not know as ``given``."""
    ours = KINDS.get(kind) if kind not in FAKES or FAKES[kind].request is not Trial else None
    if ours:
        return ours.request.from_json(body)
    known = {name: value for name, value in body.items() if name in _KNOWN}
    return Trial.from_json({**known, "of": kind, "given": {n: v for n, v in body.items() if n not in _KNOWN}})
