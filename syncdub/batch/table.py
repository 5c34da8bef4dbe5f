"""The list of pairs as a file that a person may edit: CSV with a header, or a JSON array of objects."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import BadRequest, NotFound
from pipeline.messages import localise
from pipeline.render.exports import to_csv
from pipeline.text.encodings import decoded
from syncdub.batch.season import Chosen, Episode, Season

PARTS = " + "
"""Between the parts of one dub."""
COLUMNS = ("original", "dub", "how", "sure", "notes")
MOST_ROWS = 10_000


def rows_of(season: Season, language: str, roots: Sequence[Path] = ()) -> list[dict[str, Any]]:
    """A row for each film and dub; a film without one, and a dub without a film, have a row with an empty place."""
    out: list[dict[str, Any]] = []
    for episode in season.episodes:
        film = _relative(episode.film, roots)
        for dub in episode.dubs:
            files = PARTS.join(_relative(p, roots) for p in dub.parts)
            notes = " ".join(localise(list(dub.notes), language))
            out.append({"original": film, "dub": files, "how": dub.how, "sure": round(dub.sure, 3), "notes": notes})
        if not episode.dubs:
            out.append({"original": film, "dub": "", "how": "none", "sure": 0.0, "notes": ""})
    out += [{"original": "", "dub": _relative(p, roots), "how": "none", "sure": 0.0, "notes": ""} for p in season.left]
    return out


def write_table(season: Season, path: Path, language: str, roots: Sequence[Path] = ()) -> None:
    """The list in ``path``, CSV unless it is called ``.json``."""
    from pipeline.atomic import write_text

    rows = rows_of(season, language, roots)
    as_json = path.suffix.lower() == ".json"
    write_text(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n" if as_json else to_csv(rows))


def read_table(path: Path, roots: Sequence[Path] = ()) -> Season:
    """The pairs of an edited list; rows with an empty place are skipped, several rows of one film are its dubs.

    Names are looked for below ``roots`` unless they are absolute.

    Raises:
        NotFound: there is no such list, or a file that it names does not exist.
        BadRequest: it is not such a list, or it gives a dub to two films.
    """
    if not path.is_file():
        raise NotFound(name=path.name)
    text = decoded(path.read_bytes()) or ""
    return season_of(_json(text, path) if path.suffix.lower() == ".json" else _csv(text, path), roots)


def season_of(rows: Sequence[Mapping[str, Any]], roots: Sequence[Path] = ()) -> Season:
    """The pairs that ``rows`` name. Raises as :func:`read_table`."""
    found: dict[Path, list[Chosen]] = {}
    taken: dict[Path, Path] = {}
    for row in rows[:MOST_ROWS]:
        film, dub = (str(row.get(name) or "").strip().removeprefix("'") for name in ("original", "dub"))
        if not film or not dub:
            continue
        where = _there(film, roots)
        parts = tuple(_there(name.strip(), roots) for name in dub.split(PARTS) if name.strip())
        for part in parts:
            if taken.setdefault(part, where) != where:
                raise BadRequest("error.dub_of_two_films", name=part.name)
        found.setdefault(where, []).append(Chosen(parts, "hand", 1.0))
    if not found:
        raise BadRequest("error.no_pairs")
    return Season(tuple(Episode(film, tuple(dubs)) for film, dubs in found.items()))


def _csv(text: str, path: Path) -> list[Mapping[str, Any]]:
    """Commas, semicolons or tabs: what spreadsheets write."""
    first = text.lstrip("\ufeff").partition("\n")[0]
    mark = max(",;\t", key=first.count)
    rows: list[Mapping[str, Any]] = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=mark))
    if not rows or not {"original", "dub"} <= set(rows[0]):
        raise BadRequest("error.not_a_pair_list", name=path.name)
    return rows


def _json(text: str, path: Path) -> list[Mapping[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise BadRequest("error.not_a_pair_list", name=path.name) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadRequest("error.not_a_pair_list", name=path.name)
    return rows


def _relative(path: Path, roots: Sequence[Path]) -> str:
    return next((path.relative_to(root).as_posix() for root in roots if path.is_relative_to(root)), str(path))


def _there(name: str, roots: Sequence[Path]) -> Path:
    tried = [Path(name)] if Path(name).is_absolute() else [root / name for root in roots]
    found = next((p for p in tried if p.is_file()), None)
    if found is None:
        raise NotFound(name=name)
    return found
