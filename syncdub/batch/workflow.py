"""A season from two folders: pairs, then each film in turn; what is finished is not made again, what fails stops nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.compute.freed import give_back
from pipeline.errors import BadRequest, Cancelled, StudioError
from pipeline.media.languages import iso639_1
from pipeline.messages import message
from pipeline.progress import Report, no_report, part_of
from syncdub.batch.called import Facts, called
from syncdub.batch.figures import figures_of
from syncdub.batch.planning import all_paired
from syncdub.batch.report import write_reports
from syncdub.batch.season import Chosen, Episode, Row, Season, State
from syncdub.batch.state import Ledger
from syncdub.making.shorter import shorter_name
from syncdub.requests import BatchRequest, SyncRequest
from syncdub.workflow import SyncResult, sync

if TYPE_CHECKING:
    from pipeline.engine import Engine

PAIRING = 0.15
"""Of the whole progress, for pairing; the fingerprints made for it are those of the analyses."""
BELIEVED = 0.5
"""A pair less sure than this must share more than a song."""
ONLY_SHARED = frozenset({"doubt.only_shared_placed", "doubt.only_part_shared", "doubt.much_unmatched"})
OnRow = Callable[[Row], None]
Make = Callable[["Engine", SyncRequest, Report], SyncResult]


@dataclass(frozen=True, slots=True)
class SeasonResult:
    """The pairs, and what became of each; no rows where it was a dry run."""

    season: Season
    rows: tuple[Row, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether nothing at all was made of what should be."""
        return bool(self.rows) and not any(r.state == "done" for r in self.rows)


def planned(engine: Engine, request: BatchRequest, report: Report = no_report) -> Season:
    """Which files belong together: by hand, else as ``request.by`` says.

    Raises:
        BadRequest: there are no films or no dubs.
    """
    if request.pairs:
        return Season(tuple(Episode(p.original, tuple(Chosen(d) for d in p.dubs)) for p in request.pairs))
    if not request.films or not any(request.dubs):
        raise BadRequest("error.nothing_to_pair")
    return all_paired(engine, request.films, request.dubs, request.by, report, called=_where(request))


def _where(request: BatchRequest) -> Callable[[Path], str]:
    """What the owner of the files calls them, else where they lie."""
    return lambda path: request.names.get(str(path), str(path))


def season(
    engine: Engine, request: BatchRequest, report: Report = no_report, on_row: OnRow | None = None, make: Make = sync
) -> SeasonResult:
    """Every episode's film in ``request.out``, with its reports; a dry run only pairs.

    Raises:
        BadRequest: nothing to pair, a wrong template or option. Forbidden, DiskFull: the folder cannot be written.
        Cancelled: somebody stopped it; what was finished stays and is found again.
    """
    _checked(request)
    found = planned(engine, request, part_of(report, 0.0, PAIRING))
    if request.dry_run:
        return SeasonResult(found)
    request.out.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(request.out)
    names = _names(engine, found, request)
    rows: list[Row] = []
    for n, (episode, name) in enumerate(zip(found.episodes, names, strict=True)):
        step = (1.0 - PAIRING) / len(found.episodes)
        part = part_of(report, PAIRING + n * step, PAIRING + (n + 1) * step)
        row = _row(engine, _asked(request, episode, request.out / name), episode, ledger, part, make)
        rows.append(row)
        give_back()
        if on_row is not None:
            on_row(row)
        write_reports(request.out, found, rows, request.interface)
    return SeasonResult(found, tuple(rows))


def _checked(request: BatchRequest) -> None:
    """What would fail for every episode fails before the first."""
    SyncRequest.from_json({**request.asks, "original": "a.mkv", "dub": "b.mkv"})
    called(request.naming, Facts(Path("a.mkv"), Path("b.mkv")))


def _asked(request: BatchRequest, episode: Episode, output: Path) -> SyncRequest | None:
    """What is asked for an episode; ``None`` where it has no dub."""
    if not episode.dubs:
        return None
    return replace(request_of(request, episode), output=output)


def request_of(request: BatchRequest, episode: Episode) -> SyncRequest:
    """The request for the film of an episode that has a dub."""
    first = episode.dubs[0]
    return SyncRequest.from_json(
        {
            **request.asks,
            "original": episode.film,
            "dub": first.parts[0],
            "parts": first.parts[1:],
            "also": [d.parts for d in episode.dubs[1:]],
            "names": request.names,
            "interface": request.interface,
        }
    )


def _row(
    engine: Engine, asked: SyncRequest | None, episode: Episode, ledger: Ledger, report: Report, make: Make
) -> Row:
    """One episode's film, or why there is none; found again where it was finished before."""
    if asked is None:
        return Row(episode, state="failed", problem=message("batch.no_dub"))
    known = ledger.known(asked, episode)
    if known is not None:
        report(1.0, message("progress.found_finished"))
        return known
    begun = time.monotonic()
    try:
        result = make(engine, asked, report)
    except Cancelled:
        raise
    except StudioError as error:
        row = Row(episode, state="failed", problem=error.message)
    else:
        state: State = "refused" if result.refused or _only_shared(result, episode, asked.output) else "done"
        output = _named(result, asked).name if state == "done" else ""
        row = figures_of(Row(episode, output=output, state=state), result)
    row = replace(row, seconds=time.monotonic() - begun)
    ledger.keep(asked, row)
    return row


def _named(result: SyncResult, asked: SyncRequest) -> Path:
    """Where the film is: one that was made shorter is called so."""
    if not result.gone:
        return asked.output
    return asked.output.replace(asked.output.with_stem(shorter_name(asked.output.stem, asked.interface)))


def _only_shared(result: SyncResult, episode: Episode, output: Path) -> bool:
    """Whether all that was placed is what other episodes have too, of a pair that nothing but a name speaks for; then its film goes."""
    if episode.sure >= BELIEVED or not {d.code for d in result.plan.doubts} & ONLY_SHARED:
        return False
    output.unlink(missing_ok=True)
    return True


def _names(engine: Engine, found: Season, request: BatchRequest) -> list[str]:
    """What each result is called, numbered where two would be called the same."""
    out: list[str] = []
    for episode in found.episodes:
        name = (
            called(request.naming, _facts(engine, episode, request))
            if episode.dubs
            else called("", _bare(episode.film))
        )
        stem, taken, n = name.removesuffix(".mkv"), {x.casefold() for x in out}, 2
        while name.casefold() in taken:
            name, n = f"{stem} ({n}).mkv", n + 1
        out.append(name)
    return out


def _bare(film: Path) -> Facts:
    return Facts(film, film)


def _facts(engine: Engine, episode: Episode, request: BatchRequest) -> Facts:
    return Facts(episode.film, episode.dubs[0].parts[0], "", languages_of(engine, episode, request))


def languages_of(engine: Any, episode: Episode, request: BatchRequest) -> tuple[str, ...]:
    """The languages of film and dubs in order, two letters each: what a person says of the first dub, else what the files say of
    themselves; a file that cannot be read says nothing here."""
    said = iso639_1(str(request.asks.get("language", "")))
    dubs = [[said] if said and n == 0 else _spoken(engine, d.parts[:1]) for n, d in enumerate(episode.dubs)]
    return tuple([*_spoken(engine, (episode.film,)), *(x for found in dubs for x in found)])


def _spoken(engine: Any, files: Sequence[Path]) -> list[str]:
    try:
        tracks = [t for f in files for t in engine.probe(f).audio[:1]]
    except StudioError:
        return []
    return [iso639_1(t.language) for t in tracks if iso639_1(t.language)]
