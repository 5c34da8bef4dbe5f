"""``syncdub analyse | sync | batch | align``: the same workflows as the page and the REST interface.

Exit codes: 0 done, 1 our fault, 2 wrong usage, 3 the input's fault, 4 the sync is refused, 130 stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pipeline import cli
from pipeline.engine import Engine
from pipeline.errors import NotFound
from pipeline.messages import localise, message, say
from pipeline.progress import Report
from pipeline.settings import Settings
from syncdub.batch import command as batch
from syncdub.requests import AnalyseRequest, SyncRequest
from syncdub.workflow import sync

Answer = tuple[int, Mapping[str, Any]]
Asked = TypeVar("Asked", bound=AnalyseRequest)
MakeEngine = Callable[[Settings], Engine]


def main(arguments: Sequence[str] | None = None, make_engine: MakeEngine = Engine) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    work, show = _COMMANDS[options.command]

    def answer(settings: Settings, report: Report) -> Answer:
        return work(options, make_engine(settings), report)

    return cli.run(answer, bool(getattr(options, "json", False)), show, options)


def _analyse(options: argparse.Namespace, engine: Engine, report: Report) -> Answer:
    from syncdub.analysis import analyse

    plan = analyse(engine, _request(options, engine, AnalyseRequest), report)
    return cli.REFUSED if plan.verdict == "refuse" else cli.DONE, plan.to_json()


def _sync(options: argparse.Namespace, engine: Engine, report: Report) -> Answer:
    result = sync(engine, replace(_request(options, engine, SyncRequest), output=options.output), report)
    body = result.to_json()
    if options.report:
        said = localise(body, cli.language_of(engine.settings))
        options.report.write_text(json.dumps(said, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return cli.REFUSED if result.refused else cli.DONE, body


def _align(options: argparse.Namespace, engine: Engine, report: Report) -> Answer:
    from syncdub.meaning.sentences import align

    source, target = (_lines(path) for path in (options.source, options.target))
    return cli.DONE, {"links": [str(link) for link in align(source, target, engine.embed)]}


def _lines(path: Path) -> list[str]:
    from pipeline.text.encodings import decoded

    if not path.is_file():
        raise NotFound(name=path.name)
    return [
        line.strip()
        for line in (decoded(path.read_bytes()) or path.read_text("cp1252", "replace")).splitlines()
        if line.strip()
    ]


def _request(options: argparse.Namespace, engine: Engine, request: type[Asked]) -> Asked:
    files = {
        "original": options.original,
        "dub": options.dub,
        "also": getattr(options, "also", []),
        "interface": cli.language_of(engine.settings),
    }
    return request.from_json({**cli.given(options, request), **files})


def _show_plan(body: Mapping[str, Any], language: str) -> str:
    lines = [say(message(f"verdict.{body['verdict']}"), language)]
    for s in body["segments"]:
        lines.append(
            f"  {s['dub_start']:9.3f} – {s['dub_end']:9.3f} s → {s['original_start']:9.3f} – {s['original_end']:9.3f} s"
            f"  × {s['rate']:.7f}  {s['offset_ms']:+.1f} ms ± {s['error_ms']:.1f}  ({s['confidence']:.0%})"
        )
    if body.get("bed"):
        lines.append(f"  {say(message('bed.gained', **body['bed']), language)}")
    return "\n".join([*lines, *(f"  ! {doubt}" for doubt in body["doubts"])])


def _show_sync(body: Mapping[str, Any], language: str) -> str:
    lines = [_show_plan(body, language)]
    if body["output"]:
        lines += [str(body["output"]), _residual(body["residual_ms"], language)]
    lines += [_show_sync(other, language) for other in body.get("others", ())]
    return "\n".join(lines)


def _residual(residual: Mapping[str, Any], language: str) -> str:
    if residual["median"] is None or residual["p95"] is None:
        return say(message("residual.none"), language)
    values = {name: residual[name] for name in ("median", "p95", "n")}
    return say(message(f"residual.{residual['method']}", **values), language)


def _show_links(body: Mapping[str, Any], language: str) -> str:
    return "\n".join(body["links"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="syncdub", description="Puts a film's dub in sync with the original.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="analyse | sync | batch | align")
    one = commands.add_parser("analyse", help="where the dub belongs; writes nothing")
    two = commands.add_parser("sync", help="writes one file with both tracks in sync")
    two.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.mkv")
    two.add_argument("--report", type=Path, metavar="R.json", help="write the JSON there too, also when refused")
    two.add_argument(
        "--dub", dest="also", type=Path, nargs="+", action="append", default=[], metavar="FILE",
        help="a further dub (with its parts in order); may be repeated",
    )  # fmt: skip
    for command, request in ((one, AnalyseRequest), (two, SyncRequest)):
        command.add_argument("original", type=Path)
        command.add_argument("dub", type=Path)
        cli.add_options(command, request)
        command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    batch.add_command(commands.add_parser("batch", help=batch.HELP))
    align = commands.add_parser("align", help="links sentences of two texts, one a line")
    align.add_argument("source", type=Path)
    align.add_argument("target", type=Path)
    for command in (one, two, align):
        cli.add_looks(command)
    return parser


_COMMANDS: dict[str, tuple[Callable[[argparse.Namespace, Engine, Report], Answer], Callable[..., str]]] = {
    "analyse": (_analyse, _show_plan),
    "sync": (_sync, _show_sync),
    "batch": (batch.run, batch.show),
    "align": (_align, _show_links),
}

if __name__ == "__main__":
    sys.exit(main())
