"""Ranked clips as people read them: the score with its parts as bars, the transcript with the words that earned points."""

from __future__ import annotations

import html
import json
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pandas as pd

from pipeline.captions.subtitles import SUBTITLES
from pipeline.editors.plans import PLANS
from pipeline.messages import clock, format_number
from pipeline.render.exports import to_csv
from web.jobs.queue import Job
from web.ui.handwork.transcript import lane, transcript
from web.ui.language import percent, precise, tell
from web.ui.posting.card import columns, share_button, to_post
from web.ui.posting.frames import shots_list
from web.ui.timeline import Whole, act_buttons, attr, beside, editable, numbered, strip, timeline, toolbar
from web.ui.viral.cuts import Made

KINDS = ("hook", "story", "engagement", "commercial", "emotional", "delivery")
"""Parts whose words are marked in the transcript, each in its own colour and with its own underline."""


@dataclass(frozen=True)
class Board:
    """Ranked clips as they are shown. ``durations`` of their files let their edges move; ``job`` is empty until they can be changed.
    A clip's ``shift`` is where it begins in the file it plays: its own behind ``url``, or the one given, behind ``plays``.
    ``pending`` are still to be judged."""

    clips: Sequence[Mapping[str, Any]]
    durations: Sequence[float] = ()
    job: str = ""
    edits: Mapping[str, Any] = field(default_factory=dict)
    pending: Sequence[Mapping[str, Any]] = ()
    share: bool = False
    """Whether links to results can be made."""
    found: int = 0
    """How many of the clips were found; those after them were added by hand."""
    files: Sequence[int] = ()
    """For each clip the number of its file."""
    aspect: str = ""
    """The shape that the ranking's clips were made in."""
    said: bool = False
    """Whether what is said lies in the job's folder."""


def view(board: Board, language: str) -> str:
    """One player and every clip: score, parts, edges, transcript. Sentences can be ticked and corrected."""
    if not board.clips and not board.pending:
        return ""
    first = [*board.clips, *board.pending][0]
    legend = "".join(f'<span class="m m-{k}">{html.escape(tell(f"part.{k}", language))}</span>' for k in KINDS)
    cards = "".join(_card(n, c, board, language) for n, c in enumerate(board.clips, 1))
    cards += "".join(_pending(n, c, language) for n, c in enumerate(board.pending, len(board.clips) + 1))
    desk, text = _desk(board, language)
    body = (
        f'<div class="watch">{_player(_played(first), first.get("poster"), language)}'
        f'<p class="now" aria-hidden="true"></p>{desk}{_tools(language) if board.job else ""}{text}</div><div class="judged"><p class="legend">{legend}</p>'
        f'<p class="soft">{html.escape(tell("ui.viral.heuristic", language))}</p><ol class="ranked">{cards}</ol></div>'
    )
    return f'<div class="studio viral"{editable(board.job, board.edits, body)} data-found="{board.found}">{body}</div>'


def _desk(board: Board, language: str) -> tuple[str, str]:
    """A timeline for every file, that of the first clip to be seen, and what is said in it; nothing until clips can be changed."""
    if not board.job or not board.durations:
        return "", ""
    said = lane(language) if board.said else ""
    shown = board.files[0]
    drawn = []
    for file in sorted(set(board.files)):
        clips = {n: c for n, c in numbered(board.clips).items() if board.files[n - 1] == file}
        duration = max(board.durations[n - 1] for n in clips)
        whole = Whole({"duration": duration}, clips, True, said, beside(board.job, file), hidden=file != shown)
        drawn.append(timeline(whole, language))
    title = html.escape(tell("ui.said", language))
    text = (
        f'<details class="said-fold"><summary>{title}</summary>{transcript(beside(board.job, shown), language)}</details>'
        if board.said
        else ""
    )
    return "".join(drawn), text


def _played(clip: Mapping[str, Any]) -> str:
    return str(clip.get("watch") or clip.get("url") or clip.get("plays") or "")


def _player(url: Any, poster: Any, language: str) -> str:
    source = f'src="{attr(url)}" ' if url else ""
    return (
        f'<video controls playsinline preload="metadata" {source}poster="{attr(poster or "")}" '
        f'aria-label="{attr(tell("ui.player", language))}"></video>'
    )


def _tools(language: str) -> str:
    makes = "".join(
        f'<button type="button" data-make="{make}">{html.escape(tell(f"ui.make.{make}", language))}</button>'
        for make in ("sentences", "without", "all")
    )
    return toolbar(language, act_buttons(language), makes)


def _go(n: int, language: str) -> str:
    return f'<button type="button" class="go" data-seek="0" aria-label="{attr(tell("ui.play_clip", language, n=n))}">▶</button>'


def _card(n: int, clip: Mapping[str, Any], board: Board, language: str) -> str:
    name = html.escape(str(clip.get("title") or clip.get("source") or ""))
    doubts = "".join(
        f'<p class="studio-note">{html.escape(d)}</p>' for d in (*clip.get("doubts", ()), *clip.get("reasons", ()))
    )
    made = "".join(
        f'<button type="button" data-make="{make}" data-n="{n}">{html.escape(tell(f"ui.make.{make}", language))}</button>'
        for make in (("clip", "smart") if board.job else ())
    )
    edges = strip(n, clip, {"duration": board.durations[n - 1]}, language) if board.durations else ""
    where = beside(board.job, board.files[n - 1]) if board.files and board.durations[n - 1] else ""
    own = bool(clip.get("own"))
    total = "" if own else _total(clip, language)
    return (
        f'<li class="vcard{"" if clip.get("kept", True) else " under"}" data-n="{n}" data-src="{attr(_played(clip))}" '
        f'data-poster="{attr(clip.get("poster") or "")}" data-start="{clip.get("start", 0.0)}" data-end="{clip.get("end", 0.0)}" '
        f'data-shift="{clip.get("shift", 0.0)}" data-title="{name}" data-file="{board.files[n - 1] if board.files else 0}" data-made="{_made_of(clip)}"><header>{_go(n, language)}<div><h2>{n}. {name}</h2>'
        f'<p class="soft when">{_length(clip, language)}</p>{_origin(clip, language)}</div>{total}</header>'
        f"{to_post(clip.get('suggested') or {}, language)}{'' if own else _bars(clip, language)}{edges}{shots_list(clip, board.aspect, where, language) if board.job else ''}{_transcript(n, clip, bool(board.job), language)}{doubts}"
        f'<footer><span class="studio-tools">{made}</span><span>{_links(clip, language)}{share_button(str(clip["url"]), language) if board.share and clip.get("url") else ""}</span></footer></li>'
    )


def _total(clip: Mapping[str, Any], language: str) -> str:
    title = attr(tell("ui.table.score", language))
    return f'<strong class="total" title="{title}">{round(100 * clip["viral_score"])}<small>/100</small></strong>'


def _origin(clip: Mapping[str, Any], language: str) -> str:
    """What a clip that was added by hand is a part of; it was not judged by itself."""
    if not clip.get("own"):
        return ""
    of = ", ".join(str(n) for n in clip.get("of", ()))
    return f'<p class="soft">{html.escape(tell("ui.highlights.part_of", language, of=of))}</p>'


def _pending(n: int, clip: Mapping[str, Any], language: str) -> str:
    """A clip to be watched until it is judged."""
    return (
        f'<li class="vcard" data-n="{n}" data-src="{attr(_played(clip))}" data-poster="" data-shift="{clip["shift"]}"><header>'
        f"{_go(n, language)}<div><h2>{n}. {html.escape(clip['title'])}</h2></div><span></span></header></li>"
    )


def _length(clip: Mapping[str, Any], language: str) -> str:
    length = tell("ui.seconds", language, seconds=format_number(clip["duration"], 1, language))
    return (
        f"{precise(clip['start'], language)}–{precise(clip['end'], language)} · {length}" if "start" in clip else length
    )


def _bars(clip: Mapping[str, Any], language: str) -> str:
    earned: Counter[str] = Counter()
    for point in clip.get("evidence", ()):
        earned[point["part"]] += point["points"]
    rows = []
    for part, value in clip["parts"].items():
        label, points = html.escape(tell(f"part.{part}", language)), round(100 * earned.get(part, 0.0), 1)
        rows.append(
            f'<div class="bar-row"><span>{label}</span><span class="bar" role="img" aria-label="{label}: {percent(value, language)}">'
            f'<i style="width:{round(100 * value)}%"></i></span>'
            f"<b>{'−' if points < 0 else '+'}{format_number(abs(points), 1, language)}</b></div>"
        )
    return f'<div class="bars">{"".join(rows)}</div>'


def _transcript(n: int, clip: Mapping[str, Any], editable: bool, language: str) -> str:
    sentences = clip.get("sentences") or []
    if not sentences:
        return f'<p class="soft">{html.escape(tell("ui.viral.no_words", language))}</p>'
    points = sorted(
        (p for p in clip.get("evidence", ()) if p["part"] in KINDS and p["text"].strip()), key=lambda p: p["start"]
    )
    said = [{**s, "lang": clip.get("language") or ""} for s in sentences]
    lines = "".join(_sentence(f"{n}:{i}", s, points, editable, language) for i, s in enumerate(said))
    return f'<div class="words" tabindex="0" role="group" aria-label="{attr(tell("ui.viral.transcript", language, n=n))}">{lines}</div>'


def _sentence(
    key: str, sentence: Mapping[str, Any], points: Sequence[Mapping[str, Any]], editable: bool, language: str
) -> str:
    inside = [p for p in points if sentence["start"] - 0.3 <= p["start"] <= sentence["end"] + 0.3]
    text, short = _marked(sentence["text"], inside, language), sentence["text"][:80]
    clip, _, number = key.partition(":")
    tick = (
        f'<label class="pick"><input type="checkbox" aria-label="{attr(tell("ui.viral.choose", language, text=short))}" data-clip="{clip}" '
        f'data-sentence="{number}" data-start="{sentence["start"]}" data-end="{sentence["end"]}"></label> '
    )
    pen = f'<button type="button" class="pen" data-fix="{key}" aria-label="{attr(tell("ui.viral.fix", language, text=short))}">✎</button>'
    return (
        f'<p class="line">{tick if editable else ""}<button type="button" class="t" data-seek="{sentence["start"]}">{clock(sentence["start"])}</button> '
        f'<span class="said" data-said="{key}" lang="{attr(sentence["lang"])}">{text}</span>{pen if editable else ""}</p>'
    )


def _marked(text: str, points: Sequence[Mapping[str, Any]], language: str) -> str:
    """The sentence with every phrase that earned something marked; phrases that overlap an earlier mark are left plain."""
    spans: list[tuple[int, int, Mapping[str, Any]]] = []
    folded = _folded(text)
    for point in sorted(points, key=lambda p: (-p["points"], p["start"])):
        at = folded.find(_folded(point["text"].strip()))
        if at >= 0 and all(at >= end or at + len(point["text"].strip()) <= start for start, end, _ in spans):
            spans.append((at, at + len(point["text"].strip()), point))
    out, position = [], 0
    for start, end, point in sorted(spans, key=lambda s: s[0]):
        worth = tell(
            "ui.viral.worth", language, part=tell(f"part.{point['part']}", language), points=100 * point["points"]
        )
        out.append(html.escape(text[position:start]))
        out.append(
            f'<mark class="m m-{point["part"]}" tabindex="0" role="button" data-seek="{point["start"]}" title="{attr(worth)}">{html.escape(text[start:end])}</mark>'
        )
        position = end
    return "".join(out) + html.escape(text[position:])


def _folded(text: str) -> str:
    """Lower case without accents, character for character, so that positions stay."""
    return "".join(unicodedata.normalize("NFD", c)[0].lower()[:1] or c for c in text)


def _made_of(clip: Mapping[str, Any]) -> str:
    """The edges, words, frames and struck words that the clip's file has, for the script that tells whether it is still so."""
    made = clip.get("made") or Made((clip.get("start", 0.0), clip.get("end", 0.0)))
    return attr(json.dumps({"bounds": made.bounds, "texts": made.texts, "frames": made.frames, "struck": made.struck}))


def _links(clip: Mapping[str, Any], language: str) -> str:
    """Downloads; a link of a clip that was changed since makes it first."""
    forms = ((form.name, form.label) for form in SUBTITLES.values() if form.with_clips)
    names = (("url", "ui.download_clip"), *forms)
    first = attr(tell("ui.make_first", language))
    links = [
        f'<a href="{attr(clip.get(key) or "#")}" download data-get="{key}" data-first="{first}">{html.escape(tell(code, language))}</a>'
        for key, code in names
        if clip.get(key) or (key == "url" and clip.get("own"))
    ]
    return " · ".join([*links, *plan_links(clip)])


def plan_links(made: Mapping[str, Any]) -> list[str]:
    """Addresses of the plans for editors that lie beside something."""
    return [f'<a href="{attr(made[form])}" download>{form.upper()}</a>' for form in PLANS if made.get(form)]


def score_table(clips: Sequence[Mapping[str, Any]], language: str) -> pd.DataFrame:
    """A row a clip, a column a part, in points of 100."""
    parts = list(dict.fromkeys(p for c in clips for p in c["parts"]))
    head = [tell(f"ui.table.{c}", language) for c in ("rank", "clip", "seconds", "score")] + [
        tell(f"part.{p}", language) for p in parts
    ]
    rows = [
        [
            n,
            c.get("title") or c.get("source"),
            round(c["duration"], 1),
            round(100 * c["viral_score"]),
            *(round(100 * c["parts"].get(p, 0.0)) for p in parts),
        ]
        for n, c in enumerate(clips, 1)
    ]
    return pd.DataFrame(rows, columns=head)


def score_rows(clips: Sequence[Mapping[str, Any]], language: str) -> list[dict[Any, Any]]:
    """:func:`score_table` for other programs, with what each clip may be posted with."""
    rows = score_table(clips, language).to_dict("records")
    return [{**row, **columns(c.get("suggested") or {}, language)} for row, c in zip(rows, clips, strict=True)]


def keyword_table(clips: Sequence[Mapping[str, Any]], language: str) -> pd.DataFrame:
    """Every keyword of the settings that was said: how often, in which forms, in which clips."""
    forms: dict[tuple[str, str], Counter[str]] = {}
    where: dict[tuple[str, str], set[int]] = {}
    for n, clip in enumerate(clips, 1):
        for hit in clip.get("hits", ()):
            key = (hit["keyword"], hit["category"])
            forms.setdefault(key, Counter())[hit["found"].lower()] += 1
            where.setdefault(key, set()).add(n)
    head = [tell(f"ui.table.{c}", language) for c in ("keyword", "category", "count", "forms", "clips")]
    rows = [
        [
            word,
            tell(f"part.{category}", language),
            sum(found.values()),
            ", ".join(sorted(found)),
            ", ".join(str(n) for n in sorted(where[word, category])),
        ]
        for (word, category), found in sorted(forms.items(), key=lambda item: -sum(item[1].values()))
    ]
    return pd.DataFrame(rows, columns=head)


def files_below(job: Job, clips: Sequence[Mapping[str, Any]], language: str) -> str:
    """What is downloaded of a whole ranking: its clips in one file, its figures for other programs."""
    if not clips:
        return ""
    csv = quote(to_csv(score_rows(clips, language)))
    rows, first = quote(json.dumps([dict(c) for c in clips], ensure_ascii=False)), attr(tell("ui.make_first", language))
    return (
        f'<div class="studio studio-files"><a data-zip href="/api/download/{job.id}?edited=true" data-first="{first}" download>{html.escape(tell("ui.download_zip", language))}</a>'
        f'<a download="ranking.csv" href="data:text/csv;charset=utf-8,{csv}">CSV</a>'
        f'<a download="ranking.json" href="data:application/json;charset=utf-8,{rows}">JSON</a></div>'
    )
