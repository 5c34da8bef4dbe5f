"""The device benchmark: every stage runs, and what it says of times, peaks and missing memory is right."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import gpu
from benchmarks.gpu import Measured, Peaks, measure, row, share
from benchmarks.gpu_stages import STAGES, Cost, Stage, spectrum_cost, whisper_cost
from pipeline import fingerprints
from pipeline.device import Device, pick
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
