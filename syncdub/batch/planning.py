"""From files to episodes: parts put together, names read, content asked where names do not say enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pipeline.evidence.fingerprints import SoundPrint
from pipeline.media.values import MediaInfo
from pipeline.messages import Message, message
from pipeline.progress import Report, no_report, part_of
from syncdub.analysis import chosen_stream
from syncdub.batch.listening import PrintOf, evidence
from syncdub.batch.names import Named, read_name
from syncdub.batch.pairing import Paired, by_content, by_names, settled
from syncdub.batch.season import Chosen, Episode, Season
from syncdub.exact.correlation import Search, search

By = Literal["auto", "names", "content"]
Called = Callable[[Path], str]
"""What a file's owner calls it; an upload lies under a name of ours, which says nothing."""


class Listener(Protocol):
    """What pairing needs of an engine."""

    def probe(self, path: Path | str) -> MediaInfo: ...

    def sound_print(self, path: Path | str, stream: int = 0, report: Report = no_report) -> SoundPrint: ...


@dataclass(frozen=True, slots=True)
class Item:
    """One film or dub: its file, or its parts in order, and what their names say."""

    parts: tuple[Path, ...]
    named: Named


def media_in(folder: Path, allowed: frozenset[str]) -> tuple[Path, ...]:
    """The files below ``folder`` with one of the ``allowed`` endings, in order of their names; hidden ones left out."""
    found = (p for p in folder.rglob("*") if p.suffix.lower().lstrip(".") in allowed and p.is_file())
    shown = (p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))
    return tuple(sorted(shown, key=lambda p: (str(p.parent).casefold(), p.name.casefold(), p.name)))


def items(paths: Sequence[Path], called: Called = str) -> tuple[Item, ...]:
    """The files as films or dubs: those that are called the same but for ``CD1``, ``CD2`` are one, in that order."""
    named = [(p, Path(called(p))) for p in paths]
    groups: dict[tuple[object, ...], list[tuple[int, Path, Named]]] = {}
    for n, (path, theirs) in enumerate(named):
        name = read_name(theirs)
        alone = (n,) if name.part is None else (str(theirs.parent), name.season, name.episode, name.date, name.title)
        groups.setdefault(alone, []).append((name.part or 0, path, name))
    out = []
    for group in groups.values():
        group.sort(key=lambda g: g[0])
        if len({number for number, _, _ in group}) == len(group):
            out.append(Item(tuple(path for _, path, _ in group), group[0][2]))
        else:  # two of the same number: not parts of one
            out += [Item((path,), name) for _, path, name in group]
    return tuple(out)


def paired(
    engine: Listener, films: Sequence[Path], dubs: Sequence[Path], by: By = "auto", report: Report = no_report,
    find: Search = search, called: Called = str,
) -> Season:  # fmt: skip
    """Which of ``dubs`` belongs to which of ``films``, one to one."""
    mine, theirs = tuple(Item((p,), read_name(Path(called(p)))) for p in films), items(dubs, called)
    named = by_names([i.named for i in mine], [i.named for i in theirs]) if by != "content" else ()
    heard: tuple[Paired, ...] = ()
    listened: frozenset[tuple[int, int]] = frozenset()
    if by != "names" and mine and theirs:
        nats = evidence([i.parts[0] for i in mine], [i.parts[0] for i in theirs], _print_of(engine), find, report)
        heard = by_content(nats)
        listened = frozenset((p.film, p.dub) for p in named if nats[:, p.dub].any())
    pairs = settled(named, heard, listened)
    by_film = {p.film: p for p in pairs}
    episodes = tuple(
        Episode(item.parts[0], (_chosen(theirs[by_film[i].dub], by_film[i], films, called),) if i in by_film else ())
        for i, item in enumerate(mine)
    )
    taken = {p.dub for p in pairs}
    return Season(episodes, tuple(p for j, item in enumerate(theirs) if j not in taken for p in item.parts))


def together(seasons: Sequence[Season]) -> Season:
    """The same films with the dubs of several releases, in their order."""
    first = seasons[0]
    every = [
        Episode(e.film, tuple(d for s in seasons for d in s.episodes[n].dubs)) for n, e in enumerate(first.episodes)
    ]
    return Season(tuple(every), tuple(p for s in seasons for p in s.left))


def all_paired(
    engine: Listener, films: Sequence[Path], dubs: Sequence[Sequence[Path]], by: By = "auto", report: Report = no_report,
    find: Search = search, called: Called = str,
) -> Season:  # fmt: skip
    """:func:`paired` for each release of dubs."""
    if not films or not dubs:
        return Season(tuple(Episode(f) for f in films), tuple(p for release in dubs for p in release))
    shares = [part_of(report, n / len(dubs), (n + 1) / len(dubs)) for n in range(len(dubs))]
    return together([paired(engine, films, d, by, r, find, called) for d, r in zip(dubs, shares, strict=True)])


def _print_of(engine: Listener) -> PrintOf:
    def heard(path: Path, report: Report) -> SoundPrint:
        return engine.sound_print(path, chosen_stream(engine.probe(path), None), report)

    return heard


def _chosen(dub: Item, pair: Paired, films: Sequence[Path], called: Called) -> Chosen:
    notes: tuple[Message, ...] = ()
    if pair.named is not None:
        notes = (message("batch.name_means_other", name=Path(called(films[pair.named])).name),)
    return Chosen(dub.parts, pair.how, pair.sure, notes)


__all__ = ["By", "Called", "Item", "Listener", "all_paired", "items", "media_in", "paired", "together"]
