"""The drop zone of a tab: files, links, the library, an example with its picture, and the one button that begins.

Drawn here; ``assets/page/zone.js`` uploads (with per cent), asks ``/page/check`` what was given and fires the events ``go`` and ``also``
with ``{"fields": {name: {"files": [...], "link": ""}}}``, for the example also ``"example": true``.
"""

from __future__ import annotations

import html
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pipeline.settings import Settings
from web.intake.sources import EXAMPLES
from web.ui.examples import example_files
from web.ui.language import tell
from web.ui.timeline import attr

PICTURED = ("mp4", "mkv", "mov", "webm", "mp3", "wav")
"""Types that are named; the others are “and more”."""
WORDS = ("uploading", "waiting", "checking", "remove", "nothing", "type", "size", "broken", "retry", "starts")
ICON = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 16V4m0 0L7 9m5-5 5 5M4 17v2a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-2"/></svg>'


@dataclass(frozen=True, slots=True)
class Field:
    """A place for files: ``title`` is the code of its words, ``id`` that of its element."""

    name: str
    id: str
    title: str
    several: bool = False


@dataclass(frozen=True, slots=True)
class Zone:
    """A tab's drop zone. ``tab`` begins its elements' ids, ``intro``, ``go`` and ``shows`` are codes of words (``intro``: empty where the
    tab says above its options what it does; ``shows``: what the example will show), ``example`` is how the example's files begin; ``also``
    a second button."""

    tab: str
    intro: str
    fields: tuple[Field, ...]
    go: str
    example: str
    shows: str
    also: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A file that a field holds already: ``named`` is what is handed over, ``name`` what people call it."""

    named: str
    name: str
    link: bool = False


def zone_view(
    zone: Zone,
    settings: Settings,
    language: str,
    held: Mapping[str, Sequence[Held]] | None = None,
    library: bool = False,
) -> str:
    """The zone as HTML, with what its fields hold."""
    fields = "".join(_field(f, settings, language, library) for f in zone.fields)
    told = {word: tell(f"ui.zone.{word}", language) for word in WORDS}
    given = {
        name: {"files": [{"named": h.named, "name": h.name} for h in files if not h.link],
               "link": next((h.named for h in files if h.link), "")}
        for name, files in (held or {}).items()
    }  # fmt: skip
    lead = f'<p class="lead">{html.escape(tell(zone.intro, language))}</p>' if zone.intro else ""
    rules = {"types": list(settings.allowed_extensions), "most": settings.max_upload}
    return (
        f'<div class="studio zone" data-zone="{zone.tab}" data-words="{attr(json.dumps(told))}" data-rules="{attr(json.dumps(rules))}" '
        f'data-given="{attr(json.dumps(given))}" data-mark="{time.time():.4f}">{lead}'
        f'<div class="zone-grid n{len(zone.fields)}">{fields}{_side(zone, language)}</div>{_soon(language)}{_picker(language) if library else ""}</div>'
    )


def _field(field: Field, settings: Settings, language: str, library: bool) -> str:
    accept = ",".join(f".{e}" for e in settings.allowed_extensions)
    named = ", ".join(e.upper() for e in PICTURED if e in settings.allowed_extensions)
    types = tell("ui.zone.accepted", language, types=named, size=_size(settings.max_upload))
    title, link = html.escape(tell(field.title, language)), attr(tell("ui.zone.link", language))
    drop = html.escape(tell("ui.zone.drop_many" if field.several else "ui.zone.drop", language))
    picker = (
        f'<button type="button" data-library="{field.name}">{html.escape(tell("ui.zone.library", language))}</button>'
        if library
        else ""
    )
    return (
        f'<section class="give" id="{field.id}" data-give="{field.name}" data-several="{int(field.several)}"><h2>{title}</h2>'
        f'<label class="drop">{ICON}<b>{drop}</b><small>{html.escape(types)}</small>'
        f'<input type="file" accept="{attr(accept)}" aria-label="{title}"{" multiple" if field.several else ""}></label>'
        f'<ul class="given" aria-live="polite"></ul><div class="or"><input type="url" inputmode="url" placeholder="{link}" aria-label="{link}" '
        f'autocomplete="off" spellcheck="false">{picker}</div><p class="field-error" role="alert" hidden></p></section>'
    )


def _side(zone: Zone, language: str) -> str:
    also = (
        f'<button type="button" class="second" id="{zone.tab}-mine" data-also>{html.escape(tell(zone.also, language))}</button>'
        if zone.also
        else ""
    )
    return (
        f'<div class="begin"><button type="button" class="primary" id="{zone.tab}-go" data-go>{html.escape(tell(zone.go, language))}</button>'
        f"{also}{_example(zone, language)}</div>"
    )


def _example(zone: Zone, language: str) -> str:
    if not example_files(zone.example):
        return ""
    picture = EXAMPLES / f"{zone.example}.jpg"
    shown = (
        f'<img src="/gradio_api/file={quote(str(picture))}" alt="" width="320" height="180">'
        if picture.is_file()
        else ""
    )
    return (
        f'<button type="button" class="example" id="{zone.tab}-example" data-example>{shown}<span><b>{html.escape(tell("ui.example", language))}</b>'
        f"<small>{html.escape(tell(zone.shows, language))}</small></span></button>"
    )


def _soon(language: str) -> str:
    """What stands where the progress will be, from the press on."""
    return (
        f'<section class="studio-soon" hidden><strong role="status">{html.escape(tell("ui.starting", language))}</strong>'
        '<div class="bar"><i></i></div></section>'
    )


def _picker(language: str) -> str:
    name, find, close = (attr(tell(f"ui.zone.{w}", language)) for w in ("library", "find", "close"))
    empty = attr(tell("ui.zone.empty", language))
    return (
        f'<dialog class="picker" aria-label="{name}" data-empty="{empty}"><header><b>{name}</b><button type="button" data-close aria-label="{close}">✕</button></header>'
        f'<input type="search" placeholder="{find}" aria-label="{find}"><ol></ol></dialog>'
    )


def _size(n: int) -> str:
    return f"{n / 1024**3:.0f} GB" if n >= 1024**3 else f"{n / 1024**2:.0f} MB"


def held(path: Path | str, names: Mapping[str, str], fetch: Mapping[str, str]) -> tuple[Held, ...]:
    """What a field holds of a job's input, where it is still there: the file, or the address it comes from."""
    text = str(path)
    if text in fetch:
        return (Held(fetch[text], fetch[text], link=True),)
    return (Held(text, names.get(text) or Path(text).name),) if Path(text).is_file() else ()
