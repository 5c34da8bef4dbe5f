"""What a running job has found so far, before its files are written: shown as soon as a stage has ended.

The stages' results are remembered by the engine, so that deciding again from what is known costs a fraction of a second.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipeline.errors import Cancelled, StudioError
from pipeline.messages import Message, localise
from reelify.requests import HighlightsRequest
from web.jobs.queue import Job
from web.jobs.reels import highlights
from web.ui.following import Page, note, source_url
from web.ui.highlights.stage import Scene, stage
from web.ui.language import tell

PATIENCE = 5.0
"""Seconds that a look may take; what is not remembered yet is not computed a second time."""
HEARD = frozenset({"progress.transcribing"})
DECIDED = frozenset({"progress.clips", "progress.rendering_clip", "progress.encoding", "progress.done"})


class FirstLook:
    """The stage of a highlights job as it grows: the video, then moments by sound and picture, then those by speech too."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._seen = -1

    def news(self, job: Job, language: str) -> str | None:
        """HTML when there is more to show than at the last look."""
        code = job.message.code if job.message else ""
        stage_now = 2 if code in DECIDED else 1 if code in HEARD else 0
        here = job.asked(HighlightsRequest).source.is_file()  # or it is still being downloaded
        if job.state != "running" or stage_now <= self._seen or not here:
            return None
        self._seen = stage_now
        try:
            return self._view(job, stage_now, language)
        except StudioError:  # the job itself will tell
            return None

    def _view(self, job: Job, stage_now: int, language: str) -> str:
        source = job.asked(HighlightsRequest).source
        if not stage_now:
            return stage(
                Scene({"duration": self._page.engine.probe(source).duration}, source=source_url(source)), language
            )
        found = localise(self._found(job, speech=stage_now == 2), language)
        clips = [{**c, "url": ""} for c in found["clips"]]
        remark = note(tell("ui.highlights.so_far", language)) if stage_now == 1 and clips else ""
        return remark + stage(Scene(found["timeline"], clips, source_url(source)), language)

    def _found(self, job: Job, speech: bool) -> Mapping[str, Any]:
        asked = job.asked(HighlightsRequest)
        wanted = replace(asked, render=False, transcribe=speech and asked.transcribe)
        until = time.monotonic() + PATIENCE

        def impatient(fraction: float, message: Message) -> None:
            if time.monotonic() > until:
                raise Cancelled()

        return highlights(self._page.engine, wanted, job.folder, impatient)


__all__ = ["FirstLook"]
