"""The values of a season: which files belong together, and what became of each pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.messages import Message
from syncdub.batch.pairing import How
from syncdub.making.review import Place

State = Literal["waiting", "done", "refused", "failed", "left_out"]
"""``left_out``: a person took the pair out before the others were made, so nothing will be made of it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A dub for a film: its file, or its parts in order; ``how`` it was paired, ``sure`` in [0, 1], ``notes`` what speaks against it."""

    parts: tuple[Path, ...]
    how: How = "hand"
    sure: float = 1.0
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Episode:
    """A film and its dubs; none where nothing was found for it."""

    film: Path
    dubs: tuple[Chosen, ...] = ()

    @property
    def sure(self) -> float:
        """How sure its least sure dub is."""
        return min((d.sure for d in self.dubs), default=0.0)


@dataclass(frozen=True, slots=True)
class Season:
    """All episodes, in order of the films, and the files that belong to none."""

    episodes: tuple[Episode, ...]
    left: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one episode. ``figures`` are those of the report; ``places`` its doubtful moments, worst first; ``seconds`` is
    how long it took; ``problem`` why it was not made."""

    episode: Episode
    output: str = ""
    state: State = "waiting"
    verdict: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    doubts: tuple[Message, ...] = ()
    places: tuple[Place, ...] = ()
    problem: Message | None = None
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether it need not be done again; what failed is tried anew."""
        return self.state in {"done", "refused"}


def file_name(path: Path) -> str:
    """What a file is called where nobody calls it otherwise."""
    return path.name


def names_of(paths: Sequence[Path], called: Callable[[Path], str] = file_name) -> str:
    """What a list of files is called in a table."""
    return " + ".join(map(called, paths))
