"""``python -m reelify transcribe | highlights | rank | score``: the page's work from a command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import cli
from pipeline.engine import Engine
from pipeline.errors import NotFound
from pipeline.messages import clock
from pipeline.progress import Report
from pipeline.settings import Settings

Work = Callable[[Settings, Report], tuple[int, Mapping[str, Any]]]
FORMS = ("json", "srt", "vtt", "txt")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    options = _parser().parse_args(argv)
    work, show = _COMMANDS[options.command]
    as_json = bool(getattr(options, "json", False)) or getattr(options, "format", "") == "json"
    return cli.run(lambda settings, report: (cli.DONE, work(options, settings, report)), as_json, show)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reelify", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("transcribe", help="what is said, with the time of every word")
    one.add_argument("input", help="a file or an http(s) address")
    one.add_argument("--language", default="auto")
    one.add_argument("--format", choices=FORMS, default="txt")
    two = commands.add_parser("highlights", help="the moments of a long video worth sharing")
    two.add_argument("input", help="a file or an http(s) address")
    two.add_argument("--clips", type=int, default=10)
    two.add_argument("--min-duration", type=float, help="seconds; default MIN_CLIP_DURATION")
    two.add_argument("--max-duration", type=float, help="seconds; default MAX_CLIP_DURATION")
    two.add_argument("--language", default="auto")
    two.add_argument("--fast", action="store_true", help="copy the streams: instant, cuts fall on keyframes")
    three = commands.add_parser("rank", help="which clips will travel, and why")
    three.add_argument("clips", nargs="+", metavar="CLIP", help="files or http(s) addresses")
    three.add_argument("--language", default="auto")
    three.add_argument("--min-score", type=float, help="0 to 1; default MIN_VIRAL_SCORE")
    three.add_argument("--all", action="store_true", help="also those under the threshold")
    three.add_argument("--aspect", choices=("source", "9:16", "1:1", "16:9"), default="source")
    three.add_argument("--captions", action="store_true", help="burn captions in")
    three.add_argument("--hook", default="", help="title shown in the first seconds")
    for command in (two, three):
        command.add_argument("--out", type=Path, help="folder of the clips; default reelify-out")
        command.add_argument("--no-render", action="store_true", help="decide only, write no clips")
    four = commands.add_parser("score", help="a transcript's text alone, no media")
    four.add_argument("input", metavar="TEXTFILE", help="a text file, or - for standard input")
    four.add_argument("--language", required=True)
    four.add_argument("--lines", action="store_true", help="each line is a text of its own: one result a line")
    for command in (two, three, four):
        command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser


def _local(given: str, settings: Settings, report: Report) -> Path:
    if given.lower().startswith(("http://", "https://")):
        from pipeline.files.downloads import fetch

        return fetch(given, settings, report)
    path = Path(given)
    if not path.is_file():
        raise NotFound(name=given)
    return path


def _language(options: argparse.Namespace) -> str | None:
    return None if options.language == "auto" else str(options.language)


def _transcribe(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from pipeline.render import captions

    source = _local(options.input, settings, report)
    heard = Engine(settings).transcript(source, _language(options), report=report)
    if options.format == "json":
        return heard.to_json() | {"doubts": list(heard.doubts)}
    return {"text": captions.write(heard, options.format)}


def _highlights(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from reelify.highlights_workflow import HighlightsRequest, highlights

    low, high = options.min_duration, options.max_duration
    request = HighlightsRequest(
        source=_local(options.input, settings, report), count=options.clips, language=_language(options),
        min_duration=settings.min_clip_duration if low is None else low,
        max_duration=settings.max_clip_duration if high is None else high,
        out=_out(options), render=not options.no_render, fast=options.fast,
    )  # fmt: skip
    result = highlights(Engine(settings), request, report).to_json()
    result.pop("timeline")
    return result


def _rank(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from reelify.cut.posting import PostOptions
    from reelify.rank_workflow import Clip, RankRequest, rank_clips

    clips = tuple(Clip(Path(c) if "://" not in c else _local(c, settings, report), title=c) for c in options.clips)
    request = RankRequest(
        clips=clips, language=_language(options), min_score=options.min_score, keep_all=options.all, out=_out(options),
        render=not options.no_render,
        post=PostOptions(aspect=options.aspect, captions=options.captions, hook=options.hook),
    )  # fmt: skip
    return rank_clips(Engine(settings), request, report).to_json()


def _score(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from reelify.words import score_lines, score_words

    if options.input == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    else:
        text = _local(options.input, settings, report).read_text(encoding="utf-8-sig", errors="replace")
    if options.lines:
        lines = text.removesuffix("\n").split("\n")
        return {"lines": [score.to_json() for score in score_lines(Engine(settings), lines, options.language)]}
    return score_words(Engine(settings), text, options.language).to_json()


def _out(options: argparse.Namespace) -> Path:
    return Path(options.out or "reelify-out")


def _show_clips(result: Mapping[str, Any], language: str) -> str:
    lines = [result["message"], *result.get("doubts", [])]
    for n, clip in enumerate(result["clips"], 1):
        lines.append(
            f"{n:2d}. {clock(clip['start'])}–{clock(clip['end'])}  {clip['score']:.2f}  {'; '.join(clip['reasons'])}"
        )
        if clip["path"]:
            lines.append(f"    {clip['path']}")
    return "\n".join(lines)


def _show_ranking(result: Mapping[str, Any], language: str) -> str:
    lines = [result["message"], *result["notes"]]
    for n, clip in enumerate(result["viral_clips"] + result["closest"], 1):
        lines.append(f"{n:2d}. {clip['viral_score']:.2f}  {clip['title']}  [{', '.join(clip['keywords'])}]")
        lines += [f"    {reason}" for reason in clip["reasons"]]
        lines += [f"    {clip['path']}"] if clip["path"] else []
    lines += [f"  – {skipped['title']}: {skipped['message']}" for skipped in result["skipped"]]
    return "\n".join(lines)


def _show_score(result: Mapping[str, Any], language: str) -> str:
    if "lines" in result:
        return "\n".join(f"{one['viral_score']:.4f}" for one in result["lines"])
    parts = "\n".join(f"  {name:14s} {value:.2f}" for name, value in result["parts"].items())
    words = ", ".join(f"{k['found']} ({k['keyword']})" for k in result["keywords"])
    return f"{result['viral_score']:.2f}\n{parts}\n{words}"


_COMMANDS: dict[str, tuple[Callable[..., dict[str, Any]], Callable[[Mapping[str, Any], str], str]]] = {
    "transcribe": (_transcribe, lambda result, language: str(result["text"])),
    "highlights": (_highlights, _show_clips),
    "rank": (_rank, _show_ranking),
    "score": (_score, _show_score),
}

if __name__ == "__main__":
    sys.exit(main())
