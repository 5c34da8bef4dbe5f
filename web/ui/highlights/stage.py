"""A video with its moments: one player, the timeline, the clip that is being worked on, and a card for every clip.

Everything is one HTML value; a click or a key on a clip plays it in the browser without asking the server.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.messages import format_number
from web.ui.handwork.transcript import lane, transcript
from web.ui.language import precise, tell
from web.ui.posting.card import score_bar, share_button, to_post
from web.ui.posting.frames import shots_list
from web.ui.timeline import Clip, Whole, act_buttons, attr, beside, editable, numbered, strip, timeline, toolbar


@dataclass(frozen=True)
class Scene:
    """What the stage shows. ``clips`` are localised and in order of rank: ``start``, ``end``, ``score``, ``reasons``, and, once they are
    rendered, ``url``, ``poster`` and ``made`` (the bounds of the file). ``source`` is an address that plays the whole video, where there
    is one; ``job`` is empty while clips cannot be changed yet."""

    evidence: Mapping[str, Any]
    clips: Sequence[Clip] = ()
    source: str = ""
    job: str = ""
    edits: Mapping[str, Any] = field(default_factory=dict)
    found: int = 0
    """How many of the clips were found; those after them were added by hand."""
    said: bool = False
    """Whether what is said lies in the job's folder."""
    making: str = ""
    """The choices of how clips are made, as HTML."""
    share: bool = False
    """Whether links to results can be made."""


def stage(scene: Scene, language: str) -> str:
    """The whole view; without clips what is known of the video so far."""
    strips = "".join(strip(n, c, scene.evidence, language, hidden=n != 1) for n, c in enumerate(scene.clips, 1))
    make = f'<button type="button" data-apply disabled>{html.escape(tell("ui.highlights.remake", language))}</button>'
    add = f'<button type="button" data-add aria-keyshortcuts="M">{html.escape(tell("ui.highlights.add", language))}</button>'
    tools = (
        toolbar(language, make, add, act_buttons(language))
        + f'<p class="soft">{html.escape(tell("ui.edges_help", language))}</p>'
    )
    where = beside(scene.job if scene.source else "", 0)
    cards = "".join(
        _card(n, c, language, made=bool(scene.job), share=scene.share, where=where)
        for n, c in enumerate(scene.clips, 1)
    )
    said = lane(language) if scene.said else ""
    drawn = timeline(
        Whole(
            scene.evidence, numbered(scene.clips), bool(scene.job), said, beside(scene.job if scene.source else "", 0)
        ),
        language,
    )
    text = transcript(beside(scene.job, 0), language) if scene.said else ""
    body = (
        f'<div class="desk">{_player(scene, language)}{drawn}'
        f'{strips + scene.making + tools if scene.job and scene.clips else ""}</div>{_sides(language) if text else ""}<ol class="cards">{cards}</ol>{text}'
    )
    work = editable(scene.job, scene.edits, body)
    return f'<div class="studio stage"{work} data-source="{attr(scene.source)}" data-found="{scene.found}">{body}</div>'


def _sides(language: str) -> str:
    """Which of clips and transcript stands beside the player where there is no room for both."""
    buttons = "".join(
        f'<button type="button" data-side="{side}" aria-pressed="{str(side == "cards").lower()}">{html.escape(tell(f"ui.side.{side}", language))}</button>'
        for side in ("cards", "said")
    )
    return f'<div class="sides" role="group" aria-label="{attr(tell("ui.side", language))}">{buttons}</div>'


def _player(scene: Scene, language: str) -> str:
    first: Clip = scene.clips[0] if scene.clips else {}
    shown = first.get("url") or scene.source
    poster = first.get("poster") or ""
    if not shown:
        return ""
    return (
        f'<video controls playsinline preload="metadata" src="{attr(shown)}" poster="{attr(poster)}" '
        f'aria-label="{attr(tell("ui.player", language))}"></video>'
    )


def _card(n: int, clip: Clip, language: str, *, made: bool, share: bool = False, where: str = "") -> str:
    """A clip; ``made`` lets it be made and downloaded, ``share`` a link to it be copied; ``where`` is its film."""
    reasons = "".join(f"<li>{html.escape(r)}</li>" for r in clip.get("reasons", ())[:5])
    poster, url = clip.get("poster") or "", clip.get("url") or ""
    picture = f'<img src="{attr(poster)}" alt="" loading="lazy">' if poster else ""
    length = tell("ui.seconds", language, seconds=format_number(clip["end"] - clip["start"], 1, language))
    download = _download(url, language) if made else ""
    download += share_button(url, language) if share and made and url else ""
    tick = (
        ""
        if url or not made
        else f'<label class="tick"><input type="checkbox" data-want="{n}"> {html.escape(tell("ui.highlights.tick", language))}</label>'
    )
    shots = shots_list(clip, str(clip.get("look", {}).get("aspect", "")), where, language)
    bounds = ",".join(str(t) for t in clip.get("made", ())) if url else ""
    without = attr(json.dumps(clip.get("without", [])))
    return (
        f'<li class="card" data-n="{n}" data-src="{attr(url)}" data-poster="{attr(poster)}" data-made="{bounds}" data-without="{without}" data-look="{attr(json.dumps(clip.get("look", {})))}" data-frames="{attr(json.dumps(clip.get("frames", [])))}" '
        f'aria-current="{str(n == 1).lower()}">'
        f'<button type="button" class="pic" data-play="{n}" aria-label="{attr(tell("ui.play_clip", language, n=n))}">{picture}</button>'
        f'<div class="txt"><div class="row"><h2>{n}. <span class="when">{precise(clip["start"], language)}–{precise(clip["end"], language)}</span></h2>'
        f'<span class="long">{html.escape(length)}</span></div>'
        f"{'' if clip.get('own') else score_bar(clip['score'], language)}{to_post(clip, language)}<ul>{reasons}</ul>{shots if made else ''}{tick}{download}</div></li>"
    )


def _download(url: str, language: str) -> str:
    """The link to a clip's file; of one that was changed since it makes the clip first."""
    first = attr(tell("ui.make_first", language))
    return f'<a href="{attr(url or "#")}" download data-get="url" data-first="{first}">{html.escape(tell("ui.download_clip", language))}</a>'
