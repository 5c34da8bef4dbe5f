"""Everybody pays for what is theirs: an owner's uploads never make another's results go."""

from __future__ import annotations

import random
from collections.abc import Sequence

from web.watch.quotas import Holding, Quota, too_much


def held(owner: str, *sizes: int) -> list[Holding]:
    """Jobs of an owner from the oldest to the newest, called ``a0``, ``a1``, …"""
    return [Holding(f"{owner}{n}", owner, size, (1, float(n))) for n, size in enumerate(sizes)]


def test_within_the_quota_nothing_goes() -> None:
    assert too_much([*held("a", 50, 50), *held("b", 100)], {"a": 10}, Quota(200, 150)) == []


def test_an_upload_pushes_out_only_its_owners_oldest_results() -> None:
    holdings = [*held("a", 40, 40), *held("b", 90, 60)]
    assert too_much(holdings, {"a": 100}, Quota(1000, 150)) == ["a0"]
    assert too_much(holdings, {"a": 10**9}, Quota(1000, 150)) == ["a0", "a1"]


def test_who_has_most_gives_first_and_small_owners_nothing() -> None:
    holdings = [*held("a", 50, 50, 50, 50), *held("b", 30), *held("c", 60, 60)]
    assert too_much(holdings, {}, Quota(250, 1000)) == ["a0", "a1"]


def test_what_is_in_the_trash_goes_before_the_rest() -> None:
    trashed = Holding("thrown away", "a", 50, (0, 99.0))
    assert too_much([*held("a", 50, 50), trashed], {}, Quota(100, 1000)) == ["thrown away"]


def test_whatever_others_have_nobody_loses_a_share_that_is_fair() -> None:
    noise = random.Random(4)
    for _ in range(300):
        owners = [held(name, *_sizes(noise)) for name in "abcd"[: noise.randint(1, 4)]]
        quota = Quota(noise.randint(0, 900), noise.randint(100, 900))
        uploads = {"a": noise.choice((0, 10**6))}
        gone = set(too_much([h for mine in owners for h in mine], uploads, quota))
        left = [sum(h.size for h in mine if h.job_id not in gone) for mine in owners]
        assert sum(left) <= quota.total
        for mine, rest in zip(owners, left, strict=True):
            had, largest = sum(h.size for h in mine), max((h.size for h in mine), default=0)
            if mine[:1] and mine[0].owner != "a" and had <= quota.each:
                assert rest >= min(had, quota.total / len(owners) - largest)


def _sizes(noise: random.Random) -> Sequence[int]:
    return [noise.randint(1, 100) for _ in range(noise.randint(0, 8))]
