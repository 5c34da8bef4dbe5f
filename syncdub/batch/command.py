"""``syncdub batch ORIGINALS DUBS… -o OUT``: a season from folders, or from a list of pairs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import cli
from pipeline.engine import Engine
from pipeline.errors import BadRequest
from pipeline.messages import message, say
from pipeline.progress import Report
from syncdub.batch.planning import media_in
from syncdub.batch.report import measured, report_of
from syncdub.batch.season import Season
from syncdub.batch.table import read_table, rows_of, write_table
from syncdub.requests import BatchRequest, SyncRequest, Together

HELP = "a season: two folders, paired by names and by what is heard; one film an episode"
WIDTH = 48


def add_command(parser: argparse.ArgumentParser) -> None:
    """Gives the command its arguments."""
    parser.add_argument("originals", type=Path, help="folder of the films")
    parser.add_argument("dubs", type=Path, nargs="+", help="folder of the dubs; several for dubs in several languages")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("season"), metavar="OUT", help="folder of the results"
    )
    parser.add_argument(
        "--pairs", type=Path, metavar="FILE", help="a list of pairs (CSV or JSON), as --table writes it"
    )
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the list of pairs there, to be edited")
    cli.add_options(parser, BatchRequest)
    cli.add_options(parser, SyncRequest)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    cli.add_looks(parser)


def run(options: argparse.Namespace, engine: Engine, report: Report) -> tuple[int, Mapping[str, Any]]:
    """Does what was asked; returns the exit code and the report."""
    from syncdub.batch.workflow import season

    language = cli.language_of(engine.settings)
    roots = [options.originals, *options.dubs]
    request = _request(options, engine, roots, language)
    found = season(engine, request, report)
    if options.table:
        write_table(found.season, options.table, language, roots)
    body: dict[str, Any] = {"pairs": rows_of(found.season, language, roots)}
    if not request.dry_run:
        body |= {**report_of(found.season, found.rows, language), "output": str(options.output)}
    return cli.REFUSED if found.refused else cli.DONE, body


def _request(options: argparse.Namespace, engine: Engine, roots: list[Path], language: str) -> BatchRequest:
    for folder in roots:
        if not folder.is_dir():
            raise BadRequest("error.not_a_folder", name=str(folder))
    asks = {
        name: value
        for name, value in cli.given(options, SyncRequest).items()
        if name not in {"name", "subtitles", "parts"}
    }
    request = BatchRequest.from_json({**cli.given(options, BatchRequest), "asks": asks, "interface": language})
    if options.pairs:
        return replace(request, pairs=_by_hand(read_table(options.pairs, roots)), out=options.output)
    allowed = frozenset(engine.settings.allowed_extensions)
    sides = [media_in(folder, allowed) for folder in roots]
    return replace(request, films=sides[0], dubs=tuple(sides[1:]), out=options.output)


def _by_hand(season: Season) -> tuple[Together, ...]:
    return tuple(Together(original=e.film, dubs=tuple(d.parts for d in e.dubs)) for e in season.episodes)


def show(body: Mapping[str, Any], language: str) -> str:
    """The table for people: what belongs together, or what became of it."""
    if "episodes" not in body:
        return "\n".join(_pair(row, language) for row in body["pairs"])
    lines = [_episode(row, language) for row in body["episodes"]]
    places = [
        f"  {p['episode']}  {say(message('batch.place.' + p['kind'], seconds=p['seconds']), language)}  {p['at']:.1f} s"
        f"  ±{measured(p['error_ms'], 'ms', language)}"
        for p in body["places"][:20]
    ]
    head = [say(message("batch.places"), language)] if places else []
    counts = say(message("batch.counts", **body["counts"]), language)
    return "\n".join([*lines, *head, *places, counts, str(Path(body["output"]) / "report.html")])


def _pair(row: Mapping[str, Any], language: str) -> str:
    film, dub = (str(row[name] or "–")[-WIDTH:] for name in ("original", "dub"))
    notes = f"  ! {row['notes']}" if row["notes"] else ""
    how = say(message(f"batch.how.{row['how']}"), language)
    return f"{film:{WIDTH}}  {dub:{WIDTH}}  {row['sure']:4.0%}  {how}{notes}"


def _episode(row: Mapping[str, Any], language: str) -> str:
    state = say(message(f"batch.state.{row['state']}"), language)
    bar = "" if row["bar_ms"] is None else f"  ±{measured(row['bar_ms'], 'ms', language)}"
    residual = "" if row["residual_ms"] is None else f"  {measured(row['residual_ms'], 'ms', language)}"
    without = "" if not row["without_dub_s"] else f"  −{measured(row['without_dub_s'], 's', language)}"
    why = f"  ! {row['problem']}" if row["problem"] else ""
    return f"{row['original'][-WIDTH:]:{WIDTH}}  {state}{bar}{without}{residual}  ({row['seconds']:g} s){why}"
