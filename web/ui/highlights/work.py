"""What the Highlights tab does: find moments, keep changed edges, render changed clips again."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import gradio as gr
import pandas as pd

from pipeline.errors import StudioError
from pipeline.files.received import Stored
from pipeline.render.exports import to_csv
from pipeline.values import Span
from reelify.requests import Clip, CompileRequest, HighlightsRequest
from syncdub.requests import AnalyseRequest
from web.jobs import edits
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.rest.answers import public_result
from web.ui.examples import example_files
from web.ui.following import Page, TabWork, asker, busy, chosen_source, follow, notes, shown, source_url
from web.ui.highlights.first_look import FirstLook
from web.ui.language import language_of, precise, tell
from web.ui.numbers import shown_table
from web.ui.posting.card import columns
from web.ui.stage import Scene, stage
from web.ui.viral.view import plan_links

Answer = tuple[Any, ...]


class HighlightsWork(TabWork):
    """The handlers of the tab."""

    n_outputs = 9

    def start(self, request: gr.Request, file: str | None, address: str, *rest: Any) -> Iterator[Answer]:
        """Queues a job on what was given and follows it."""
        yield from self._begin(lambda: chosen_source(self.page, file, address, request), rest, request)

    def _begin(self, source_of: Callable[[], Stored], rest: Sequence[Any], request: gr.Request) -> Iterator[Answer]:
        try:
            source = source_of()
            files = {"source": source.path, **brought([source])}
            wanted = HighlightsRequest.from_json({**self.chosen(rest), **files})
            job_id = self.page.jobs.submit(wanted, asker(request), title=source.name)
        except StudioError as error:
            raise shown(error, request) from error
        yield from self.watch(job_id, language_of(request))

    def start_on(
        self, request: gr.Request, analysed: str, file: str | None, address: str, *rest: Any
    ) -> Iterator[Answer]:
        """As :meth:`start`, on the film of a dub analysis where the fields no longer hold it (after a reload)."""
        if file or (address or "").strip():
            yield from self.start(request, file, address, *rest)
            return
        yield from self._begin(lambda: self._film(analysed, request), rest, request)

    def _film(self, analysed: str, request: gr.Request) -> Stored:
        """The film of a dub analysis of this visitor, which named it then."""
        film = self.page.job(analysed, request).asked(AnalyseRequest).original
        self.page.engine.probe(film)
        return Stored(film, film.name, film.stat().st_size)

    def example(self) -> tuple[str, str]:
        """The file that ships with the product."""
        return str(example_files("highlights")[0]), ""

    def watch(self, job_id: str, language: str) -> Iterator[Answer]:
        """What the tab shows while a job runs and when it has ended."""
        look, skip = FirstLook(self.page), gr.skip()
        for card, job in follow(self.page, job_id, language):
            if job.is_finished:
                yield self._finished(job, card, language)
            else:
                so_far = look.news(job, language)
                view = skip if so_far is None else so_far
                empty = gr.update(visible=False) if so_far else skip
                yield card, view, empty, "" if so_far else skip, job_id, skip, *busy(True), empty

    def _finished(self, job: Job, card: str, language: str) -> Answer:
        skip = gr.skip()
        if job.state != "done" or job.result is None:
            return card, skip, skip, skip, job.id, skip, *busy(False), skip
        result = public_result(job, self.page.settings, language)
        clips = self._clips(job, language)
        remarks = notes(result.get("doubts", []) if clips else [result["message"], *result.get("doubts", [])])
        return (
            card + remarks, self._stage(job, language), gr.update(value=_table(clips, language), visible=bool(clips)),
            _downloads(job, clips, result.get("plans", {}), language) if clips else "", job.id, {"job": job.id}, *busy(False), gr.update(visible=bool(clips)),
        )  # fmt: skip

    def _stage(self, job: Job, language: str) -> str:
        evidence = (job.result or {}).get("timeline", {})
        source = source_url(job.asked(HighlightsRequest).source)
        return stage(
            Scene(evidence, self._clips(job, language), source, job.id, edits.checked(edits.load(job))), language
        )

    def _clips(self, job: Job, language: str) -> list[dict[str, Any]]:
        """The clips as they are shown; those rendered again by their new files."""
        result = public_result(job, self.page.settings, language)
        made = edits.load(job).get("made", {})
        return [self._clip(clip, made.get(str(n)), language) for n, clip in enumerate(result["clips"], 1)]

    def _clip(self, clip: Mapping[str, Any], again: Mapping[str, Any] | None, language: str) -> dict[str, Any]:
        shown_clip = {
            **clip,
            "reasons": [*clip.get("reasons", []), *clip.get("doubts", [])],
            "made": (clip["start"], clip["end"]),
        }
        if again is None:
            return shown_clip
        try:
            job = self.page.jobs.get(again["job"])
        except StudioError:  # deleted since; the first rendering is still there
            return shown_clip
        if job.state != "done":
            return shown_clip
        files = public_result(job, self.page.settings, language)
        return {**shown_clip, "url": files["output"], "poster": files["poster"] or "", "made": tuple(again["bounds"])}

    def edit(self, found: Mapping[str, str], request: gr.Request, event: gr.EventData) -> None:
        """Keeps edges that were moved."""
        keep_edits(self.page, found.get("job", ""), event, request)

    def remake(self, found: Mapping[str, str], request: gr.Request, event: gr.EventData) -> Iterator[Answer]:
        """Renders every clip whose edges were moved once more; nothing is analysed."""
        skip, language = gr.skip(), language_of(request)
        try:
            job = self.page.job(found.get("job", ""), request)
            state = edits.save(job, (event._data or {}).get("state"))
            for n, clip in enumerate(self._clips(job, language), 1):
                bounds = edits.bounds_of(state, n, clip)
                if bounds != clip["made"]:
                    for card, done in self._rendered(job, n, clip, bounds, request):
                        yield card, skip, skip
                        if done.state == "done":
                            edits.keep_made(job, n, done.id, bounds)
        except StudioError as error:
            raise shown(error, request) from error
        yield skip, self._stage(job, language), _table(self._clips(job, language), language)

    def _rendered(
        self, job: Job, n: int, clip: Mapping[str, Any], bounds: edits.Bounds, request: gr.Request
    ) -> Iterator[tuple[str, Job]]:
        asked = job.asked(HighlightsRequest)
        piece = Clip(asked.source, Span(*bounds), str(clip.get("title", "")))
        wanted = CompileRequest((piece,), track=asked.track)
        job_id = self.page.jobs.submit(wanted, asker(request), title=f"{n}. {job.title}")
        yield from follow(self.page, job_id, language_of(request))


def keep_edits(page: Page, job_id: str, event: gr.EventData, request: gr.Request) -> None:
    """Stores what a view sent after a change, if it is about the job it shows."""
    data = event._data or {}
    if not job_id or data.get("job") != job_id:
        return
    try:
        edits.save(page.job(job_id, request), data.get("state"))
    except StudioError as error:
        raise shown(error, request) from error


def _table(clips: list[dict[str, Any]], language: str) -> Any:
    return shown_table(_frame(clips, language), language)


def _frame(clips: list[dict[str, Any]], language: str) -> pd.DataFrame:
    names = [tell(f"ui.table.{c}", language) for c in ("rank", "start", "end", "seconds", "score", "why")]
    rows = [
        (n, precise(c["made"][0], language), precise(c["made"][1], language), round(c["made"][1] - c["made"][0], 1), round(100 * c["score"]),
         "; ".join(c["reasons"]))
        for n, c in enumerate(clips, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def table_rows(clips: list[dict[str, Any]], language: str) -> list[dict[Any, Any]]:
    """The table for other programs, with what each clip may be posted with."""
    rows = _frame(clips, language).to_dict("records")
    return [{**row, **columns(clip, language)} for row, clip in zip(rows, clips, strict=True)]


def _downloads(job: Job, clips: list[dict[str, Any]], plans: Mapping[str, Any], language: str) -> str:
    settings = quote(json.dumps(job.request.to_json(), ensure_ascii=False))
    csv = quote(to_csv(table_rows(clips, language)))
    return (
        f'<div class="studio studio-files"><a href="/api/download/{job.id}?edited=true">{html.escape(tell("ui.download_zip", language))}</a> '
        f'<a download="highlights.csv" href="data:text/csv;charset=utf-8,{csv}">CSV</a> '
        f'<a download="settings.json" href="data:application/json;charset=utf-8,{settings}">'
        f"{html.escape(tell('ui.download_settings', language))}</a> {' '.join(plan_links(plans))}</div>"
    )
