"""Which finished jobs go when there is too much: everybody pays for what is theirs.

Pure decisions on sizes. An upload, finished or not, counts against its owner and nobody else: it makes the owner's own oldest
results go, never another's. Where the results of all together are too much, those who have most give first, down to where
all have the same (the max-min fair share), so that a small owner never gives for a large one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holding:
    """What one finished job takes: ``size`` bytes. Those of an owner go in the order of ``rank``, the lowest first."""

    job_id: str
    owner: str
    size: int
    rank: tuple[int, float]


@dataclass(frozen=True, slots=True)
class Quota:
    """Bytes of all results together, and of what one owner has (results and uploads)."""

    total: int
    each: int


def too_much(holdings: Iterable[Holding], uploads: Mapping[str, int], quota: Quota) -> Sequence[str]:
    """The jobs to remove, in order. ``uploads`` are bytes by owner that cannot be removed now."""
    left: dict[str, list[Holding]] = {}
    for holding in sorted(holdings, key=lambda h: h.rank):
        left.setdefault(holding.owner, []).append(holding)
    gone: list[str] = []
    for owner, mine in left.items():
        while mine and _size(mine) + uploads.get(owner, 0) > quota.each:
            gone.append(mine.pop(0).job_id)
    while sum(map(_size, left.values())) > quota.total:
        gone.append(max(left.values(), key=_size).pop(0).job_id)
    return gone


def _size(holdings: Iterable[Holding]) -> int:
    return sum(h.size for h in holdings)
