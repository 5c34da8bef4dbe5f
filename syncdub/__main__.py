"""``python -m syncdub analyse | sync | align``: the same workflows as the page and the REST interface.

Exit codes: 0 done, 1 our fault, 2 wrong usage, 3 the input's fault, 4 the sync is refused.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.engine import Engine
from pipeline.errors import Cancelled, Refused, StudioError, UserError
from pipeline.messages import FALLBACK, Message, choose_language, localise, message, say
from pipeline.settings import Settings, SettingsError
from syncdub.values import SyncPlan
from syncdub.workflow import SyncRequest, SyncResult, analysed, sync

DONE, OURS, USAGE, INPUT, REFUSED = 0, 1, 2, 3, 4
TICK = 0.5


def main(arguments: Sequence[str] | None = None, make_engine: Callable[[Settings], Engine] = Engine) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    as_json = bool(getattr(options, "json", False))
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE
    language = FALLBACK if settings.language == "auto" else choose_language(settings.language)
    try:
        return int(options.run(make_engine(settings), options, language))
    except UserError as error:
        return _failed(error, as_json, language, REFUSED if isinstance(error, Refused) else INPUT)
    except (Cancelled, KeyboardInterrupt):
        return _failed(Cancelled(), as_json, language, OURS)
    except StudioError as error:
        print(getattr(error, "detail", ""), file=sys.stderr)
        return _failed(error, as_json, language, OURS)


def _failed(error: StudioError, as_json: bool, language: str, code: int) -> int:
    text = say(error.message, language)
    if as_json:
        _print_json({"status": "error", "error": error.short_code, "message": text}, language)
    else:
        print(text, file=sys.stderr)
    return code


def _analyse(engine: Engine, options: argparse.Namespace, language: str) -> int:
    plan = analysed(engine, _request(options, language), _Progress(language))
    if options.json:
        _print_json(plan.to_json(), language)
    else:
        _print_plan(plan, language)
    return REFUSED if plan.verdict == "refuse" else DONE


def _sync(engine: Engine, options: argparse.Namespace, language: str) -> int:
    result = sync(engine, _request(options, language), _Progress(language))
    body = localise(result.to_json(), language)
    if options.report:
        options.report.write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if options.json:
        _print_json(body, language)
    else:
        _print_result(result, language)
    return REFUSED if result.refused else DONE


def _align(engine: Engine, options: argparse.Namespace, language: str) -> int:
    from syncdub.sentences import align

    source, target = (_lines(path) for path in (options.source, options.target))
    for link in align(source, target, engine.embed):
        print(link)
    return DONE


def _lines(path: Path) -> list[str]:
    from pipeline.errors import NotFound
    from syncdub.subtitles import decode

    if not path.is_file():
        raise NotFound(name=path.name)
    return [line.strip() for line in decode(path.read_bytes()).splitlines() if line.strip()]


def _request(options: argparse.Namespace, language: str) -> SyncRequest:
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
        interface=language,
        default=given("default", "original"),
        subtitles=tuple(given("subtitles", ())),
    )


class _Progress:
    """A report on standard error: one line that changes on a terminal, a line per step elsewhere."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.last = ("", 0.0)

    def __call__(self, fraction: float, what: Message) -> None:
        now, text = time.monotonic(), say(what, self.language)
        live = sys.stderr.isatty()
        if text == self.last[0] and (not live or now - self.last[1] < TICK):
            return
        self.last = (text, now)
        start, end = ("\r\x1b[K", "") if live else ("", "\n")
        print(f"{start}{100 * fraction:3.0f} % {text}", end=end, file=sys.stderr, flush=True)


def _print_json(body: Any, language: str) -> None:
    print(json.dumps(localise(body, language), ensure_ascii=False))


def _print_plan(plan: SyncPlan, language: str) -> None:
    print(say(message(f"verdict.{plan.verdict}"), language))
    for s in plan.segments:
        print(
            f"  {s.dub_start:9.3f} – {s.dub_end:9.3f} s → {s.original_start:9.3f} – {s.original_end:9.3f} s"
            f"  × {s.rate:.7f}  {s.offset_ms:+.1f} ms ± {s.error_ms:.1f}  ({s.confidence:.0%})"
        )
    for doubt in plan.doubts:
        print("  ! " + say(doubt, language))


def _print_result(result: SyncResult, language: str) -> None:
    _print_plan(result.plan, language)
    for doubt in result.doubts:
        print("  ! " + say(doubt, language))
    if result.output is None or result.residual is None:
        return
    print(result.output)
    residual = result.residual
    if residual.median is None or residual.p95 is None:
        print(say(message("residual.none"), language))
        return
    values = {"median": residual.median, "p95": residual.p95, "n": residual.n}
    print(say(message(f"residual.{residual.method}", **values), language))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m syncdub", description="Puts a film's dub in sync with the original."
    )
    commands = parser.add_subparsers(required=True, metavar="analyse | sync | align")
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument("original", type=Path)
    both.add_argument("dub", type=Path)
    both.add_argument("--original-stream", type=_track, metavar="N", help="audio track of the original, from 0")
    both.add_argument("--dub-stream", type=_track, metavar="N", help="audio track of the dub, from 0")
    both.add_argument("--follow", choices=("sound", "picture"), default="sound", help="who rules where they disagree")
    both.add_argument("--quick", action="store_true", help="without transcription")
    both.add_argument("--json", action="store_true", help="one JSON object on standard output")
    analyse = commands.add_parser("analyse", parents=[both], help="where the dub belongs; writes nothing")
    analyse.set_defaults(run=_analyse)
    _sync_options(commands.add_parser("sync", parents=[both], help="writes one file with both tracks in sync"))
    align = commands.add_parser("align", help="links sentences of two texts, one a line")
    align.add_argument("source", type=Path)
    align.add_argument("target", type=Path)
    align.set_defaults(run=_align)
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
    parser.set_defaults(run=_sync)


def _track(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
