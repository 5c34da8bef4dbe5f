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
from reelify.requests import Clip, CompileRequest, HighlightsRequest, Place
from syncdub.requests import AnalyseRequest
from web.desk import acts
from web.jobs import edits
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.jobs.reels import SAID
from web.problems import words
from web.rest.answers import public_result
from web.ui.examples import example_files
from web.ui.following import TabWork, asker, chosen_source, follow, note, notes, source_url
from web.ui.giving.beside import with_subtitles
from web.ui.giving.given import given_in, is_example
from web.ui.giving.zone import Field, Zone, held, zone_view
from web.ui.handwork.kept import OWN, being_made, keep_act, keep_edits, made_last, number, own_span, second
from web.ui.highlights.first_look import FirstLook
from web.ui.highlights.making import choices, look_of, reckoned
from web.ui.highlights.stage import Scene, stage
from web.ui.language import language_of, precise, tell
from web.ui.numbers import shown_table
from web.ui.posting.card import columns
from web.ui.running.card import done_bar
from web.ui.running.remarks import worth_saying
from web.ui.timeline import attr
from web.ui.viral.view import plan_links

Answer = tuple[Any, ...]

ZONE = Zone(
    "highlights", "ui.highlights.intro", (Field("source", "highlights-file", "ui.file"),), "ui.highlights.go", "highlights",
    "ui.highlights.shows",
)  # fmt: skip


class HighlightsWork(TabWork):
    """The handlers of the tab."""

    kinds = frozenset({HighlightsRequest.kind})
    names = ("zone", "wrong", "progress", "view", "fold", "table", "files", "made", "running", "clips", "rank")

    def zone(self, language: str, job: Job | None = None) -> str:
        """The drop zone, holding the video of ``job``."""
        asked = job.asked(HighlightsRequest) if job else None
        kept = {"source": held(asked.source, asked.names, asked.fetch)} if asked else {}
        return zone_view(ZONE, self.page.settings, language, kept, self.page.sources.has_library)

    def start(self, request: gr.Request, event: gr.EventData, *rest: Any) -> Iterator[Answer]:
        """Queues a job on what was given and follows it."""
        yield from self._begin(lambda: self._given(event, request), rest, request)

    def _given(self, event: gr.EventData, request: gr.Request) -> Stored:
        given = given_in(event, "source")
        file = str(example_files("highlights")[0]) if is_example(event) else next(iter(given.files), None)
        return chosen_source(self.page, file, None if file else given.link, request)

    def _begin(self, source_of: Callable[[], Stored], rest: Sequence[Any], request: gr.Request) -> Iterator[Answer]:
        try:
            source = source_of()
            files = {"source": source.path, **brought([source])}
            chosen = with_subtitles(self.page, self.chosen(rest), request)
            wanted = HighlightsRequest.from_json({**chosen, **files})
            job_id = self.page.jobs.submit(wanted, asker(request), title=source.name)
        except StudioError as error:
            yield self.refused(error, request, "source")
            return
        language = language_of(request)
        yield self.told(wrong="", zone=self.zone(language, self.page.jobs.get(job_id)))
        yield from self.watch(job_id, language)

    def start_on(self, request: gr.Request, analysed: str, *rest: Any) -> Iterator[Answer]:
        """As :meth:`start`, on the film of a dub analysis."""
        yield from self._begin(lambda: self._film(analysed, request), rest, request)

    def _film(self, analysed: str, request: gr.Request) -> Stored:
        """The film of a dub analysis of this visitor, which named it then."""
        asked = self.page.job(analysed, request).asked(AnalyseRequest)
        film = asked.original
        self.page.engine.probe(film)
        return Stored(film, asked.names.get(str(film)) or film.name, film.stat().st_size)

    def blank(self) -> dict[str, Any]:
        """The tab without a result."""
        hide = gr.update(visible=False)
        return {"progress": "", "view": "", "files": "", "made": "", "fold": hide, "rank": hide, "clips": {}}

    def watch(self, job_id: str, language: str) -> Iterator[Answer]:
        """What the tab shows while a job runs and when it has ended."""
        look, told = FirstLook(self.page), False
        for card, job in follow(self.page, job_id, language):
            if job.is_finished:
                yield self._finished(job, card, language)
                if job.state == "done" and being_made(self.page, job):
                    yield from self._making(job, language)
                return
            so_far = look.news(job, language)
            fresh, told = {} if told else self.blank(), True
            shown_now = {} if so_far is None else {"view": so_far}
            yield self.told(**{**fresh, "progress": card, "running": job_id, **shown_now})

    def _finished(self, job: Job, card: str, language: str) -> Answer:
        if job.state != "done" or job.result is None:
            return self.without(job, card)
        result = public_result(job, self.page.settings, language)
        clips = self._there(job, language)
        there = gr.update(visible=bool(clips))
        doubts = worth_saying((job.result or {}).get("doubts", []), result.get("doubts", []), found=bool(clips))
        remarks = notes(doubts if clips or doubts else [result["message"]])
        return self.told(
            progress=done_bar(job, language) + remarks, view=self._stage(job, language), fold=there, rank=there,
            table=_table(clips, language), files=_downloads(job, clips, result.get("plans", {}), language) if clips else "", running=job.id, clips={"job": job.id},
        )  # fmt: skip

    def _stage(self, job: Job, language: str) -> str:
        evidence = (job.result or {}).get("timeline", {})
        source = source_url(job.asked(HighlightsRequest).source)
        n_found = len((job.result or {}).get("clips", ()))
        state = edits.load(job)
        said = bool(source) and (job.folder / SAID).is_file()
        making = choices(reckoned(self.page, job), language)
        return stage(
            Scene(
                evidence,
                self._clips(job, language),
                source,
                job.id,
                state,
                n_found,
                said,
                making,
                self.page.settings.share_days > 0,
            ),
            language,
        )

    def _clips(self, job: Job, language: str) -> list[dict[str, Any]]:
        """The clips as they are shown, added ones too; those made anew by their new files."""
        found = public_result(job, self.page.settings, language)["clips"]
        every = acts.grown(found, edits.load(job))
        own = [_own(clip, language) for clip in every[len(found) :]]
        return [self._clip(job, n, clip, language) for n, clip in enumerate([*found, *own], 1)]

    def _clip(self, job: Job, n: int, clip: Mapping[str, Any], language: str) -> dict[str, Any]:
        reasons = [*clip.get("reasons", []), *clip.get("doubts", [])]
        first = {
            **clip, "reasons": reasons, "made": (clip["start"], clip["end"]) if clip.get("url") else (), "without": [], "look": {}, "frames": [],
        }  # fmt: skip
        again, done = made_last(self.page, job, n)
        if again is None or done is None:
            return first
        files = public_result(done, self.page.settings, language)
        return {
            **first,
            "url": files["output"],
            "poster": files["poster"] or "",
            "made": tuple(again["bounds"]),
            "without": again.get("struck", []),
            "look": again.get("look", {}),
            "frames": again.get("frames", []),
            "layouts": files.get("layouts", ()),
        }

    def act(self, found: Mapping[str, str], request: gr.Request, event: gr.EventData) -> Answer:
        """Splits, joins or doubles a clip, or adds a moment of the visitor's own: the words chosen in the transcript, else around the
        second at which the player stands."""
        data, language = event._data or {}, language_of(request)
        try:
            job = self.page.job(found.get("job", ""), request)
            state = edits.checked(data.get("state"))
            keep_act(job, data, self._acted(job, state, data))
        except StudioError as error:
            return self.told(made=note(words(error.message, language), "bad"))
        return self.told(view=self._stage(job, language), table=_table(self._there(job, language), language), made="")

    def _acted(self, job: Job, state: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        asked, clips = job.asked(HighlightsRequest), (job.result or {}).get("clips", [])
        if (act := str(data.get("act"))) in (*acts.ACTS[1:], acts.SHOW):
            return acts.done(clips, state, act, number(data.get("n")), second(data.get("at")))
        whole = float((job.result or {}).get("timeline", {}).get("duration") or 0.0)
        return acts.added(clips, state, *own_span(data, max(OWN, asked.min_duration or 0.0), whole))

    def _there(self, job: Job, language: str) -> list[dict[str, Any]]:
        """The clips that were not put away."""
        away = edits.removed_in(edits.load(job))
        return [clip for n, clip in enumerate(self._clips(job, language), 1) if n not in away]

    def edit(self, found: Mapping[str, str], request: gr.Request, event: gr.EventData) -> None:
        """Keeps edges that were moved."""
        keep_edits(self.page, found.get("job", ""), event, request)

    def remake(self, found: Mapping[str, str], request: gr.Request, event: gr.EventData) -> Iterator[Answer]:
        """Renders the clip that is asked for, or every one, whose edges were moved once more; nothing is analysed.

        All of them are queued first: what was begun ends, and is there, also when nobody waits for it.
        """
        language, data = language_of(request), event._data or {}
        try:
            job = self.page.job(found.get("job", ""), request)
            state = edits.save(job, data.get("state"))
            away = edits.removed_in(state)
            for n, clip in enumerate(self._clips(job, language), 1):
                bounds = edits.bounds_of(state, n, clip)
                struck, look, frames = edits.struck_in(state, bounds), state.get("look", {}), edits.frames_in(state, n)
                made = (tuple(clip["made"]), clip["without"], clip["look"], clip["frames"])
                if n not in away and (bounds, struck, look, frames) != made and _is_meant(n, data):
                    made_by = self._queued(job, n, clip, bounds, request)
                    edits.keep_making(job, n, made_by, bounds, struck=struck, look=look, frames=frames)
        except StudioError as error:
            yield self.told(made=note(words(error.message, language), "bad"))
            return
        yield from self._making(job, language)

    def _queued(self, job: Job, n: int, clip: Mapping[str, Any], bounds: edits.Bounds, request: gr.Request) -> str:
        asked = job.asked(HighlightsRequest)
        piece = Clip(asked.source, Span(*bounds), str(clip.get("title", "")))
        state = edits.load(job)
        struck = tuple(Place(low, high, asked.source) for low, high in edits.struck_in(state, bounds))
        wanted = CompileRequest(
            (piece,),
            track=asked.track,
            language=asked.language,
            listen=asked.transcribe,
            names=asked.names,
            words=asked.words,
            subtitles=asked.subtitles,
            struck=struck,
            frames=edits.hands_in(state, n),
            **look_of(state),
        )
        return self.page.jobs.submit(wanted, asker(request), title=f"{n}. {job.title}")

    def _making(self, job: Job, language: str) -> Iterator[Answer]:
        """Follows what is being made of this job's clips, then shows the new ones."""
        last = ""
        for made_by in being_made(self.page, job):
            for card, now in follow(self.page, made_by, language):
                last = card if now.is_finished else ""
                yield self.told(made=card)
        clips = self._there(job, language)
        yield self.told(made=last, view=self._stage(job, language), table=_table(clips, language))


def _own(clip: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A clip that was added, as its card shows it."""
    of = clip.get("of", ())
    why = (
        tell("ui.highlights.part_of", language, of=", ".join(str(n) for n in of))
        if of
        else tell("ui.highlights.own", language)
    )
    return {**clip, "score": 0.0, "reasons": [why], "url": "", "poster": ""}


def _is_meant(n: int, data: Mapping[str, Any]) -> bool:
    """Whether a clip is among those that are to be made: the one of ``n``, those of ``only``, or all."""
    only = data.get("only") or ()
    return n == data["n"] if data.get("n") is not None else not only or n in only


def _table(clips: list[dict[str, Any]], language: str) -> Any:
    return shown_table(_frame(clips, language), language)


def _frame(clips: list[dict[str, Any]], language: str) -> pd.DataFrame:
    names = [tell(f"ui.table.{c}", language) for c in ("rank", "start", "end", "seconds", "score", "why")]
    rows = [
        (n, precise(low, language), precise(high, language), round(high - low, 1), round(100 * c["score"]),
         "; ".join(c["reasons"]))
        for n, c in enumerate(clips, 1)
        for low, high in [c["made"] or (c["start"], c["end"])]
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def table_rows(clips: list[dict[str, Any]], language: str) -> list[dict[Any, Any]]:
    """The table for other programs, with what each clip may be posted with."""
    rows = _frame(clips, language).to_dict("records")
    return [{**row, **columns(clip, language)} for row, clip in zip(rows, clips, strict=True)]


def _downloads(job: Job, clips: list[dict[str, Any]], plans: Mapping[str, Any], language: str) -> str:
    settings = quote(json.dumps(job.request.to_json(), ensure_ascii=False))
    csv, first = quote(to_csv(table_rows(clips, language))), attr(tell("ui.make_first", language))
    return (
        f'<div class="studio studio-files"><a data-zip href="/api/download/{job.id}?edited=true" data-first="{first}" download>{html.escape(tell("ui.download_zip", language))}</a> '
        f'<a download="highlights.csv" href="data:text/csv;charset=utf-8,{csv}">CSV</a> '
        f'<a download="settings.json" href="data:application/json;charset=utf-8,{settings}">'
        f"{html.escape(tell('ui.download_settings', language))}</a> {' '.join(plan_links(plans))}</div>"
    )
