"""The matrix of formats: every kind of file is made, given to the product, and what came out is looked at.

``python -m benchmarks.formats [--only WORD] [--write]`` prints the table; ``--write`` also puts it into ``docs/formats.md``. The map
of a dub is given (it is true), so what is looked at is reading and writing alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from av.audio.stream import AudioStream

from benchmarks import ROOT, clip_formats, table
from benchmarks.format_rows import DUBS, LATE, ORIGINALS, SECONDS, Parts, Row, parts
from benchmarks.muxing import Prober
from pipeline.errors import StudioError
from pipeline.media.container import opened
from pipeline.media.probe import probe
from pipeline.messages import say
from pipeline.settings import Settings
from pipeline.tracks.carriage import is_cover
from pipeline.tracks.tags import Head, head_of
from syncdub.requests import SyncRequest
from syncdub.values import Segment, SyncPlan
from syncdub.verdict import verdict_of
from syncdub.workflow import SyncResult, execute

HEAD = ("side", "container", "codecs", "peculiarity", "kept", "converted", "off by ms", "said", "right")
INTRODUCTION = """# Formats

Written by `python -m benchmarks.formats --write`: each kind of file is made, given to the product, and looked at. Originals and dubs
become a film with both tracks, the map of the dub being given; clips are cut from the others.

"""
NEAR_MS = 60.0
"""Joined recordings differ by a frame of sound at the join, and raw streams by their codec's delay."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a row."""

    kept: str
    converted: str
    off: str
    said: str
    right: bool


Look = Callable[[Row, Path, Parts, Path], Seen]


def dub_side(row: Row, made: Path, given: Parts, folder: Path) -> Seen:
    """An original or a dub: the film is written, its streams, flags and offsets are looked at."""
    original, dub = (made, given.dub) if row.side == "original" else (given.film, made)
    segment = Segment(0.0, SECONDS - LATE, LATE, 1.0, 1.0, 1.0)
    plan = SyncPlan(verdict_of([segment]), 1.0, (segment,))
    out = folder / "out.mkv"
    result = execute(
        Prober(Settings(temp_dir=folder / "w")),
        plan,
        SyncRequest(original=original, dub=dub, output=out, language="es"),
    )
    codes = {d.code for d in (*result.doubts, *probe(made).doubts)}
    told = [say(d, "en") for d in (*result.doubts, *probe(made).doubts) if not d.code.startswith("doubt.filled")]
    sound = probe(out).audio[0 if row.side == "original" else -1].codec
    was = probe(made).audio[0].codec
    off = _off(result)
    right = set(row.expect) <= codes and (off is None or abs(off) < NEAR_MS) and _streams_kept(row, made, out)
    right &= sound == (row.converted or sound)
    return Seen(
        _kept(out),
        f"{was} → {sound}" if sound != was else "",
        "–" if off is None else f"{off:.1f}",
        "; ".join(told),
        right,
    )


def _off(result: SyncResult) -> float | None:
    """Milliseconds between the two tracks of the result."""
    residual = result.residual
    return None if residual is None or residual.median is None else residual.median


def _streams_kept(row: Row, made: Path, out: Path) -> bool:
    with opened(made) as before, opened(out) as after:
        if "cover" in row.more and not any(is_cover(s) for s in after.streams):
            return False
        if row.side == "dub":
            return True
        if "tags" in row.more and not _tags_kept(head_of(made), head_of(out)):
            return False
        heard = [s for s in before.streams if not isinstance(s, AudioStream) or s.rate]
        return all(
            sum(s.type == kind for s in after.streams) >= sum(s.type == kind for s in heard)
            for kind in ("video", "audio", "subtitle")
        )


def _tags_kept(before: Head, after: Head) -> bool:
    """Whether every track's IETF tag and the chapters are there again."""
    return after.languages[: len(before.languages)] == before.languages and after.chapters == before.chapters


def _kept(out: Path) -> str:
    """The streams of the result."""
    with opened(out) as container:
        names = [
            "cover" if is_cover(s) else s.codec_context.name if s.codec_context else s.type for s in container.streams
        ]
    return ", ".join(names)


LOOKS: Mapping[str, Look] = {"original": dub_side, "dub": dub_side}
"""Who looks at the rows of each side."""


def rows() -> list[Row]:
    """All kinds of films and dubs."""
    return [*ORIGINALS, *DUBS]


def looked_at(row: Row, given: Parts) -> list[object]:
    """The row of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            seen = LOOKS[row.side](row, row.make(folder, given), given, folder)
        except StudioError as error:
            right = bool(row.refused) and error.message.code == row.refused
            seen = Seen("", "", "–", say(error.message, "en"), right)
    return [
        row.side,
        row.container,
        row.codec,
        row.peculiarity,
        seen.kept,
        seen.converted,
        seen.off,
        seen.said,
        "yes" if seen.right else "NO",
    ]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--only", default="", help="rows in whose words this occurs")
    options.add_argument("--write", action="store_true", help="also into docs/formats.md")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        given = parts(Path(name))
        lines = []
        wanted = [r for r in rows() if chosen.only in " ".join((r.side, r.container, r.codec, r.peculiarity))]
        for row in wanted:
            lines.append(looked_at(row, given))
            print(*lines[-1], sep=" | ", file=sys.stderr, flush=True)
        for line in clip_formats.rows(chosen.only):
            lines.append(line)
            print(*line, sep=" | ", file=sys.stderr, flush=True)
    wrong = sum(line[-1] == "NO" for line in lines)
    text = f"{len(lines)} kinds of files, {len(lines) - wrong} right.\n\n{table(HEAD, lines)}\n"
    print(text)
    if chosen.write:
        head = INTRODUCTION
        (ROOT / "docs" / "formats.md").write_text(head + text, encoding="utf-8")


if __name__ == "__main__":
    main()
