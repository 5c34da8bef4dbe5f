"""``syncdub analyse | sync | align``: the same workflows as the page and the REST interface.

Exit codes: 0 done, 1 our fault, 2 wrong usage, 3 the input's fault, 4 the sync is refused, 130 stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import cli
from pipeline.engine import Engine
from pipeline.errors import NotFound
from pipeline.messages import localise, message, say
from pipeline.progress import Report
from pipeline.settings import Settings
from syncdub.workflow import SyncRequest, analysed, sync

Answer = tuple[int, Mapping[str, Any]]
MakeEngine = Callable[[Settings], Engine]


def main(arguments: Sequence[str] | None = None, make_engine: MakeEngine = Engine) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    work, show = _COMMANDS[options.command]

    def answer(settings: Settings, report: Report) -> Answer:
        return work(options, make_engine(settings), report)

    return cli.run(answer, bool(getattr(options, "json", False)), show)


def _analyse(options: argparse.Namespace, engine: Engine, report: Report) -> Answer:
    plan = analysed(engine, _request(options, engine), report)
    return cli.REFUSED if plan.verdict == "refuse" else cli.DONE, plan.to_json()


def _sync(options: argparse.Namespace, engine: Engine, report: Report) -> Answer:
    result = sync(engine, _request(options, engine), report)
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
    from syncdub.making.subtitles import decode

    if not path.is_file():
        raise NotFound(name=path.name)
    return [line.strip() for line in decode(path.read_bytes()).splitlines() if line.strip()]


def _request(options: argparse.Namespace, engine: Engine) -> SyncRequest:
    def given(name: str, otherwise: Any) -> Any:
        return getattr(options, name, otherwise)

    return SyncRequest(
        original=options.original,
        dub=options.dub,
        output=given("output", Path("out.mkv")),
        original_stream=options.original_stream,
        dub_stream=options.dub_stream,
        fill=given("fill", "silence"),
        codec=given("codec", "flac"),
        follow=options.follow,
        nudge_ms=given("nudge_ms", 0.0),
        quick=options.quick,
        language=given("language", ""),
        interface=cli.language_of(engine.settings),
        default=given("default", "original"),
        subtitles=tuple(given("subtitles", ())),
    )


def _show_plan(body: Mapping[str, Any], language: str) -> str:
    lines = [say(message(f"verdict.{body['verdict']}"), language)]
    for s in body["segments"]:
        lines.append(
            f"  {s['dub_start']:9.3f} – {s['dub_end']:9.3f} s → {s['original_start']:9.3f} – {s['original_end']:9.3f} s"
            f"  × {s['rate']:.7f}  {s['offset_ms']:+.1f} ms ± {s['error_ms']:.1f}  ({s['confidence']:.0%})"
        )
    return "\n".join([*lines, *(f"  ! {doubt}" for doubt in body["doubts"])])


def _show_sync(body: Mapping[str, Any], language: str) -> str:
    lines = [_show_plan(body, language)]
    if body["output"]:
        lines += [str(body["output"]), _residual(body["residual_ms"], language)]
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
    commands = parser.add_subparsers(dest="command", required=True, metavar="analyse | sync | align")
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument("original", type=Path)
    both.add_argument("dub", type=Path)
    both.add_argument("--original-stream", type=_track, metavar="N", help="audio track of the original, from 0")
    both.add_argument("--dub-stream", type=_track, metavar="N", help="audio track of the dub, from 0")
    both.add_argument("--follow", choices=("sound", "picture"), default="sound", help="who rules where they disagree")
    both.add_argument("--quick", action="store_true", help="without transcription")
    both.add_argument("--json", action="store_true", help="one JSON object on standard output")
    commands.add_parser("analyse", parents=[both], help="where the dub belongs; writes nothing")
    _sync_options(commands.add_parser("sync", parents=[both], help="writes one file with both tracks in sync"))
    align = commands.add_parser("align", help="links sentences of two texts, one a line")
    align.add_argument("source", type=Path)
    align.add_argument("target", type=Path)
    return parser


def _sync_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.mkv")
    parser.add_argument("--report", type=Path, metavar="R.json", help="write the JSON there too, also when refused")
    parser.add_argument(
        "--fill", choices=("silence", "original", "bed"), default="silence", help="where the dub has nothing"
    )
    parser.add_argument(
        "--codec", choices=("flac", "eac3", "aac"), default="flac", help="where packets cannot be copied"
    )
    parser.add_argument("--nudge-ms", type=float, default=0.0, metavar="MS", help="shift the dub by hand, + is later")
    parser.add_argument("--language", default="", metavar="es", help="language of the dub")
    parser.add_argument("--default", choices=("original", "dub"), default="original", help="the track players choose")
    parser.add_argument(
        "--subtitles", type=Path, nargs="*", default=(), metavar="FILE", help="SRT or ASS timed to the dub"
    )


def _track(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


_COMMANDS: dict[str, tuple[Callable[[argparse.Namespace, Engine, Report], Answer], Callable[..., str]]] = {
    "analyse": (_analyse, _show_plan),
    "sync": (_sync, _show_sync),
    "align": (_align, _show_links),
}

if __name__ == "__main__":
    sys.exit(main())
