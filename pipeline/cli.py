"""What the command lines share: progress on stderr, one JSON object (or one a line) on stdout, exit codes of the contract.

0 done · 2 wrong usage · 3 the input's fault · 4 the sync is refused · 1 our fault · 130 stopped.
"""

from __future__ import annotations

import contextlib
import json
import locale
import logging
import os
import sys
import time
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from pipeline.atomic import write_text
from pipeline.compute.remembered import Remembered
from pipeline.errors import Cancelled, Refused, StudioError, UserError
from pipeline.messages import Message, choose_language, localise, message, say
from pipeline.progress import Report
from pipeline.requests import Parameter, Request, options_of
from pipeline.settings import Settings, SettingsError
from pipeline.timings import Timings

DONE, OURS, USAGE, INPUT, REFUSED, STOPPED = 0, 1, 2, 3, 4, 130
EVERY = 0.5
DAY = 86400.0
FAILURES, MOST_KEPT = "failures.log", 200_000
"""The log of failed commands in the data folder, and how many of its last characters are kept."""


def language_of(settings: Settings) -> str:
    """``APP_LANGUAGE``, else the system's locale, else English."""
    if settings.language != "auto":
        return choose_language(settings.language)
    return choose_language(locale.getlocale(locale.LC_MESSAGES)[0])


def progress(language: str) -> Report:
    """A report that writes to stderr: one line that changes on a terminal, a line a stage elsewhere."""
    live = sys.stderr.isatty()
    state: dict[str, Any] = {"at": 0.0, "code": ""}

    def report(fraction: float, message: Message) -> None:
        now = time.monotonic()
        if live and now - state["at"] >= EVERY:
            sys.stderr.write(f"\r\033[K{100 * fraction:3.0f} % {say(message, language)}")
            sys.stderr.flush()
            state["at"] = now
        elif not live and message.code != state["code"]:
            sys.stderr.write(f"{100 * fraction:3.0f} % {say(message, language)}\n")
        state["code"] = message.code

    return report


def run(
    work: Callable[[Settings, Report], tuple[int, Mapping[str, Any]]],
    as_json: bool,
    show: Callable[[Mapping[str, Any], str], str],
    options: Namespace,
) -> int:
    """Does ``work(settings, report)``, prints its result as JSON or as ``show(result, language)``; returns the exit code.

    What a tool said when it failed goes into :data:`FAILURES` of the data folder, ``options.verbose`` shows it too;
    ``options.timings`` adds to stderr what each stage cost.
    """
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    logging.basicConfig(level=settings.log_level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    language = language_of(settings)
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "")
    timings = Timings()
    try:
        code, result = work(settings, timings.around(progress(language)))
    except (StudioError, KeyboardInterrupt, BrokenPipeError) as error:
        return _failed(error, as_json, language, _noted(error, settings, verbose=options.verbose))
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    if options.timings:
        sys.stderr.write(timings.table(language) + "\n")
    if settings.keep_days:  # where no service runs nobody else tidies up
        Remembered(settings.data_dir / "memory").forget(settings.keep_days * DAY)
    said = localise(result, language)
    _print(_written(said) if as_json else show(said, language))
    return code


def _written(result: Mapping[str, Any]) -> str:
    """One JSON object; a result that is nothing but ``lines`` is one object a line."""
    several = result["lines"] if set(result) == {"lines"} else [result]
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in several)


def add_options(parser: ArgumentParser, request: type[Request], said: Collection[str] = ()) -> None:
    """Gives a command the parameters that ``request`` offers on the command line, but not those that the command itself has
    ``said``; those not given stay out of its namespace."""
    for parameter in options_of(request, "command"):
        if parameter.name in said:
            continue
        flag = "--" + parameter.called.replace("_", "-")
        more: dict[str, Any] = {"dest": parameter.name, "default": SUPPRESS, "help": parameter.option.help}
        if parameter.kind is bool:
            parser.add_argument(flag, action="store_false" if parameter.default is True else "store_true", **more)
            continue
        if (parameter.option.metavar or "").endswith(".json"):
            parser.add_argument(flag, type=json_in, metavar=parameter.option.metavar, **more)
            continue
        kind = Path if parameter.kind is Any else counted if _is_counted(parameter) else parameter.kind
        more |= {"nargs": "*"} if parameter.kind is Any else {}
        more |= {"choices": parameter.choices} if parameter.choices else {"metavar": parameter.option.metavar}
        parser.add_argument(flag, type=kind, **more)


def add_looks(parser: ArgumentParser) -> None:
    """Gives a command ``--verbose`` and ``--timings``."""
    parser.add_argument("--verbose", action="store_true", help="show what the tools said when one of them fails")
    parser.add_argument("--timings", action="store_true", help="show what each stage cost when the work is done")


def counted(text: str) -> int:
    """A number of something counted from 0; anything else is wrong usage."""
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def json_in(name: str) -> Any:
    """What a file of JSON holds; where there is none it is wrong usage."""
    try:
        return json.loads(Path(name).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ArgumentTypeError(f"{name}: {error}") from error


def _is_counted(parameter: Parameter) -> bool:
    return parameter.kind is int and parameter.option.low == 0


def given(options: Namespace, request: type[Request]) -> dict[str, Any]:
    """The fields of ``request`` that were given on the command line."""
    return {p.name: getattr(options, p.name) for p in options_of(request, "command") if hasattr(options, p.name)}


def _noted(error: BaseException, settings: Settings, *, verbose: bool) -> str | Message:
    """What a person is told of a tool's own words: nothing, the words, or the log they were written to."""
    detail = str(getattr(error, "detail", ""))
    if not detail:
        return ""
    log = settings.data_dir / FAILURES
    kept = ""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            kept = log.read_text("utf-8", "replace")[-MOST_KEPT:]
        write_text(log, f"{kept}{time.strftime('%Y-%m-%d %H:%M:%S')} {error}\n{detail}\n\n")
    except (OSError, StudioError):  # the words must not be lost where they cannot be kept
        return detail
    return detail if verbose else message("cli.log", path=str(log))


def _failed(error: BaseException, as_json: bool, language: str, noted: str | Message) -> int:
    if isinstance(error, KeyboardInterrupt | Cancelled):
        sys.stderr.write(f"\n{say(Message('error.cancelled'), language)}\n")
        return STOPPED
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OURS
    assert isinstance(error, StudioError)
    text = say(error.message, language)
    if as_json:
        _print(json.dumps({"status": "error", "error": error.short_code, "message": text}, ensure_ascii=False))
    told = say(noted, language) if isinstance(noted, Message) else noted
    sys.stderr.write(f"{text}\n" + (f"{told}\n" if told else ""))
    if isinstance(error, Refused):
        return REFUSED
    return INPUT if isinstance(error, UserError) else OURS


def _print(text: str) -> None:
    data = (text.rstrip("\n") + "\n").encode("utf-8", "replace")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
