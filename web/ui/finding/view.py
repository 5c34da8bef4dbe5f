"""Hits and chapters as HTML: each plays where it lies, and is one press away from a clip."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.messages import clock
from reelify.requests import FindRequest
from web.jobs.queue import Job
from web.rest.page_shown import SOURCE, sources_of
from web.ui.following import PLAYABLE
from web.ui.language import tell
from web.ui.timeline import attr


def hits_view(job: Job, result: Mapping[str, Any], language: str) -> str:
    """Where it is said or heard, best first; in several files each line says in which."""
    raw = (job.result or {}).get("hits", [])
    several = len({hit["source"] for hit in raw}) > 1
    rows = []
    for n, (hit, shown) in enumerate(zip(raw, result["hits"], strict=True)):
        name = job.request.called(hit["source"]) if several else ""
        said = html.escape(str(shown["text"]))
        said = f"<em>{said}</em>" if hit.get("kind") == "sound" else said
        rows.append(_row(job, n, Path(hit["source"]), hit, said, name, language))
    first = _stands(job, Path(raw[0]["source"]), raw[0]) if raw else ""
    return _listed(result["message"], rows, language, first) + ("" if rows else _nowhere(job, language))


def _nowhere(job: Job, language: str) -> str:
    """What was looked for in what, and what to try instead."""
    asked = job.request
    if not isinstance(asked, FindRequest):
        return ""
    files = asked.sources
    where = asked.called(files[0]) if len(files) == 1 else tell("ui.finding.files_count", language, n=len(files))
    said = tell("ui.finding.none", language, query=asked.query, where=where)
    return f'<div class="studio studio-empty">{html.escape(said)}</div>'


def chapters_view(job: Job, result: Mapping[str, Any], language: str) -> str:
    """The chapters, with their text for YouTube to be copied and their files."""
    raw = (job.result or {}).get("chapters", [])
    source = sources_of(job)[0]
    rows = [_row(job, n, source, one, html.escape(one["title"]), "", language) for n, one in enumerate(raw)]
    first = _stands(job, source, raw[0]) if raw else ""
    return _files(job, result, language) + _listed(result["message"], rows, language, first)


def _files(job: Job, result: Mapping[str, Any], language: str) -> str:
    files: Mapping[str, str] = result.get("files") or {}
    copied, copy = attr(tell("ui.finding.copied", language)), html.escape(tell("ui.finding.copy", language))
    text = _text((job.result or {}).get("files", {}).get("youtube"))
    button = f'<button type="button" data-copy data-told="{copied}">{copy}</button>' if text else ""
    links = "".join(
        f'<a href="{attr(address)}" download>{html.escape(tell(f"ui.finding.form.{form}", language))}</a>'
        for form, address in files.items()
    )
    area = (
        f'<textarea readonly rows="6" aria-label="{attr(tell("ui.finding.youtube", language))}">{html.escape(text)}</textarea>'
        if text
        else ""
    )
    return f'<div class="studio finding-files">{area}<p class="studio-files">{button}{links}</p></div>' if files else ""


def _text(path: Any) -> str:
    try:
        return Path(str(path)).read_text(encoding="utf-8") if path else ""
    except OSError:
        return ""


def _row(
    job: Job, n: int, source: Path, place: Mapping[str, Any], said: str, name: str, language: str
) -> str:  # fmt: skip
    start, end = float(place["start"]), float(place["end"])
    times = f"{clock(start)}–{clock(end)}"
    play, clip = tell("ui.finding.play", language), tell("ui.finding.clip", language)
    address = _address(job, source)
    button = (
        f'<button type="button" data-play data-src="{attr(address)}" data-at="{start:.2f}" aria-label="{attr(f"{play}: {times}")}">▶ {times}</button>'
        if address
        else f"<span>{times}</span>"
    )
    where = f"<small>{html.escape(name)}</small>" if name else ""
    return (
        f'<li>{button}<p>{said}{where}</p><button type="button" data-clip="{n}" '
        f'aria-label="{attr(f"{clip}: {times}")}">{html.escape(clip)}</button></li>'
    )


def _address(job: Job, source: Path) -> str:
    """Where the browser plays a file of the job; empty where it cannot."""
    files = sources_of(job)
    if source.suffix.lower() not in PLAYABLE or source not in files:
        return ""
    return f"{SOURCE}{job.id}/{files.index(source)}"


def _stands(job: Job, source: Path, place: Mapping[str, Any]) -> str:
    """The address of a place in a file of the job; empty where the browser cannot play it."""
    address = _address(job, source)
    return f"{address}#t={float(place['start']):.2f}" if address else ""


def _listed(message: str, rows: Sequence[str], language: str, first: str = "") -> str:
    """``first`` is where the player stands before anything is pressed; nobody sees it while that is unknown."""
    begins = f'src="{attr(first)}"' if first else "hidden"
    player = (
        f'<video class="finding-player" controls playsinline preload="metadata" {begins} aria-label="{attr(tell("ui.player", language))}"></video>'
        if rows
        else ""
    )
    return f'<section class="studio finding"><h2>{html.escape(message)}</h2>{player}<ol class="finding-list">{"".join(rows)}</ol></section>'
