"""Pictures from a card: it is believed only when it decodes, and a card that gives up loses no picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import av
import av.error
import numpy as np
import pytest

from pipeline.compute import cards
from pipeline.compute.device import Device
from pipeline.errors import NoVideo
from pipeline.evidence.fingerprints import picture_print
from pipeline.evidence.gather import Sight
from pipeline.media import card_decoder, decode
from pipeline.media.container import opened
from pipeline.media.decode import video_blocks
from pipeline.values import Span
from tests.pipeline.media.test_media import make

CARD = object()
"""Stands for a card's decoder."""
WAYS: list[dict[str, Any]] = [{}, {"fps": 2.0}, {"span": Span(1.3, 3.1)}, {"keyframes": True}, {"colour": True}]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of moving picture with B-frames, a keyframe each second, beginning at half a second."""
    path = tmp_path_factory.mktemp("card") / "film.mkv"
    source = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=4", "-pix_fmt", "yuv420p"]
    return make(path, *source, "-c:v", "libx264", "-g", "25", "-bf", "3", "-output_ts_offset", "0.5")


def seen(path: Path, kind: str, **options: Any) -> tuple[list[float], np.ndarray]:
    blocks = list(video_blocks(path, width=32, height=18, device=kind, block=10, **options))
    return [float(t) for b in blocks for t in b.times], np.concatenate([b.pixels for b in blocks])


def given_up_after(n: int | None, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A card that decodes ``n`` pictures (``None``: all); who was asked for pictures, and from when."""
    asked: list[Any] = []
    real = decode._pictures

    def pictures(path: Path, skipped: Any, card: Any, start: float) -> Iterator[tuple[float, Any]]:
        asked.append((card, start))
        for number, found in enumerate(real(path, skipped, None, start)):
            if card is CARD and number == n:
                raise av.error.InvalidDataError(1, "no decoder surfaces left")
            yield found

    monkeypatch.setattr(card_decoder, "card", lambda kind: CARD if kind == "cuda" else None)
    monkeypatch.setattr(card_decoder, "wins", lambda *_: True)
    monkeypatch.setattr(decode, "_pictures", pictures)
    return asked


@pytest.mark.parametrize("n", [0, 1, 2, 37, 99])
@pytest.mark.parametrize("options", WAYS, ids=lambda o: next(iter(o), "all"))
def test_the_processor_goes_on_where_the_card_gives_up(
    film: Path, n: int, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    times, pixels = seen(film, "cpu", **options)
    given_up_after(n, monkeypatch)
    again, others = seen(film, "cuda", **options)
    assert again == times
    np.testing.assert_array_equal(others, pixels)


def test_the_processor_starts_near_where_the_card_ended(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = given_up_after(60, monkeypatch)
    seen(film, "cuda")
    assert asked == [(CARD, 0.0), (None, pytest.approx(0.5 + 59 / 25, abs=0.002))]


def test_what_the_card_decodes_whole_is_not_decoded_again(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = given_up_after(None, monkeypatch)
    assert len(seen(film, "cuda")[0]) == 100
    assert asked == [(CARD, 0.0)]


def test_a_card_that_opens_nothing_loses_nothing(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real way to the card, on a machine where it fails: FFmpeg says so when the file is opened."""
    if cards.any_driver():
        pytest.skip("there may be a card")
    from av.codec.hwaccel import HWAccel

    way = HWAccel("cuda", allow_software_fallback=False)
    monkeypatch.setattr(card_decoder, "card", lambda kind: way if kind == "cuda" else None)
    monkeypatch.setattr(card_decoder, "_won", {})
    assert seen(film, "cuda")[0] == seen(film, "cpu")[0]


def test_a_file_without_picture_is_none_on_a_card_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = make(tmp_path / "sound.wav", "-f", "lavfi", "-i", "sine=d=1")
    given_up_after(None, monkeypatch)
    with pytest.raises(NoVideo):
        list(video_blocks(sound, width=32, height=18, device="cuda"))


def test_evidence_and_prints_of_whole_films_ask_the_card_and_the_processor_does_not(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = given_up_after(None, monkeypatch)
    cases: tuple[tuple[Literal["cpu", "cuda"], Any], ...] = (("cpu", None), ("cuda", CARD))
    for kind, expected in cases:
        asked.clear()
        # Pictures are only opened here, not measured, so that no card is needed.
        blocks = Sight(25.0, Device("cpu", "CPU", "int8"), keyframes=False)
        blocks._device = kind
        next(iter(blocks.blocks(film)))
        picture_print(film, device=kind)
        assert [card for card, _ in asked] == [expected] * 2


def test_damage_is_passed_over_by_the_processor_and_ends_the_card(film: Path, tmp_path: Path) -> None:
    data = bytearray(film.read_bytes())
    chance = np.random.default_rng(1)
    for at in chance.integers(len(data) // 3, len(data), 400):
        data[at] ^= 0xFF
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(bytes(data))
    with opened(broken) as container:
        assert len(list(decode._decoded(container, container.streams.video[0]))) > 20
    with opened(broken) as container, pytest.raises(av.error.FFmpegError):
        list(decode._decoded(container, container.streams.video[0], strict=True))


def processor_instead(file: Any, *, hwaccel: Any, **options: Any) -> Any:
    return av.open(file, **options)


def test_a_card_is_believed_when_it_gives_the_processors_pictures() -> None:
    assert card_decoder.decodes(CARD, processor_instead)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [av.error.ExternalError(1, "cuda"), RuntimeError("no stream is compatible"), MemoryError(), PermissionError()],
)
def test_a_card_that_fails_is_not_believed(error: Exception) -> None:
    def failing(file: Any, *, hwaccel: Any, **options: Any) -> Any:
        if hwaccel is not None:
            raise error
        return av.open(file, **options)

    assert not card_decoder.decodes(CARD, failing)  # type: ignore[arg-type]


def test_a_card_that_gives_other_pictures_is_not_believed(tmp_path: Path) -> None:
    green = make(
        tmp_path / "green.h264", "-f", "lavfi", "-i", "color=green:s=320x240:r=25:d=0.4", "-pix_fmt", "yuv420p"
    )

    def wrong(file: Any, *, hwaccel: Any, **options: Any) -> Any:
        return av.open(file if hwaccel is None else str(green), **options)

    def short(file: Any, *, hwaccel: Any, **options: Any) -> Any:
        return av.open(file if hwaccel is None else io.BytesIO(file.read()[:9000]), **options)

    assert not card_decoder.decodes(CARD, wrong)  # type: ignore[arg-type]
    assert not card_decoder.decodes(CARD, short)  # type: ignore[arg-type]


def test_the_ways_to_the_card_are_tried_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[object, dict[str, object]]] = []

    def decodes(way: Any) -> bool:
        tried.append((way.number, way.options))
        return not way.options

    class Way:
        def __init__(self, name: str, number: str | None, *, allow_software_fallback: bool, options: dict[str, object]):
            self.number, self.options, self.allow_software_fallback = number, options, allow_software_fallback

    monkeypatch.setattr("av.codec.hwaccel.HWAccel", Way)
    monkeypatch.setattr(card_decoder, "decodes", decodes)
    card_decoder.card.cache_clear()
    try:
        found: Any = card_decoder.card("cuda")
        assert found is not None
        again: Any = card_decoder.card("cuda")
        assert found is again
        assert not found.allow_software_fallback
        assert tried == [(None, {"primary_ctx": "1"}), (None, {})]
        card_decoder.card("cuda:1")
        assert tried[2:] == [("1", {"primary_ctx": "1"}), ("1", {})]
        assert card_decoder.card("mps") is card_decoder.card("cpu") is None
        assert len(tried) == 4
    finally:
        card_decoder.card.cache_clear()


def test_without_a_driver_there_is_no_card() -> None:
    if cards.any_driver():
        pytest.skip("there may be a card")
    card_decoder.card.cache_clear()
    assert card_decoder.card("cuda") is None


class Race:
    """A film of ``n`` pictures, of which each takes the card and the processor so many seconds after so many for the first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, card: float, processor: float, n: int = 500) -> None:
        self.card, self.processor, self.n, self.now = card, processor, n, 0.0
        self.decoded = {True: 0, False: 0}
        monkeypatch.setattr(card_decoder, "_won", {})
        monkeypatch.setattr("time.perf_counter", lambda: self.now)

    def __call__(self, decoder: object, start: float) -> Iterator[tuple[float, Any]]:
        self.now += 2.0 if decoder is CARD else 0.1
        for n in range(self.n):
            self.now += self.card if decoder is CARD else self.processor
            self.decoded[decoder is CARD] += 1
            yield n / 25, None

    def won(self, film: str = "h264 1920x1080") -> bool:
        return card_decoder.wins(self, CARD, 0.0, film)


@pytest.mark.parametrize(("card", "processor", "won"), [(0.002, 0.01, True), (0.002, 0.0015, False)])
def test_who_is_sooner_decodes_all_films_of_a_kind(
    card: float, processor: float, won: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    race = Race(monkeypatch, card, processor)
    assert race.won() == won
    seen = dict(race.decoded)
    assert seen[True] == card_decoder.WARM + card_decoder.RACE + 1
    assert seen[False] <= seen[True]  # no longer than it can still win
    race.card = race.processor = 1.0
    assert race.won() == won
    assert race.decoded == seen  # raced for once
    race.won("hevc 3840x2160")
    assert race.decoded != seen


def test_a_few_pictures_are_the_processors_and_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    race = Race(monkeypatch, 0.001, 1.0, n=card_decoder.WARM + 3)
    assert not race.won()
    race.n = 500
    assert race.won()


def test_a_card_that_fails_in_the_race_has_lost_this_film_only(monkeypatch: pytest.MonkeyPatch) -> None:
    race = Race(monkeypatch, 0.001, 1.0)

    def failing(decoder: object, start: float) -> Iterator[tuple[float, Any]]:
        yield from ((n / 25, None) for n in range(20))
        raise av.error.InvalidDataError(1, "no decoder surfaces left")

    assert not card_decoder.wins(failing, CARD, 0.0, "h264 1920x1080")
    assert race.won()


def test_films_are_alike_by_what_their_decoding_costs(film: Path, tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1", "-pix_fmt", "yuv420p"]
    other = make(tmp_path / "other.mkv", *source, "-c:v", "libx264")
    assert decode._like(film, "DEFAULT") == "h264 yuv420p 160x90 DEFAULT"
    assert len({decode._like(film, "DEFAULT"), decode._like(film, "NONKEY"), decode._like(other, "DEFAULT")}) == 3
