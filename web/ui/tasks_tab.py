"""The Tasks tab: this visitor's jobs, with what can be done to them; what was deleted can be taken back for a while."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

import gradio as gr

from pipeline.errors import NotFound, StudioError
from pipeline.messages import say
from web.jobs.queue import Job
from web.ui.following import QUIET, Page, owner_of, shown
from web.ui.language import label, language_of, moment, percent, tell
from web.ui.running.card import say_error
from web.ui.theme import asset

SHOWN = 100
EVERY = 2.0
"""Seconds between two looks while the tab is open."""
ACTS = {
    "queued": ("cancel",),
    "running": ("cancel",),
    "done": ("delete",),
    "failed": ("retry", "delete"),
    "cancelled": ("retry", "delete"),
}
"""By state; a running job that is stopping has nothing left to do, a deleted one can be taken back."""


def build(page: Page, demo: gr.Blocks) -> None:
    """Lays out the tab and wires it."""
    gr.Markdown(label("ui.tasks.intro"))
    view = gr.HTML("", js_on_load=asset("tasks.js"), elem_id="tasks-view")
    timer = gr.Timer(EVERY)

    def look(request: gr.Request) -> str:
        return listing(_own(page, owner_of(request)), language_of(request))

    def act(event: gr.EventData, request: gr.Request) -> str:
        try:
            _act(page, str(event._data["act"]), str(event._data["job"]), owner_of(request))
        except StudioError as error:
            raise shown(error, request) from error
        return look(request)

    timer.tick(look, None, view, **QUIET)
    demo.load(look, None, view, **QUIET)
    view.select(act, None, view, **QUIET)


def _own(page: Page, owner: str) -> list[Job]:
    """The jobs of ``owner``, newest first, deleted ones that can be taken back included; nobody has none."""
    if not owner:
        return []
    found = [*page.jobs.list(owner, limit=SHOWN), *page.jobs.trashed(owner)]
    return sorted(found, key=lambda job: job.created, reverse=True)


def _act(page: Page, name: str, job_id: str, owner: str) -> None:
    """Do something to a job of ``owner``. Raises NotFound for anybody else's."""
    jobs = page.jobs
    known = jobs.trashed(owner) if name == "restore" else [jobs.get(job_id)]
    if not owner or not any((job.id, job.owner) == (job_id, owner) for job in known):
        raise NotFound(name=job_id)
    acts: Mapping[str, Callable[[str], None]] = {
        "cancel": jobs.cancel, "retry": jobs.retry, "delete": jobs.trash, "restore": jobs.restore
    }  # fmt: skip
    acts[name](job_id)


def listing(jobs: list[Job], language: str) -> str:
    """All jobs as HTML, newest first."""
    if not jobs:
        return f'<div class="studio studio-empty">{html.escape(tell("ui.tasks.empty", language))}</div>'
    return f'<div class="studio tasks">{"".join(_row(job, language) for job in jobs)}</div>'


def _row(job: Job, language: str) -> str:
    done, name = round(100 * job.fraction), html.escape(job.title or job.id[:12])
    bar = (
        f'<div class="bar" role="progressbar" aria-valuenow="{done}" aria-valuemin="0" aria-valuemax="100" aria-label="{name}">'
        f'<i style="width:{done}%"></i></div>'
    )
    return (
        f"<article><div><h2>{name}</h2>"
        f"<p>{html.escape(tell(f'ui.kind.{job.kind}', language))} · {moment(job.created)} · {html.escape(_state(job, language))}</p></div>"
        f'<div class="acts">{_acts(job, language)}</div>{bar if job.state == "running" else ""}</article>'
    )


def _state(job: Job, language: str) -> str:
    if job.trashed is not None:
        return tell("ui.state.trashed", language)
    if job.stopping:
        return tell("progress.stopping", language)
    if job.state == "failed":
        return say_error(job, language)
    if job.state == "running":
        return f"{say(job.message, language) if job.message else ''} {percent(job.fraction, language)}".strip()
    if job.state == "queued":
        return tell("ui.queued", language, ahead=job.ahead)
    return tell(f"ui.state.{job.state}", language)


def _acts(job: Job, language: str) -> str:
    out = (
        [f'<a href="/api/download/{job.id}">{html.escape(tell("ui.act.download", language))}</a>']
        if _has_file(job)
        else []
    )
    out += [
        f'<button type="button" data-act="{act}" data-job="{job.id}">{html.escape(tell(f"ui.act.{act}", language))}</button>'
        for act in _possible(job)
    ]
    return "".join(out)


def _possible(job: Job) -> tuple[str, ...]:
    if job.trashed is not None:
        return ("restore",)
    return () if job.stopping else ACTS[job.state]


def _has_file(job: Job) -> bool:
    result = job.result or {}
    return (
        job.trashed is None
        and job.state == "done"
        and bool(result.get("output") or result.get("clips") or result.get("viral_clips"))
    )
