"""Projects as cards: picture, name, date, kind, length, state, and what can be done."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.messages import clock, format_number, say
from web.jobs.dubs import refused
from web.jobs.queue import Job
from web.ui.language import moment, percent, tell
from web.ui.projects.facts import PLACES, SECTIONS, Facts
from web.ui.running.card import say_error
from web.ui.running.children import REVIEW_PLACE
from web.ui.timeline import attr

ACTS = {
    "queued": ("open", "cancel"),
    "running": ("open", "cancel"),
    "done": ("open", "again", "rename", "delete"),
    "failed": ("retry", "again", "rename", "delete"),
    "cancelled": ("retry", "again", "rename", "delete"),
}
"""By state; a running job that is stopping has nothing left to do, a deleted one can be taken back."""
REVIEWED = frozenset({"analyse", "sync"})
MARKS = {
    "highlights": "★",
    "rank": "▲",
    "compile": "✂",
    "analyse": "⇆",
    "sync": "⇆",
    "transcribe": "¶",
    "find": "⌕",
    "chapters": "☰",
    "folder": "★",
    "batch": "⇆",
}


@dataclass(frozen=True, slots=True)
class Project:
    """A job with what its card says; ``going`` is how many of its parts are still worked on."""

    job: Job
    facts: Facts
    size: int
    going: int = 0


def listing(projects: Sequence[Project], language: str, *, searched: bool = False) -> str:
    """All projects as HTML, in the order given, under the storage that they use."""
    if not projects:
        text = tell("ui.projects.none" if searched else "ui.projects.empty", language)
        return f'<div class="studio studio-empty">{html.escape(text)}</div>'
    used = tell("ui.projects.used", language, n=len(projects), size=size_words(sum(p.size for p in projects), language))
    cards = "".join(_card(p, language) for p in projects)
    return f'<div class="studio projects-place"><p class="soft">{html.escape(used)}</p><div class="tasks projects">{cards}</div></div>'


def _card(project: Project, language: str) -> str:
    job, facts = project.job, project.facts
    name, done = html.escape(job.title or job.id[:12]), round(100 * job.fraction)
    picture = (
        f'<img src="{attr(facts.poster)}" alt="" loading="lazy">'
        if facts.poster
        else f'<span aria-hidden="true">{MARKS.get(job.kind, "•")}</span>'
    )
    said = [
        html.escape(tell(f"ui.kind.{job.kind}", language)),
        moment(job.created),
        *(html.escape(t) for t in _figures(project, language)),
    ]
    bar = (
        f'<div class="bar" role="progressbar" aria-valuenow="{done}" aria-valuemin="0" aria-valuemax="100" aria-label="{name}">'
        f'<i style="width:{done}%"></i></div>'
    )
    return (
        f'<article class="{_class(project)}{" trashed" if job.trashed is not None else ""}" data-job="{job.id}"><div class="face">{picture}</div>'
        f'<div class="about"><h2>{name}</h2><p>{" · ".join(said)}</p><p class="state">{html.escape(_state(project, language))}</p>'
        f'{bar if job.state == "running" else ""}</div><div class="acts">{_acts(project, language)}</div></article>'
    )


def _class(project: Project) -> str:
    """What a card looks like: as its state, but for what is done and yet goes on or came to nothing."""
    return "running" if project.going else "refused" if refused(project.job) else project.job.state


def _figures(project: Project, language: str) -> list[str]:
    facts = project.facts
    told = [clock(facts.seconds)] if facts.seconds else []
    if facts.clips:
        told.append(tell("ui.chosen.clips", language, n=facts.clips))
    return [*told, size_words(project.size, language)] if project.size else told


def size_words(n: int, language: str) -> str:
    """Bytes for people, with decimal prefixes: ``4,2 MB``."""
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if n >= unit:
            return f"{format_number(n / unit, 1, language)} {name}"
    return f"{format_number(n / 1e3, 0, language)} kB"


def _state(project: Project, language: str) -> str:
    job = project.job
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
    if refused(job):
        return tell("ui.verdict.refuse", language)
    if project.going:
        return tell("ui.projects.going", language, number=project.going)
    return tell(f"ui.state.{job.state}", language)


def _acts(project: Project, language: str) -> str:
    job, stop = project.job, ("cancel",) if project.going else ()
    acts = possible(job)
    out = [_button(act, job, language) for act in (*acts[:1], *(a for a in stop if a not in acts), *acts[1:])]
    if _has_file(job):
        words = html.escape(tell("ui.act.download", language))
        out.insert(1, f'<a href="/api/download/{job.id}?edited=true" download>{words}</a>')
    return "".join(out)


def _button(act: str, job: Job, language: str) -> str:
    words = html.escape(tell(f"ui.act.{act}", language))
    strong = ' class="primary"' if act == "open" else ""
    asks = _naming(job, language) if act == "rename" else _leading(act, job)
    return f'<button type="button"{strong} data-act="{act}" data-job="{job.id}"{asks}>{words}</button>'


def _leading(act: str, job: Job) -> str:
    """The part of the page that comes into view."""
    to = REVIEW_PLACE if act == "review" else SECTIONS.get(job.kind, "") if act == "open" else ""
    return f' data-to="{to}"' if to else ""


def _naming(job: Job, language: str) -> str:
    """The name and the words of the box in which it is changed, which the browser draws."""
    words = {
        "ask": "ui.projects.name",
        "keep": "ui.projects.keep",
        "leave": "ui.projects.leave",
        "close": "ui.zone.close",
    }
    said = "".join(f' data-{name}="{attr(tell(code, language))}"' for name, code in words.items())
    return f'{said} data-name="{attr(job.title)}"'


def possible(job: Job) -> tuple[str, ...]:
    """What can be done with a job now."""
    if job.trashed is not None:
        return ("restore",)
    if job.stopping:
        return ()
    acts = ACTS[job.state]
    if job.state == "done" and _reviewable(job):
        return (acts[0], "review", *acts[1:])
    if job.kind in SECTIONS:  # what was given is a folder, which is not kept
        return tuple(a for a in acts if a != "again")
    return acts if job.kind in PLACES else tuple(a for a in acts if a not in {"open", "again"})


def _reviewable(job: Job) -> bool:
    """Whether it placed a dub, so that there may be joins, gaps and doubts to look at."""
    return job.kind in REVIEWED and (job.result or {}).get("verdict", "refuse") != "refuse"


def _has_file(job: Job) -> bool:
    result = job.result or {}
    return (
        job.trashed is None
        and job.state == "done"
        and bool(result.get("output") or result.get("clips") or result.get("viral_clips"))
    )
