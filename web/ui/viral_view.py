"""Ranked clips as people read them: the score with its parts as bars, the transcript with the words that earned points."""

from __future__ import annotations

import html
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.messages import clock, format_number
from web.ui.language import tell

KINDS = ("hook", "story", "engagement", "commercial", "emotional", "delivery")
"""Parts whose words are marked in the transcript, each in its own colour and with its own underline."""


def view(clips: Sequence[Mapping[str, Any]], language: str) -> str:
    """One player and every clip: score, parts, transcript. Sentences can be ticked to make a clip of them."""
    if not clips:
        return ""
    first = clips[0]
    compile_button = html.escape(tell("ui.viral.use_sentences", language))
    player = (
        f'<video controls playsinline preload="metadata" {_source(first)}poster="{_attr(first.get("poster") or "")}" '
        f'aria-label="{_attr(tell("ui.player", language))}"></video>'
    )
    legend = "".join(f'<span class="m m-{k}">{html.escape(tell(f"part.{k}", language))}</span>' for k in KINDS)
    cards = "".join(_card(n, c, language) for n, c in enumerate(clips, 1))
    return (
        f'<div class="studio viral"><div class="watch">{player}<p class="soft">{html.escape(tell("ui.viral.heuristic", language))}</p>'
        f'<p class="legend">{legend}</p><p><button type="button" class="studio-button" data-compile>{compile_button}</button></p></div>'
        f'<ol class="ranked">{cards}</ol></div>'
    )


def _source(clip: Mapping[str, Any]) -> str:
    return f'src="{_attr(clip["url"])}" ' if clip.get("url") else ""


def _card(n: int, clip: Mapping[str, Any], language: str) -> str:
    score = round(100 * clip["viral_score"])
    name = html.escape(str(clip.get("title") or clip.get("source") or ""))
    url = clip.get("url") or ""
    links = _links(clip, language)
    doubts = "".join(
        f'<p class="studio-note">{html.escape(d)}</p>' for d in (*clip.get("doubts", ()), *clip.get("reasons", ()))
    )
    kept = "" if clip.get("kept", True) else " under"
    return (
        f'<li class="vcard{kept}" data-n="{n}" data-src="{_attr(url)}" data-poster="{_attr(clip.get("poster") or "")}" '
        f'data-offset="{clip.get("shift", 0.0)}">'
        f'<header><button type="button" class="go" data-seek="0" aria-label="{_attr(tell("ui.play_clip", language, n=n))}">▶</button>'
        f'<div><h3>{n}. {name}</h3><p class="soft">{_length(clip, language)}</p></div>'
        f'<strong class="total" title="{_attr(tell("ui.table.score", language))}">{score}<small>/100</small></strong></header>'
        f"{_bars(clip, language)}{_transcript(n, clip, language)}{doubts}<footer>{links}</footer></li>"
    )


def _length(clip: Mapping[str, Any], language: str) -> str:
    length = tell("ui.seconds", language, seconds=format_number(clip["duration"], 1, language))
    return f"{clock(clip['start'])}–{clock(clip['end'])} · {length}" if "start" in clip else length


def _bars(clip: Mapping[str, Any], language: str) -> str:
    earned: Counter[str] = Counter()
    for point in clip.get("evidence", ()):
        earned[point["part"]] += point["points"]
    rows = []
    for part, value in clip["parts"].items():
        label = html.escape(tell(f"part.{part}", language))
        percent = round(100 * value)
        rows.append(
            f'<div class="bar-row"><span>{label}</span><span class="bar" role="img" aria-label="{label}: {percent} %"><i style="width:{percent}%"></i></span>'
            f"<b>+{format_number(100 * earned.get(part, 0.0), 1, language)}</b></div>"
        )
    return f'<div class="bars">{"".join(rows)}</div>'


def _transcript(n: int, clip: Mapping[str, Any], language: str) -> str:
    sentences = clip.get("sentences") or []
    if not sentences:
        return f'<p class="soft">{html.escape(tell("ui.viral.no_words", language))}</p>'
    points = sorted(
        (p for p in clip.get("evidence", ()) if p["part"] in KINDS and p["text"].strip()), key=lambda p: p["start"]
    )
    lines = "".join(_sentence(n, i, s, points, language) for i, s in enumerate(sentences))
    return f'<div class="words" lang="{_attr(clip.get("language") or "")}">{lines}</div>'


def _sentence(n: int, i: int, sentence: Mapping[str, Any], points: Sequence[Mapping[str, Any]], language: str) -> str:
    inside = [p for p in points if sentence["start"] - 0.3 <= p["start"] <= sentence["end"] + 0.3]
    text = _marked(sentence["text"], inside, language)
    choose = _attr(tell("ui.viral.choose", language, text=sentence["text"][:80]))
    return (
        f'<p><input type="checkbox" aria-label="{choose}" data-clip="{n}" data-sentence="{i}" data-start="{sentence["start"]}" '
        f'data-end="{sentence["end"]}"> <button type="button" class="t" data-seek="{sentence["start"]}">{clock(sentence["start"])}</button> {text}</p>'
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
            f'<mark class="m m-{point["part"]}" tabindex="0" role="button" data-seek="{point["start"]}" title="{_attr(worth)}">{html.escape(text[start:end])}</mark>'
        )
        position = end
    return "".join(out) + html.escape(text[position:])


def _folded(text: str) -> str:
    """Lower case without accents, character for character, so that positions stay."""
    return "".join(unicodedata.normalize("NFD", c)[0].lower()[:1] or c for c in text)


def _links(clip: Mapping[str, Any], language: str) -> str:
    names = (("url", "ui.download_clip"), ("srt", "ui.download_srt"), ("vtt", "ui.download_vtt"))
    return " · ".join(
        f'<a href="{_attr(clip[key])}" download>{html.escape(tell(code, language))}</a>'
        for key, code in names
        if clip.get(key)
    )


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


def _attr(text: Any) -> str:
    return html.escape(str(text), quote=True)
