"""The search on a device: torch finds what SciPy finds, and a card that is full loses nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from pipeline.evidence import fingerprints
from syncdub.analysis import analyse
from syncdub.exact.correlation import Hits, Search, search
from syncdub.exact.soundmatch import match
from syncdub.reading import device_search
from syncdub.reading.device_search import places_by_torch, search_on
from syncdub.requests import AnalyseRequest
from tests.syncdub.exact.test_correlation import BANDS, noise
from tests.syncdub.test_analysis import Listener, music, wav

by_torch: Search = partial(search, places=partial(places_by_torch, "cpu"))
THEME = noise(4, 800)
CASES = {
    "windows of a cut dub": (
        noise(1, 30000), np.concatenate([noise(2, 500), noise(1, 30000)[8000:17000]]), range(0, 8000, 500), 1000, 3,
    ),
    "several stretches": (noise(3, 200_000), noise(3, 200_000)[97_000:103_000].astype(np.float16), range(0, 5000, 700), 800, 4),
    "a theme that comes twice": (np.concatenate([noise(5, 3000), THEME, noise(6, 3000), THEME]), THEME, [0], 800, 3),
    "windows that hang over": (noise(8, 4000), np.concatenate([noise(9, 400), noise(8, 4000)[:600]]), [0], 1000, 2),
    "silence": (noise(10, 5000), np.zeros((1000, BANDS), np.float32), [0], 1000, 2),
    "an original shorter than the window": (noise(1, 600), noise(2, 1000), [0], 1000, 2),
    "a peak at the very end": (noise(12, 3000), np.concatenate([noise(12, 3000)[2500:], noise(13, 500)]), [0], 1000, 1),
}  # fmt: skip


def find(how: Search, case: str) -> Hits:
    original, dub, starts, size, k = CASES[case]
    return how(original, dub, np.array(starts), size, k, 0.01)


def same(one: Hits, other: Hits) -> None:
    """The same places to a thousandth of a frame, in whatever order where two are equally good."""
    np.testing.assert_allclose(one.score, other.score, atol=2e-5)
    np.testing.assert_allclose(one.z, other.z, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(np.sort(one.at, axis=1), np.sort(other.at, axis=1), atol=2e-3)


@pytest.mark.parametrize("case", CASES)
def test_torch_finds_what_scipy_finds(case: str) -> None:
    same(find(search, case), find(by_torch, case))


def test_two_films_are_matched_the_same(tmp_path: Any) -> None:
    """From levels to lines: a dub with ten seconds cut out."""
    film = 20 * noise(20, 9000) - 40
    dub = np.concatenate([film[:4000], film[5000:]]) + noise(21, 8000)
    plain, torched = (match({"mix": film}, {"mix": dub}, 0.01, find=how) for how in (search, by_torch))
    assert len(plain.lines) == len(torched.lines) == 2
    for a, b in zip(plain.lines, torched.lines, strict=True):
        assert (a.start, a.end) == pytest.approx((b.start, b.end), abs=0.02)
        assert a.offset == pytest.approx(b.offset, abs=1e-4)
    assert plain.speed.rate == pytest.approx(torched.speed.rate, abs=1e-9)


def test_the_processor_does_not_ask_torch() -> None:
    assert search_on("cpu") is search
    code = "import sys, syncdub.analysis; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_engines_device_searches(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Card(Listener):
        class device:
            kind = "cuda"

    asked: list[str] = []

    def here(kind: str, *args: Any) -> Any:
        asked.append(kind)
        return places_by_torch("cpu", *args[:-1])

    monkeypatch.setattr(device_search, "places_by_torch", here)
    monkeypatch.setattr(fingerprints, "levels_by_torch", lambda samples, _: fingerprints.levels_by_scipy(samples))
    film = music(30, 60)
    request = AnalyseRequest(
        original=wav(tmp_path / "film.wav", film), dub=wav(tmp_path / "dub.wav", film[5 * 16000 :]), quick=True
    )
    plan, plain = analyse(Card(), request), analyse(Listener(), request)
    assert set(asked) == {"cuda"}
    assert plan.verdict == plain.verdict == "shift"
    assert plan.segments[0].offset_ms == pytest.approx(plain.segments[0].offset_ms, abs=0.01)


def test_windows_that_do_not_fit_go_in_smaller_batches_and_one_alone_to_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []
    real = device_search._Part.places

    def places(self: Any, dub: Any, starts: Sequence[int], k: int, apart: int) -> Any:
        tried.append(len(starts))
        if len(starts) > 2 or 1500 in starts:
            raise RuntimeError("CUDA out of memory. Tried to allocate 350.00 MiB")
        return real(self, dub, starts, k, apart)

    monkeypatch.setattr(device_search._Part, "places", places)
    same(find(search, "windows of a cut dub"), find(by_torch, "windows of a cut dub"))
    assert tried[:4] == [16, 8, 4, 2]
    assert 1 in tried


def test_an_original_that_does_not_fit_is_searched_by_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def part(part: Any, size: int, kind: str) -> Any:
        asked.append(kind)
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(device_search, "_Part", part)
    same(find(search, "a theme that comes twice"), find(search_on("cuda"), "a theme that comes twice"))
    assert asked == ["cuda"]


def test_the_dub_is_sent_once_for_all_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    real = device_search.OnDevice._there

    def there(self: Any, dub: Any) -> Any:
        tensor = real(self, dub)
        sent.append(id(tensor))
        return tensor

    monkeypatch.setattr(device_search.OnDevice, "_there", there)
    monkeypatch.setattr(device_search, "sparing", lambda kind, work: work("card"))
    monkeypatch.setattr(device_search, "places_by_torch", lambda kind, *args: places_by_torch("cpu", *args))
    same(
        find(search, "several stretches"),
        find(partial(search, places=device_search.OnDevice("cpu")), "several stretches"),
    )
    assert len(sent) > 1
    assert len(set(sent)) == 1


def test_other_errors_of_the_card_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    def part(part: Any, size: int, kind: str) -> Any:
        raise RuntimeError("an illegal memory access was encountered")

    monkeypatch.setattr(device_search, "_Part", part)
    with pytest.raises(RuntimeError, match="illegal"):
        find(search_on("cuda"), "a theme that comes twice")
