"""Kinds of job for the tests of the service: they write real files and take no models."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import NoAudio, NotFound
from pipeline.messages import message
from pipeline.progress import Report
from web.jobs.kinds import Kind


def _write(path: Path, data: bytes) -> Path:
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(data)
    part.rename(path)
    return path


def highlights(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Two clips that hold the beginning of the source."""
    data = Path(params["source"]).read_bytes()
    report(0.5, message("progress.rendering"))
    clips = [
        {"path": _write(folder / f"moment {n}.mp4", data[: 1000 * n]), "start": 40.0 * n, "end": 40.0 * n + 30,
         "duration": 30.0, "score": 0.5, "parts": {"loud": 0.5}, "reasons": [message("reason.loud", at=40.0)]}
        for n in (1, 2)
    ]  # fmt: skip
    return {"status": "success", "clips": clips, "message": "ignored"}


def rank(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Every clip becomes a viral clip."""
    made = []
    for n, clip in enumerate(params["clips"], 1):
        path = _write(folder / f"{n}.mp4", Path(clip["path"]).read_bytes()[:500])
        made.append({"source": clip["path"], "path": path, "duration": 45.0, "viral_score": 0.78,
                     "keywords": ["descuento"], "transcript": "Quiero", "parts": {}, "evidence": []})  # fmt: skip
    return {"status": "success", "viral_clips": made, "message": ""}


def sync(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Both files one after the other."""
    report(0.25, message("progress.transcribing"))
    data = Path(params["original"]).read_bytes() + Path(params["dub"]).read_bytes()
    return {"verdict": "aligned", "output": _write(folder / "result.mkv", data), "doubts": [message("doubt.fake", n=3)]}


def refused(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    return {"verdict": "refuse", "doubts": []}


def no_audio(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    raise NoAudio(name="silent.mp4")


def broken(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    (folder / "half.mp4.part").write_bytes(b"half")
    raise RuntimeError("secret detail /etc/shadow")


def missing(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    if not Path(params["source"]).is_file():
        raise NotFound(name=Path(params["source"]).name)
    return {}


def patient(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Works in small steps until ``params["until"]`` exists, or for ``params["steps"]`` hundredths of a second."""
    _write(folder / "started", b"")
    steps = int(params.get("steps", 3000))
    for step in range(steps):
        if "until" in params and Path(params["until"]).exists():
            break
        report(step / steps, message("progress.stage_one" if step < 2 else "progress.stage_two"))
        time.sleep(0.01)
    return {"steps": steps, "output": _write(folder / "output.bin", b"x" * 100)}


def encode(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """A real ffmpeg process that writes ``params["seconds"]`` of test picture."""
    from pipeline.media import ffmpeg

    part, seconds = folder / "film.part.mkv", float(params["seconds"])
    source = ["-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={seconds}"]
    ffmpeg.run([*source, "-c:v", "libx264", "-preset", "veryfast", str(part)], report=report, duration=seconds)
    return {"output": part.rename(folder / "film.mkv")}


def echo(engine: Any, params: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    return {"params": dict(params)}


_ROOTS = {"highlights": "raw_clips", "rank": "viral_clips"}
_WORK = (highlights, rank, sync, refused, no_audio, broken, missing, patient, encode, echo)
FAKES: Mapping[str, Kind] = {w.__name__: Kind(w, _ROOTS.get(w.__name__, "outputs")) for w in _WORK}
