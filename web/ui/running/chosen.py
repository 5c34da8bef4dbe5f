"""What was chosen for a job, in a line."""

from __future__ import annotations

import html

from pipeline.messages import format_number
from reelify.requests import CompileRequest, HighlightsRequest, Look, RankRequest
from syncdub.requests import AnalyseRequest
from web.jobs.queue import Job
from web.ui.language import tell


def chosen_words(job: Job, language: str, *, named: bool = True) -> str:
    """HTML: what it is made of and the settings that make a difference; empty for a request this version cannot read."""
    told = [job.title] if named and job.title else []
    asked = job.request
    if isinstance(asked, HighlightsRequest):
        told += _highlights(asked, language)
    elif isinstance(asked, Look):
        told += _look(asked, language)
    elif isinstance(asked, AnalyseRequest):
        told.append(tell("ui.chosen.quick" if asked.quick else "ui.chosen.careful", language))
    return html.escape(" · ".join(told))


def _highlights(asked: HighlightsRequest, language: str) -> list[str]:
    low, high = asked.min_duration, asked.max_duration
    told = [tell("ui.chosen.count", language, n=asked.clips)]
    if low is not None and high is not None:
        span = f"{format_number(low, 0, language)}–{format_number(high, 0, language)}"
        told.append(tell("ui.seconds", language, seconds=span))
    if not asked.transcribe:
        told.append(tell("ui.chosen.unheard", language))
    return told


def _look(asked: Look, language: str) -> list[str]:
    told = []
    if isinstance(asked, RankRequest):
        told.append(tell("ui.chosen.clips", language, n=len(asked.clips)))
    if isinstance(asked, CompileRequest) and len(asked.clips) > 1:
        told.append(tell("ui.chosen.pieces", language, n=len(asked.clips)))
    told.append(tell(f"ui.aspect.{asked.aspect.replace(':', 'x')}", language))
    if asked.captions:
        told.append(tell("ui.chosen.captions", language))
    return told
