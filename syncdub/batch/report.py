"""What became of a season, for people and programs: rows as CSV and JSON, and a page with the doubtful places of all episodes first."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.atomic import write_text
from pipeline.messages import Message, clock, format_number, localise, message, say
from pipeline.render.exports import to_csv
from syncdub.batch.season import Row, Season, file_name, names_of

NAMES = ("report.csv", "report.json", "report.html")
MOST_SHOWN = 300
SECOND_MS = 1000.0
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1c1c22;background:#fff}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:start;padding:.35rem .6rem;border-bottom:1px solid #ddd;"
    "vertical-align:top}th{font-weight:600}.done{color:#0a6b3d}.refused,.failed{color:#a3231b}th.n,.n{text-align:end;font-variant-numeric:"
    "tabular-nums}@media(prefers-color-scheme:dark){body{background:#16161b;color:#ececf1}th,td{border-color:#3a3a44}.done{color:#5bd39a}"
    ".refused,.failed{color:#ff8d83}}"
)
Called = Callable[[Path], str]
"""What a report calls a file."""
NUMBERS = frozenset({"at", "dub_at", "bar", "doubt", "without", "residual"})
"""Columns whose cells are numbers."""
FIGURES = ("offset_ms", "bar_ms", "without_dub_s", "cut_s", "residual_ms", "residual_p95_ms")


def write_reports(folder: Path, season: Season, rows: Sequence[Row], language: str) -> None:
    """All three reports in ``folder``, each whole or not at all."""
    body = report_of(season, rows, language)
    write_text(folder / "report.csv", to_csv(flat(rows, language)) if rows else "")
    write_text(folder / "report.json", json.dumps(body, ensure_ascii=False, indent=1) + "\n")
    write_text(folder / "report.html", page_of(body, language))


def report_of(season: Season, rows: Sequence[Row], language: str, called: Called = file_name) -> dict[str, Any]:
    """The report as JSON: ``episodes``, ``places`` of all of them worst first, ``left`` files that belong to none."""
    seen = [{"episode": called(r.episode.film), "output": r.output, **p.to_json()} for r in rows for p in r.places]
    return {
        "episodes": [row_json(r, language, called) for r in rows],
        "places": sorted(seen, key=lambda p: (-p["doubt"], p["episode"], p["at"])),
        "left": [called(p) for p in season.left],
        "counts": {state: sum(r.state == state for r in rows) for state in ("done", "refused", "failed")},
    }


def row_json(row: Row, language: str, called: Called = file_name) -> dict[str, Any]:
    """One episode with its words in ``language``."""
    dubs = [
        {
            "dub": names_of(d.parts, called),
            "how": d.how,
            "sure": round(d.sure, 3),
            "notes": localise(list(d.notes), language),
        }
        for d in row.episode.dubs
    ]
    why = row.problem or (message("batch.refused") if row.state == "refused" else None)
    return {
        "original": called(row.episode.film),
        "dubs": dubs,
        "output": row.output,
        "state": row.state,
        "verdict": row.verdict,
        **{name: row.figures.get(name) for name in FIGURES},
        "doubts": localise(list(row.doubts), language),
        "problem": "" if why is None else say(why, language),
        "n_places": len(row.places),
        "seconds": round(row.seconds, 1),
    }


def flat(rows: Sequence[Row], language: str, called: Called = file_name) -> list[dict[str, Any]]:
    """Rows of a table of plain cells."""
    out = []
    for row in rows:
        body = row_json(row, language, called)
        dubs = body.pop("dubs")
        head = {"original": body.pop("original"), "dub": " | ".join(d["dub"] for d in dubs)}
        pairs = {"how": " | ".join(d["how"] for d in dubs), "sure": row.episode.sure}
        out.append({**head, **pairs, **body, "doubts": " ".join(body["doubts"])})
    return out


def counted(counts: Mapping[str, int], language: str) -> str:
    """How many films were made, refused and not made; and how many pairs were taken out, where some were."""
    said = say(message("batch.counts", **counts), language)
    left_out = counts.get("left_out", 0)
    return f"{said} {say(message('batch.left_out', number=left_out), language)}" if left_out else said


def measured(value: float, unit: str, language: str) -> str:
    """A figure in the signs of a language; milliseconds that are whole seconds and more as seconds."""
    if unit == "ms" and value >= SECOND_MS:
        return f"{format_number(value / SECOND_MS, 1, language)} s"
    digits = 0 if value >= 100 or value == round(value) else 1 if value >= 10 else 2
    return f"{format_number(value, digits, language)} {unit}"


def page_of(body: Mapping[str, Any], language: str) -> str:
    """The report as a page that needs nothing else."""

    def told(code: str, **values: Any) -> str:
        return html.escape(say(Message(code, values), language))

    title = told("batch.report")
    counts = html.escape(counted(body["counts"], language))
    left = "".join(f"<li>{html.escape(name)}</li>" for name in body["left"])
    parts = [
        f'<!doctype html><html lang="{html.escape(language)}"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>',
        f"<h1>{title}</h1><p>{counts}</p>",
        f"<h2>{told('batch.places')}</h2>{_places(body['places'], told, language)}",
        f"<h2>{told('batch.episodes')}</h2>{_episodes(body['episodes'], told, language)}",
        f"<h2>{told('batch.left')}</h2><ul>{left}</ul>" if left else "",
    ]
    return "".join(parts) + "</html>\n"


def _places(places: Sequence[Mapping[str, Any]], told: Any, language: str) -> str:
    if not places:
        return f"<p>{told('batch.no_places')}</p>"
    head = _head(("episode", "kind", "at", "dub_at", "bar", "doubt"), told)
    rows = "".join(
        f"<tr><td>{html.escape(p['episode'])}</td><td>{told('batch.place.' + p['kind'], seconds=p['seconds'])}</td>"
        f'<td class="n">{clock(p["at"])}</td><td class="n">{clock(p["dub_at"])}</td>'
        f'<td class="n">±{measured(p["error_ms"], "ms", language)}</td>'
        f'<td class="n">{100 * p["doubt"]:.0f} %</td></tr>'
        for p in places[:MOST_SHOWN]
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _head(columns: Sequence[str], told: Any) -> str:
    return "".join(f"<th{' class=n' if c in NUMBERS else ''}>{told(f'batch.column.{c}')}</th>" for c in columns)


def _episodes(rows: Sequence[Mapping[str, Any]], told: Any, language: str) -> str:
    columns = ("episode", "dub", "state", "verdict", "bar", "without", "residual", "notes")
    head = _head(columns, told)
    return f"<table><tr>{head}</tr>{''.join(_episode(r, told, language) for r in rows)}</table>"


def _episode(row: Mapping[str, Any], told: Any, language: str) -> str:
    def figure(name: str, unit: str) -> str:
        value = row.get(name)
        return "" if value is None else measured(value, unit, language)

    notes = [row["problem"], *row["doubts"], *(n for d in row["dubs"] for n in d["notes"])]
    said = "<br>".join(html.escape(str(n)) for n in notes if n)
    dubs = "<br>".join(html.escape(f"{d['dub']} ({100 * d['sure']:.0f} %)") for d in row["dubs"])
    verdict = told(f"ui.verdict.{row['verdict']}") if row["verdict"] else ""
    return (
        f'<tr><td>{html.escape(row["original"])}</td><td>{dubs}</td><td class="{row["state"]}">{told("batch.state." + row["state"])}</td>'
        f'<td>{verdict}</td><td class="n">{figure("bar_ms", "ms")}</td><td class="n">{figure("without_dub_s", "s")}</td>'
        f'<td class="n">{figure("residual_ms", "ms")}</td><td>{said}</td></tr>'
    )
