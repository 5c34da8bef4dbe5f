"""The device benchmark: every stage runs, and what it says of times, peaks and missing memory is right."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gpu, gpu_speech
from benchmarks.gpu import Measured, Peaks, measure, row, share
from benchmarks.gpu_sound import Cost, spectrum_cost, stems_cost
from benchmarks.gpu_stages import (
    STAGES,
    Stage,
    bundled_cost,
    network_cost,
    search_cost,
    whisper_cost,
)
from pipeline.compute.device import Device, pick
from pipeline.errors import ModelUnavailable
from pipeline.evidence import fingerprints
from pipeline.messages import Message

CPU = pick("cpu")
QUICK = [s for s in STAGES if s.name.startswith(("sound", "picture", "search"))]


@pytest.mark.models
@pytest.mark.parametrize("stage", QUICK, ids=lambda s: s.name)
def test_every_stage_works_on_the_processor(stage: Stage) -> None:
    found = measure(stage, CPU, 4.0)
    assert 0 < found.seconds < math.inf
    assert found.note == ""


@pytest.mark.models
def test_the_sound_print_is_the_same_by_torch_and_by_scipy() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, (2, 32000)).astype(np.float32)
    by_torch = fingerprints.levels_by_torch(samples, "cpu")
    by_scipy = fingerprints.decibels(fingerprints.mel_bytes(samples, "cpu"))
    assert by_torch.shape == by_scipy.shape == (2, (32000 - fingerprints.WINDOW) // fingerprints.HOP + 1, 48)
    assert np.abs(by_torch - by_scipy).max() <= fingerprints.DB_STEP / 2 + 0.01


def test_the_share_is_that_of_the_tighter_limit() -> None:
    stage = Stage("x", lambda d, s: lambda: None, Cost(flops=100.0, n_bytes=1000.0))
    ten_times = Measured(1.0, 10.0, 0)
    assert share(stage, ten_times, Peaks(1e4, 2e4, 1e5), half=False) == "10.0 % of arithmetic"
    assert share(stage, ten_times, Peaks(1e4, 2e4, 1e5), half=True) == "10.0 % of bandwidth"
    assert share(stage, ten_times, Peaks(1e4, 2e4, 2e4), half=False) == "50.0 % of bandwidth"


def test_missing_memory_is_a_cell_not_an_error() -> None:
    def prepare(device: Device, seconds: float) -> Callable[[], object]:
        def work() -> object:
            raise RuntimeError("CUDA out of memory")

        return work

    stage = Stage("x", prepare, Cost(1.0, 1.0))
    assert measure(stage, CPU, 1.0).note == "out of memory"
    assert row(stage, (CPU,), {"cpu": Peaks(1.0, 1.0, 1.0)}, 1.0) == ("x", "out of memory", "–", "–")


def test_a_missing_model_costs_its_row_not_the_run() -> None:
    def prepare(device: Device, seconds: float) -> Callable[[], object]:
        raise ModelUnavailable(name="x")

    assert measure(Stage("x", prepare, Cost(1.0, 1.0)), CPU, 1.0).note == "no model"


def test_chunks_of_real_speech_end_at_different_places(media: Path) -> None:
    lengths = {round(chunk.duration, 1) for chunk in gpu_speech.spoken(90.0)}
    assert len(lengths) > 2


def test_other_errors_are_errors() -> None:
    def prepare(device: Device, seconds: float) -> Callable[[], object]:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        measure(Stage("x", prepare, Cost(1.0, 1.0)), CPU, 1.0)


def test_work_is_reckoned_from_sizes() -> None:
    one, twice = (spectrum_cost(rate, 512, 64, 64000.0) for rate in (50.0, 100.0))
    assert twice.flops == pytest.approx(2 * one.flops)
    assert one.n_bytes > 64000.0
    # Whisper base: some 10 to 60 Gflop for half a minute of sound (74 M weights, 1500 positions).
    assert 1e10 < 30 * whisper_cost().flops < 1e11


def test_without_a_gpu_there_is_one_column_and_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "STAGES", QUICK[:1])
    monkeypatch.setattr(gpu, "SIDE", (64, 64))
    monkeypatch.setattr(gpu, "COPY", 2**16)
    monkeypatch.setattr(
        gpu, "pick", lambda wanted: CPU if wanted == "cpu" else Device("cpu", "CPU", "int8", (gpu_missing(),))
    )
    monkeypatch.setattr("sys.argv", ["gpu", "--minutes", "0.05"])
    gpu.main()
    said = capsys.readouterr().out
    assert QUICK[0].name in said
    assert "There is no GPU" in said
    assert "cuda" not in said


def gpu_missing() -> Message:

    return Message("device.no_gpu")


def test_a_second_of_a_long_film_costs_the_search_more() -> None:
    short, long = search_cost(600.0), search_cost(6000.0)
    assert 4 < long.flops / short.flops < 10
    # A film and a dub of ten minutes: every window at every place in every band, directly, would be some 350 times as much.
    direct = 2.0 * 86 * 60_000 * 2000 * 48 / 600.0
    assert 250 < direct / short.flops < 450
    stage = Stage("x", lambda d, s: lambda: None, lambda seconds: Cost(seconds, 0.0))
    assert share(stage, Measured(10.0, 100.0, 0), Peaks(1e4, 1e4, 1e4), half=False) == "10.0 % of arithmetic"


def test_every_stage_has_its_work_reckoned_and_a_gpu_but_one() -> None:
    assert all(stage.cost_of(600.0).n_bytes > 0 for stage in STAGES)
    assert [stage.name for stage in STAGES if stage.only] == [
        "speech: voice detector",
        "sound: recognised, 8-bit network",
        "text: sentence vectors (bundled model)",
    ]
    # Spleeter's networks: some 12 Gflop each for a piece of 10.4 s.
    assert 2 * 10e9 < 10.4 * stems_cost().flops < 2 * 15e9
    # MiniLM: 21 million weights in its layers.
    assert network_cost().flops == pytest.approx(5 * 2 * 21.2e6, rel=0.1)
    assert bundled_cost().flops < network_cost().flops / 5


CARD = Device("cuda", "Card", "float16", (), 24 * 2**30)


def test_both_devices_stand_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"cpu": Measured(10.0, 100.0, 0), "cuda": Measured(0.5, 100.0, 3_000_000)}
    monkeypatch.setattr(gpu, "measure", lambda stage, device, seconds: found[device.kind])
    most = {"cpu": Peaks(1e4, 1e4, 1e4), "cuda": Peaks(1e5, 1e6, 1e6)}
    stage = Stage("x", lambda d, s: lambda: None, Cost(flops=100.0, n_bytes=1.0), half=True)
    assert row(stage, (CPU, CARD), most, 100.0) == (
        "x", "10", "10.0 % of arithmetic", "–", "200", "2.0 % of arithmetic", "3", "20.0",
    )  # fmt: skip
    found["cuda"] = Measured(math.inf, 100.0, 0, "not on this card")
    assert row(stage, (CPU, CARD), most, 100.0)[4:] == ("not on this card", "–", "–", "–")
    assert row(Stage("y", stage.prepare, stage.cost, "cpu"), (CPU, CARD), most, 100.0)[4] == "has no GPU path"


class Figures:
    """A card of 100 bytes: ``torch`` of them are torch's at the peak, ``others`` those of a decoder."""

    def __init__(self, torch: int, others: int) -> None:
        self.torch, self.others, self.looks = torch, others, 0

    def reset_peak_memory_stats(self) -> None:
        pass

    def memory_allocated(self) -> int:
        return 5

    def max_memory_allocated(self) -> int:
        return 5 + self.torch

    def mem_get_info(self) -> tuple[int, int]:
        self.looks += 1
        return (90 - self.others if self.looks > 1 else 90), 100


def test_memory_is_torchs_or_what_the_card_misses() -> None:
    for figures, peak in ((Figures(30, 40), 35), (Figures(0, 40), 40)):
        with gpu.MemoryUsed(CARD, figures) as memory:
            while figures.looks < 3:
                pass
        assert memory.peak == peak
    with gpu.MemoryUsed(CPU) as memory:
        pass
    assert memory.peak == 0


def test_a_card_that_decodes_nothing_has_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.media.card_decoder.card", lambda kind: None)
    decoding = next(stage for stage in STAGES if "decoding" in stage.name)
    assert measure(decoding, CARD, 1.0).note == "not on this card"
