"""Who belongs to whom: by names, by content, and where both differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncdub.batch.content import on_the_path, telling
from syncdub.batch.names import read_name
from syncdub.batch.pairing import Paired, by_content, by_names, settled
from syncdub.exact.correlation import Hits


def pairs(films: list[str], dubs: list[str]) -> dict[str, str]:
    found = by_names([read_name(Path(f)) for f in films], [read_name(Path(d)) for d in dubs])
    return {films[p.film]: dubs[p.dub] for p in found}


def test_numbers_pair_whatever_the_form() -> None:
    films = ["Show.S01E01.mkv", "Show.S01E02.mkv", "Show.S02E01.mkv"]
    dubs = ["Serie 2x01.avi", "Serie 1x02.avi", "Serie T1 Cap 1.avi"]
    assert pairs(films, dubs) == dict(zip(films, [dubs[2], dubs[1], dubs[0]], strict=True))


def test_running_numbers_go_through_the_seasons() -> None:
    films = ["S01E01.mkv", "S01E02.mkv", "S02E01.mkv", "S02E02.mkv"]
    dubs = ["Show - 01.mkv", "Show - 02.mkv", "Show - 03.mkv", "Show - 04.mkv"]
    assert pairs(films, dubs) == dict(zip(films, dubs, strict=True))


def test_dates_and_titles_pair() -> None:
    films = ["Show 2019-03-21.mkv", "Show - The Old Tree.mkv", "Show - River.mkv"]
    dubs = ["show river es.mka", "show 21.03.2019.mka", "show the old tree castellano.mka"]
    assert pairs(films, dubs) == {films[0]: dubs[1], films[1]: dubs[2], films[2]: dubs[0]}


def test_a_name_that_two_files_have_pairs_neither() -> None:
    assert pairs(["S01E01.mkv", "S01E01 b.mkv", "S01E02.mkv"], ["1x01.mkv", "1x02.mkv"]) == {"S01E02.mkv": "1x02.mkv"}


def test_the_shows_own_name_pairs_nothing() -> None:
    assert pairs(["The Show a1b2.mkv", "The Show c3d4.mkv"], ["The Show x.mka", "The Show y.mka"]) == {}


def test_a_song_that_all_films_have_says_nothing() -> None:
    song = np.array([1.0, 1.0, 0, 0, 0, 0], bool)
    own = [np.array([0, 0, 1, 1, 1, 1], bool), np.zeros(6, bool), np.zeros(6, bool)]
    nats = [np.where(song | o, 50.0, 0.0) for o in own]
    told = telling(nats, [np.where(song | o, 0.5, 0.0) for o in own])
    assert told[0] == 200.0
    assert told[1] == told[2] == 0.0


def test_what_two_of_three_have_counts_less_and_one_film_alone_half() -> None:
    both, none = np.full(4, 0.4), np.zeros(4)
    told = telling([np.full(4, 30.0), np.full(4, 30.0), np.zeros(4)], [both, both, none])
    assert 0 < told[0] < 60
    assert telling([np.full(4, 30.0)], [both])[0] == 60.0


def test_half_a_window_of_a_song_is_still_its_own_films() -> None:
    nats = [np.full(4, 60.0), np.full(4, 60.0), np.full(4, 60.0)]
    told = telling(nats, [np.full(4, 0.8), np.full(4, 0.5), np.full(4, 0.5)])
    assert list(told) == [240.0, 0.0, 0.0]


def test_a_few_bars_in_common_say_less_than_they_are_certain() -> None:
    some = np.where(np.arange(20) < 4, 0.3, 0.0)
    told = telling([np.where(some > 0, 60.0, 0.0), np.zeros(20)], [some, np.zeros(20)])
    assert told[0] == pytest.approx(240 * 4 / 20)


def test_a_dub_that_shares_something_with_every_film_has_no_claim_on_one() -> None:
    nats = np.array([[240.0, 174, 0], [0, 140, 0], [0, 103, 400]])
    assert {(p.film, p.dub) for p in by_content(nats)} == {(0, 0), (2, 2)}


def test_windows_count_on_one_line_of_time_only() -> None:
    centre = (np.arange(6) * 2000.0 + 1000).astype(np.float64)
    at = np.stack([centre + 500, np.array([9e4, 3e4, 7e4, 1e4, 5e4, 2e4])], axis=1)
    z = np.tile([9.0, 8.0], (6, 1))
    nats, like = on_the_path(Hits(centre, at, z / 100, z), 0.01, 100_000)
    assert like == pytest.approx(0.09)
    assert (nats > 30).all()


def test_content_pairs_one_to_one_and_refuses_what_is_not_clear() -> None:
    nats = np.array([[500.0, 0, 30, 100], [0, 300, 0, 90], [10, 0, 60, 0]])
    found = {(p.film, p.dub) for p in by_content(nats)}
    assert found == {(0, 0), (1, 1)}


def test_content_that_is_sure_overrules_a_name_and_frees_the_film() -> None:
    named = (Paired(0, 0, "number", 0.95), Paired(1, 1, "number", 0.95))
    heard = (Paired(1, 0, "content", 0.99), Paired(0, 1, "content", 0.99))
    found = settled(named, heard)
    assert [(p.film, p.dub, p.how, p.named) for p in found] == [(0, 1, "content", 1), (1, 0, "content", 0)]


def test_a_name_that_content_confirms_is_surer_and_one_it_does_not_is_less_so() -> None:
    named = (Paired(0, 0, "number", 0.95), Paired(1, 1, "number", 0.95))
    found = settled(named, (Paired(0, 0, "content", 0.9),), frozenset({(1, 1)}))
    assert found[0].how == "both"
    assert found[0].sure > 0.99
    assert found[1].sure < 0.5
