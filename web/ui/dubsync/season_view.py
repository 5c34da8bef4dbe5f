"""A season as the page shows it: the cells of its table, its films with the ways to them, and the list of places to look at."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from syncdub.batch.report import counted, measured
from syncdub.batch.table import PARTS
from web.jobs import edits
from web.jobs.queue import Job
from web.ui.dubsync.review import place_name
from web.ui.language import tell
from web.ui.running.children import ACTS, REVIEW_PLACE, Child, children_list
from web.ui.timeline import attr

COLUMNS = ("episode", "dub", "sure", "how", "state", "bar", "without", "residual", "notes")
N_EDITABLE = 2
GOING = frozenset({"queued", "running"})
MOST_PLACES = 60
FORMS = ("html", "csv", "json")
Body = Mapping[str, Any]


def going(body: Body) -> int:
    """How many films are still to be made."""
    return sum(row["status"] in GOING for row in body["episodes"])


def unasked(body: Body) -> bool:
    """Whether a pair has no task yet, so that there is something to begin."""
    return any(row["dubs"] and not row["task_id"] for row in body["episodes"])


def table_of(body: Body, language: str) -> dict[str, Any]:
    """The pairs, then the files that belong to none, as a table."""
    rows = [_cells(row, language) for row in body["episodes"]]
    rows += [["", name, "", tell("batch.alone", language), "", "", "", "", ""] for name in body["left"]]
    return {"headers": [tell(f"batch.column.{c}", language) for c in COLUMNS], "data": rows}


def counts_of(body: Body, language: str) -> str:
    """How many films there are of each state, and the report in its forms; before anything is made, nothing."""
    if not any(row["task_id"] for row in body["episodes"]):
        return ""
    said, left = counted(body["counts"], language), going(body)
    said = tell("ui.season.going", language, counts=said, number=left) if left else said
    links = " ".join(_report(body["task_id"], form, language) for form in FORMS)
    return f'<div class="studio season-counts"><p role="status">{html.escape(said)}</p><p>{links}</p></div>'


def _report(task: str, form: str, language: str) -> str:
    words = html.escape(tell("batch.report", language) if form == "html" else form.upper())
    named = "" if form == "html" else f' aria-label="{attr(tell("batch.report", language))}, {form.upper()}"'
    how = 'target="_blank"' if form == "html" else f'download="{attr(tell("batch.report", language))}.{form}"'
    return f'<a href="/api/season/{task}?form={form}" {how}{named}>{words}</a>'


def films_of(body: Body, jobs: Mapping[str, Job], language: str) -> str:
    """The films with the ways to them, and the places of all films worst first; ``jobs`` are those of the films, by their ids."""
    films = [_film(row, _places(body, row), jobs.get(row["task_id"]), language) for row in body["episodes"]]
    told = children_list(films, tell("batch.episodes", language), language, body["task_id"])
    told += _review_list(body, language)
    return f'<div class="studio">{told}</div>' if told else ""


def _places(body: Body, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [p for p in body["places"] if p["episode"] == row["original"]]


def _film(row: Mapping[str, Any], places: Sequence[Mapping[str, Any]], job: Job | None, language: str) -> Child:
    said = [state_of(row, language)]
    if places:
        ticked = sum(bool(p["ticked"]) for p in places)
        said.append(tell("ui.season.checked", language, done=ticked, number=len(places)))
    if job is not None and edits.nudges_of(edits.load(job)):
        said.append(tell("ui.season.moved", language))
    acts = (*ACTS.get(row["status"] or "", ()), *(("review",) if places else ()))
    return Child(row["original"], said, row["task_id"] or "", acts, row["download_url"] or "")


def _review_list(body: Body, language: str) -> str:
    tasks = {row["original"]: row["task_id"] for row in body["episodes"]}
    rows = "".join(_place(p, tasks[p["episode"]], language) for p in body["places"][:MOST_PLACES])
    return (
        f'<h3>{html.escape(tell("batch.places", language))}</h3><ol class="season-places">{rows}</ol>' if rows else ""
    )


def _place(place: Mapping[str, Any], task: str, language: str) -> str:
    note = f'<span class="soft">{html.escape(place["note"])}</span>' if place["note"] else ""
    return (
        f'<li{" class=ticked" if place["ticked"] else ""}><button type="button" data-act="review" data-job="{task}" data-place="{attr(place["key"])}" '
        f'data-to="{REVIEW_PLACE}">{html.escape(place_name(place, language))}</button>'
        f"<span>{html.escape(place['episode'])}</span>{note}</li>"
    )


def state_of(row: Mapping[str, Any], language: str) -> str:
    """What is known of a film: what its task does, or what became of it."""
    if row["status"] in GOING:
        return tell(f"ui.state.{row['status']}", language)
    return tell(f"batch.state.{row['state']}", language)


def _cells(row: Mapping[str, Any], language: str) -> list[str]:
    """A row of the table. The dub of a pair that was taken out is among the notes: what stands in the table is made."""
    dubs = row["dubs"]

    def figure(name: str, unit: str) -> str:
        return "" if row.get(name) is None else measured(row[name], unit, language)

    named, out = " | ".join(d["dub"] for d in dubs), row["state"] == "left_out"
    notes = [row["problem"], named if out else "", *(n for d in dubs for n in d["notes"]), *row["doubts"]]
    return [
        row["original"],
        "" if out else named,
        f"{100 * min((d['sure'] for d in dubs), default=0):.0f} %",
        ", ".join(tell(f"batch.how.{d['how']}", language) for d in dubs),
        state_of(row, language),
        figure("bar_ms", "ms"),
        figure("without_dub_s", "s"),
        figure("residual_ms", "ms"),
        " ".join(n for n in notes if n),
    ]


def kept(new: dict[str, Any], cells: Any) -> dict[str, Any] | None:
    """The table ``new`` with the names that somebody typed into the one that is shown; ``None`` where that shows the same."""
    shown = _rows(cells)
    if len(shown) != len(new["data"]):
        return new
    data = [[*old[:N_EDITABLE], *row[N_EDITABLE:]] for old, row in zip(shown, new["data"], strict=True)]
    return None if data == shown else {**new, "data": data}


def _rows(cells: Any) -> list[list[str]]:
    """The rows of a table as the page gives it."""
    rows: Sequence[Sequence[Any]] = cells.values.tolist() if hasattr(cells, "values") else cells or ()
    return [[str(cell or "") for cell in row] for row in rows]


def pairs_of(cells: Any) -> list[dict[str, Any]]:
    """The pairs of a table as the page gives it: film, and its dubs with ``|`` between two and ``+`` between parts."""
    pairs = []
    for row in _rows(cells):
        film, dubs = (cell.strip() for cell in row[:N_EDITABLE])
        if film and dubs:
            parts = [[name.strip() for name in dub.split(PARTS)] for dub in dubs.split(" | ")]
            pairs.append({"original": film, "dubs": parts})
    return pairs
