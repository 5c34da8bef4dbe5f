"""Which device is named, and batches that shrink."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from pipeline import device
from pipeline.errors import OutOfMemory


def test_batches_keep_order_and_every_item() -> None:
    seen: list[int] = []

    def work(items: Sequence[int]) -> list[int]:
        seen.append(len(items))
        return [i * 2 for i in items]

    assert device.in_batches(range(7), 3, work) == [0, 2, 4, 6, 8, 10, 12]
    assert seen == [3, 3, 1]
    assert device.in_batches([], 3, work) == []


def test_a_batch_that_does_not_fit_is_halved_and_stays_so() -> None:
    tried: list[int] = []

    def work(items: Sequence[int]) -> list[int]:
        tried.append(len(items))
        if len(items) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return list(items)

    assert device.in_batches(range(16), 8, work) == list(range(16))
    assert tried[:3] == [8, 4, 2]
    assert set(tried[2:]) == {2}


def test_one_item_that_does_not_fit_goes_to_the_processor() -> None:
    def work(items: Sequence[int]) -> list[str]:
        if 3 in items:
            raise RuntimeError("CUBLAS_STATUS_ALLOC_FAILED")
        return ["gpu"] * len(items)

    found = device.in_batches(range(5), 1, work, lambda items: ["cpu"] * len(items))
    assert found == ["gpu", "gpu", "gpu", "cpu", "gpu"]


def test_out_of_memory_when_nothing_fits() -> None:
    def work(items: Sequence[int]) -> list[int]:
        raise MemoryError

    with pytest.raises(OutOfMemory):
        device.in_batches([1, 2], 2, work)
    with pytest.raises(OutOfMemory):
        device.in_batches([1], 1, work, work)


def test_other_errors_are_not_swallowed() -> None:
    def work(items: Sequence[int]) -> list[int]:
        raise RuntimeError("shape mismatch")

    with pytest.raises(RuntimeError, match="shape"):
        device.in_batches([1, 2], 2, work)


def test_the_processor_by_name_has_no_doubts() -> None:
    found = device.pick("cpu")
    assert (found.kind, found.dtype, found.torch_dtype, found.doubts) == ("cpu", "int8", "float32", ())


def test_a_gpu_that_cannot_compute_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def broken() -> None:
        raise RuntimeError("no kernel image is available for execution on the device\nmore")

    monkeypatch.setattr(device, "_compute", broken)
    found = device.pick("cuda")
    assert found.kind == "cpu"
    assert [d.code for d in found.doubts] == ["device.gpu_failed"]
    assert "no kernel image" in str(found.doubts[0])
    assert "more" not in str(found.doubts[0])


@pytest.mark.parametrize(("major", "dtype"), [(6, "float32"), (7, "float16"), (9, "float16")])
def test_a_gpu_that_computes_is_named(monkeypatch: pytest.MonkeyPatch, major: int, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    properties = SimpleNamespace(name="Card", major=major, minor=0, total_memory=8)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    monkeypatch.setattr(device, "_compute", lambda: None)
    assert device.pick("auto") == device.Device("cuda", "Card", dtype, (), 8)


def test_importing_loads_no_torch() -> None:
    code = "import sys, pipeline.device, pipeline.models, pipeline.speech; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
