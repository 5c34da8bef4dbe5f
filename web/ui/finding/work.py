"""What the search tab does: search files or everything there is, divide a video into chapters, make a clip of a place."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import BadRequest, StudioError
from pipeline.files.received import Stored
from pipeline.values import Span
from reelify.requests import MOST_CLIPS, ChaptersRequest, Clip, CompileRequest, FindRequest
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.problems import words
from web.rest.answers import public_result
from web.ui.examples import example_files
from web.ui.finding.view import chapters_view, hits_view
from web.ui.following import Page, TabWork, asker, chosen_source, follow, note, notes, owner_of
from web.ui.giving.beside import with_subtitles
from web.ui.giving.given import given_in, is_example
from web.ui.giving.zone import Field, Held, Zone, held, zone_view
from web.ui.language import language_of, tell
from web.ui.running.card import done_bar
from web.ui.timeline import attr

Answer = tuple[Any, ...]
SEARCH, CHAPTERS = "search", "chapters"
BEFORE, AFTER = 2.0, 6.0
"""Seconds around a place that are made into a clip with it: who shares a sentence shares what follows."""
SEEN = 200
"""Projects whose videos a search of everything looks into."""
ZONE = Zone(
    "finding", "", (Field("sources", "finding-files", "ui.finding.files", several=True),), "ui.finding.go",
    "highlights", "ui.finding.shows", also="ui.finding.all",
)  # fmt: skip
Asked = FindRequest | ChaptersRequest


class FindingWork(TabWork):
    """The handlers of the tab."""

    kinds = frozenset({FindRequest.kind, ChaptersRequest.kind})
    names = ("zone", "wrong", "progress", "view", "made", "running")

    def zone(self, language: str, job: Job | None = None) -> str:
        """The drop zone, holding the files of ``job``."""
        asked = job.request if job else None
        files: Sequence[Path] = ()
        if isinstance(asked, FindRequest) and len(asked.sources) <= 10:
            files = asked.sources
        elif isinstance(asked, ChaptersRequest):
            files = (asked.source,)
        kept: list[Held] = [h for path in files for h in held(path, asked.names, asked.fetch)] if asked else []
        return zone_view(ZONE, self.page.settings, language, {"sources": kept}, self.page.sources.has_library)

    def start(self, request: gr.Request, event: gr.EventData, *rest: Any) -> Iterator[Answer]:
        """Searches the files that were given, or divides the first of them."""
        given = given_in(event, "sources")
        if is_example(event):
            stored = [chosen_source(self.page, str(example_files("highlights")[0]), None, request)]
            asked = dict(zip(self.options, rest, strict=True))
            asked["query"] = (asked["query"] or "").strip() or tell("ui.finding.example", language_of(request))
            yield from self._begin(stored, tuple(asked.values()), request)
            return
        try:
            found = [chosen_source(self.page, path, None, request) for path in given.files]
            if given.link or not found:
                found.append(chosen_source(self.page, None, given.link, request))
        except StudioError as error:
            yield self.refused(error, request, "sources")
            return
        yield from self._begin(found, rest, request)

    def start_all(self, request: gr.Request, *rest: Any) -> Iterator[Answer]:
        """Searches the videos of this visitor's projects and of the whole library."""
        try:
            found = self._everything(request)
            if not found:
                raise BadRequest("error.nothing_to_search")
        except StudioError as error:
            yield self.refused(error, request, "sources")
            return
        yield from self._begin(found, rest, request, only=SEARCH)

    def _everything(self, request: gr.Request) -> list[Stored]:
        known: dict[Path, Stored] = {}
        owner = owner_of(request)
        for job in self.page.jobs.list(owner, limit=SEEN) if owner else ():
            media = (Path(p) for p in job.request.files() if Path(p) != getattr(job.request, "subtitles", None))
            for path in media:
                if path.is_file() and path not in known:
                    known[path] = Stored(path, job.request.called(path), path.stat().st_size)
        for stored in self.page.sources.folder("") if self.page.sources.has_library else ():
            known.setdefault(stored.path, stored)
        return list(known.values())[:MOST_CLIPS]

    def _begin(
        self, found: Sequence[Stored], rest: Sequence[Any], request: gr.Request, only: str = ""
    ) -> Iterator[Answer]:
        try:
            chosen = with_subtitles(self.page, self.chosen(rest), request)
            wanted = asked_of(found, chosen, only or str(chosen.get("what")))
            title = wanted.query if isinstance(wanted, FindRequest) else found[0].name
            job_id = self.page.jobs.submit(wanted, asker(request), title=title)
        except StudioError as error:
            yield self.refused(error, request, "sources")
            return
        language = language_of(request)
        yield self.told(wrong="", zone=self.zone(language, self.page.jobs.get(job_id)))
        yield from self.watch(job_id, language)

    def blank(self) -> dict[str, Any]:
        """The tab without a result."""
        return {"progress": "", "view": "", "made": ""}

    def watch(self, job_id: str, language: str) -> Iterator[Answer]:
        """What the tab shows while a job runs and when it has ended."""
        told = False
        for card, job in follow(self.page, job_id, language):
            if not job.is_finished:
                yield self.told(**{**({} if told else self.blank()), "progress": card, "running": job_id})
                told = True
            elif job.state != "done" or job.result is None:
                yield self.without(job, card)
            else:
                yield self.told(progress=done_bar(job, language), view=self._shown(job, language), running=job.id)

    def _shown(self, job: Job, language: str) -> str:
        result = public_result(job, self.page.settings, language)
        remarks = notes([f"{s['source']}: {s['message']}" for s in result.get("skipped", [])])
        if job.kind == ChaptersRequest.kind:
            return remarks + chapters_view(job, result, language)
        return remarks + hits_view(job, result, language)

    def clip(self, job_id: str, request: gr.Request, event: gr.EventData) -> Iterator[str]:
        """Makes a clip of the place that was pressed."""
        language = language_of(request)
        try:
            job = self.page.job(job_id, request)
            wanted, title = place_of(self.page, job, (event._data or {}).get("n"))
            made_by = self.page.jobs.submit(wanted, asker(request), title=title)
        except StudioError as error:
            yield note(words(error.message, language), "bad")
            return
        for card, now in follow(self.page, made_by, language):
            yield made(self.page, now, language) if now.state == "done" else card


def asked_of(found: Sequence[Stored], chosen: Mapping[str, Any], what: str) -> Asked:
    """The request for ``what`` in the files found. Raises BadRequest."""
    rest = {name: value for name, value in chosen.items() if name not in {"what", "query"}}
    if what == CHAPTERS:
        return ChaptersRequest.from_json({**rest, "source": found[0].path, **brought(found[:1])})
    files = {"sources": tuple(stored.path for stored in found), **brought(found)}
    return FindRequest.from_json({**rest, "query": chosen.get("query") or "", **files})


def place_of(page: Page, job: Job, number: Any) -> tuple[CompileRequest, str]:
    """The clip of hit or chapter ``number`` (from 0) of a finished job, and what it is called. Raises BadRequest."""
    result, asked = job.result or {}, job.request
    places = result.get("hits") or result.get("chapters") or []
    if (
        not isinstance(number, int)
        or not 0 <= number < len(places)
        or not isinstance(asked, FindRequest | ChaptersRequest)
    ):
        raise BadRequest(detail=str(number)[:20])
    place = places[number]
    if isinstance(asked, ChaptersRequest):
        source, span = asked.source, Span(place["start"], place["end"])
    else:
        source = Path(place["source"])
        whole = page.engine.probe(source).duration
        span = Span(max(0.0, place["start"] - BEFORE), min(place["end"] + AFTER, whole))
    said = place.get("title") or place.get("text")
    title = said[:80] if isinstance(said, str) else asked.called(source)
    names = {str(source): asked.called(source)}
    wanted = CompileRequest(
        (Clip(source, span, title),), language=asked.language, track=asked.track, words=asked.words, names=names
    )
    return wanted, title


def made(page: Page, job: Job, language: str) -> str:
    """A clip that was made of a place."""
    result = public_result(job, page.settings, language)
    return (
        f'<section class="studio studio-made"><h2>{html.escape(job.title)}</h2>'
        f'<video controls playsinline preload="metadata" src="{attr(result["output"])}" poster="{attr(result.get("poster") or "")}" '
        f'aria-label="{attr(tell("ui.player", language))}"></video>'
        f'<p class="studio-files"><a href="/api/download/{job.id}" download>{html.escape(tell("ui.download_clip", language))}</a></p></section>'
    )
