"""What is said in a job's video, how loud it is and how it looks, small enough for a browser to draw at every zoom."""

from __future__ import annotations

import json
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.atomic import write_bytes
from pipeline.errors import BadRequest, NotFound
from pipeline.framing.framing import follow
from pipeline.media import channels
from pipeline.render.previews import film_strip, poster
from pipeline.render.shapes import ASPECTS
from pipeline.settings import Settings
from pipeline.tracks.choice import AUTO, chosen
from pipeline.values import Shot, Span
from reelify.requests import HighlightsRequest, RankRequest
from web.desk.acts import files_of
from web.jobs.queue import Job
from web.jobs.reels import SAID

RATE = 8000
"""Samples a second that are looked at; what is louder than half of that is drawn no higher."""
PER_SECOND = 50
"""Values a second: two hours are 360 kB, and ten seconds fill a laptop's screen."""
LOUDEST = 99.5
"""Percentile of all values that is drawn as the top: one click does not make everything else a line."""
FILM = 40
"""Pictures of a film strip: one for every 30 pixels of a laptop's timeline."""
LONGEST = 600.0
"""Seconds of a clip whose shots are looked at before it is made."""
STILL = 480
"""Pixels across a shot's picture."""
MOST_STILLS = 400
"""Pictures of shots that are kept for a job; the oldest goes first."""
_ONE = threading.Lock()
_FILM = threading.Lock()
_LOOK = threading.Lock()


def said(job: Job, file: int = 0) -> dict[str, Any]:
    """``{"language", "sentences": [[start, end, [[start, end, word], …]], …]}`` in seconds of the job's video number ``file``.

    Raises:
        NotFound: nobody listened.
    """
    try:
        found = json.loads((job.folder / SAID).read_text(encoding="utf-8"))
        if "files" in found:
            found = found["files"][str(source_of(job, file))]
    except (OSError, ValueError, KeyError) as error:
        raise NotFound(name=SAID) from error
    return {"language": found["language"], "sentences": [_sentence(s) for s in found["segments"]]}


def _sentence(segment: dict[str, Any]) -> list[Any]:
    """A sentence; one without times of its words is one word."""
    words = [[w["start"], w["end"], w["text"].strip()] for w in segment.get("words") or () if w["text"].strip()]
    start, end = segment["start"], segment["end"]
    return [start, end, words or [[start, end, segment["text"]]]]


def source_of(job: Job, file: int) -> Path:
    """The video of moments, or file number ``file`` of ranked clips. Raises NotFound."""
    asked = job.request
    if isinstance(asked, HighlightsRequest):
        files = [str(asked.source)]
    else:
        result = job.result or {}
        files = files_of([*result.get("viral_clips", ()), *result.get("closest", ())])
    if not isinstance(asked, HighlightsRequest | RankRequest) or not 0 <= file < len(files):
        raise NotFound(name=str(file))
    return Path(files[file])


def wave(engine: Any, job: Job, settings: Settings, file: int = 0) -> Path:
    """A file of one byte for every 20 ms of the video's sound: its peak, from 0 to 255. Made once; one at a time is decoded.

    Raises:
        NotFound: the video is gone or has no sound. UserError: it cannot be read.
    """
    source, out = _there(job, file), settings.page_files / "previews" / job.id / f"wave_{file}.bin"
    if out.is_file():
        return out
    with _ONE:
        if not out.is_file():
            out.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(
                out,
                drawn(_peaks(engine.probe(source), str(getattr(job.request, "track", AUTO)))).tobytes(),
            )
    return out


def _peaks(info: Any, track: str) -> NDArray[np.float32]:
    if not info.audio:
        raise NotFound(name=info.path.name)
    size, found = RATE // PER_SECOND, np.zeros(int(np.ceil(info.duration * PER_SECOND)) + 1, np.float32)
    for block in channels.heard(info, stream=chosen(info, track).heard, rate=RATE, block=60.0):
        first = max(0, round(block.start * PER_SECOND))
        whole = np.abs(block.samples[: len(block.samples) // size * size]).reshape(-1, size).max(axis=1)
        there = found[first : first + len(whole)]
        np.maximum(there, whole[: len(there)], out=there)
    return found


def drawn(peaks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Peaks (n,) of any scale as bytes; the loudest of them, but for single clicks, is 255."""
    top = float(np.percentile(peaks, LOUDEST)) or float(peaks.max(initial=0.0)) or 1.0
    return np.asarray(np.clip(255 * peaks / top, 0, 255).round(), np.uint8)


def film(job: Job, settings: Settings, file: int = 0) -> Path:
    """:data:`FILM` small pictures of the job's video number ``file`` beside each other. Made once; one at a time.

    Raises:
        NotFound: the video is gone or has no picture. UserError: it cannot be read.
    """
    source, out = _there(job, file), settings.page_files / "previews" / job.id / f"film_{file}.jpg"
    with _FILM:
        if not out.is_file():
            out.parent.mkdir(parents=True, exist_ok=True)
            film_strip(source, out, FILM)
    return out


def still(job: Job, settings: Settings, file: int, at: float) -> Path:
    """The picture at second ``at`` of the job's video number ``file``. Raises as :func:`film`."""
    source = _there(job, file)
    out = settings.page_files / "previews" / job.id / f"still_{file}_{round(10 * at)}.jpg"
    with _FILM:
        if not out.is_file():
            out.parent.mkdir(parents=True, exist_ok=True)
            for old in sorted(out.parent.glob("still_*"), key=lambda path: path.stat().st_mtime)[: -MOST_STILLS + 1]:
                old.unlink()
            poster(source, at, out, width=STILL)
    return out


def frames(engine: Any, job: Job, file: int, span: Span, aspect: str) -> list[dict[str, Any]]:
    """How each shot of a stretch would be shown in shape ``aspect``, as a clip that is made has it; without what was set by hand.

    Raises:
        BadRequest: the stretch is too long, or the shape is none. NotFound: the video is gone or has no picture.
    """
    source = _there(job, file)
    if aspect not in ASPECTS or not 0 < span.duration <= LONGEST:
        raise BadRequest(detail=aspect[:20])
    with _LOOK:
        info = engine.probe(source)
        if info.video is None:
            raise NotFound(name=source.name)
        wide, high = ASPECTS[aspect]
        path = follow(info, span, wide / high, _shots(job, info.duration) or engine.evidence(source).shots)
    return [layout.to_json() for layout in path.layouts]


def _shots(job: Job, duration: float) -> tuple[Shot, ...]:
    """The shots that a job for moments found."""
    starts = (job.result or {}).get("timeline", {}).get("shots") or []
    return tuple(Shot(a, b) for a, b in pairwise([*starts, max(duration, *starts)])) if starts else ()


def _there(job: Job, file: int) -> Path:
    source = source_of(job, file)
    if not source.is_file():
        raise NotFound(name=source.name)
    return source
