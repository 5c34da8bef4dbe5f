"""Which device is named, and batches that shrink."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.compute import cards, device
from pipeline.errors import OutOfMemory
from pipeline.values import Audio, Frames


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
    assert (found.kind, found.dtype, found.torch_dtypes, found.doubts) == ("cpu", "int8", ("float32",), ())


def test_a_gpu_that_cannot_compute_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def broken(kind: str) -> None:
        raise RuntimeError("no kernel image is available for execution on the device\nmore")

    monkeypatch.setattr(cards, "compute", broken)
    found = device.pick("cuda")
    assert found.kind == "cpu"
    assert [d.code for d in found.doubts] == ["device.gpu_failed"]
    assert "no kernel image" in str(found.doubts[0])
    assert "more" not in str(found.doubts[0])


@pytest.mark.parametrize(
    ("major", "dtype", "types"),
    [
        (6, "float32", ("float32",)),
        (7, "float16", ("float16", "float32")),
        (9, "float16", ("float16", "bfloat16", "float32")),
    ],
)
def test_a_gpu_that_computes_is_named(
    monkeypatch: pytest.MonkeyPatch, major: int, dtype: str, types: tuple[str, ...]
) -> None:
    torch = pytest.importorskip("torch")
    properties = SimpleNamespace(name="Card", major=major, minor=0, total_memory=8)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    monkeypatch.setattr(cards, "compute", lambda kind: None)
    found = device.pick("auto")
    assert found == device.Device("cuda", "Card", dtype, (), 8, major >= 8)
    assert found.torch_dtypes == types


class Library:
    """torch's part for a family of ``n`` cards; results on those in ``wrong`` come out wrong."""

    def __init__(self, n: int) -> None:
        self.n, self.emptied = n, 0

    def is_available(self) -> bool:
        return self.n > 0

    def device_count(self) -> int:
        return self.n

    def empty_cache(self) -> None:
        self.emptied += 1

    def get_device_properties(self, number: int) -> Any:
        return SimpleNamespace(name=f"card {number}", major=9, minor=0, total_memory=10 + number)

    def mem_get_info(self, number: int) -> tuple[int, int]:
        return 100 + number, 200

    def recommended_max_memory(self) -> int:
        return 1000

    def driver_allocated_memory(self) -> int:
        return 400


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Library]]:
    """A machine with so many cards of each family, of which those named ``broken`` do not compute."""
    import torch

    def made(broken: Sequence[str] = (), **numbers: int) -> dict[str, Library]:
        libraries = {name: Library(numbers.get(name, 0)) for name in cards.FAMILIES}
        for name, library in libraries.items():
            monkeypatch.setattr(torch, name, library)
        monkeypatch.setattr(torch.backends, "mps", libraries["mps"])
        monkeypatch.setattr(cards, "any_driver", lambda: True)
        monkeypatch.setattr(cards, "compute", compute)
        tried.clear()
        refused.update(broken)
        return libraries

    def compute(kind: str) -> None:
        tried.append(kind)
        if kind in refused:
            raise NotImplementedError(f"no such operation on {kind}")

    tried, refused = list[str](), set[str]()
    made.tried = tried  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("numbers", "wanted", "kind", "beside"),
    [
        ({"cuda": 3}, "auto", "cuda", ("cuda:1", "cuda:2")),
        ({"cuda": 3}, "cuda", "cuda", ("cuda:1", "cuda:2")),
        ({"cuda": 3}, "cuda:0", "cuda", ()),
        ({"cuda": 3}, "cuda:2", "cuda:2", ()),
        ({"xpu": 2, "mps": 1}, "auto", "xpu", ("xpu:1",)),
        ({"xpu": 2, "mps": 1}, "mps", "mps", ()),
        ({"cuda": 1, "xpu": 1}, "cuda:4", "cpu", ()),
        ({"mps": 1}, "cpu", "cpu", ()),
        ({"mps": 1}, "cuda", "cpu", ()),
    ],
)
def test_every_family_of_cards_is_named_as_it_is_wanted(
    machine: Any, numbers: dict[str, int], wanted: str, kind: str, beside: tuple[str, ...]
) -> None:
    machine(**numbers)
    found = device.pick(wanted)
    assert (found.kind, found.beside) == (kind, beside)
    assert found.is_card == (kind != "cpu")
    assert machine.tried == ([kind] if kind != "cpu" else [])


def test_a_card_that_computes_wrong_gives_way_to_the_next_of_any_family(machine: Any) -> None:
    machine(cuda=2, mps=1, broken=["cuda"])
    assert device.pick("auto").kind == "cuda:1"
    machine(xpu=1, mps=1, broken=["xpu"])
    found = device.pick("auto")
    assert (found.kind, found.dtype, found.bfloat, found.memory) == ("mps", "float16", False, 1000)
    machine(mps=1, broken=["mps"])
    found = device.pick("auto")
    assert (found.kind, [d.code for d in found.doubts]) == ("cpu", ["device.gpu_failed"])
    assert "no such operation on mps" in str(found.doubts[0])


def test_memory_is_known_and_given_back_by_family(machine: Any) -> None:
    libraries = machine(cuda=2, mps=1)
    assert [cards.free(kind) for kind in ("cuda", "cuda:1", "mps")] == [100, 101, 600]
    cards.release()
    assert [libraries[name].emptied for name in cards.FAMILIES] == [1, 0, 1]


def test_a_first_calculation_tells_right_from_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """On torch's processor, whose product and spectrum are bent."""
    import torch

    cards.compute("cpu")
    real = torch.fft.rfft
    with monkeypatch.context() as bent:
        calls = iter((1.01, 1.0))
        bent.setattr(torch.fft, "rfft", lambda wave: real(wave) * next(calls))
        with pytest.raises(RuntimeError, match="spectrum"):
            cards.compute("cpu")
    with monkeypatch.context() as bent:
        bent.setattr(torch.Tensor, "__matmul__", lambda a, b: a + b)
        with pytest.raises(RuntimeError, match="product"):
            cards.compute("cpu")


def test_what_a_family_lacks_is_done_by_the_processor() -> None:
    def work(kind: str) -> str:
        if kind != "cpu":
            raise NotImplementedError("The operator 'aten::_fft_r2c' is not currently implemented for the MPS device")
        return kind

    assert device.sparing("mps", work) == "cpu"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="device files are Linux's")
def test_a_driver_is_known_by_its_device_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not cards.any_driver(tmp_path)
    (tmp_path / "dri").mkdir()
    assert not cards.any_driver(tmp_path)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "2.13.0+xpu")
    assert cards.any_driver(tmp_path)
    monkeypatch.undo()
    (tmp_path / "nvidiactl").touch()
    assert cards.any_driver(tmp_path)


def test_importing_loads_no_torch() -> None:
    code = "import sys, pipeline.compute.device, pipeline.compute.models, pipeline.speech.transcriber; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_work_is_spared_when_the_gpu_is_full() -> None:
    def work(kind: str) -> str:
        if kind == "cuda":
            raise RuntimeError("CUDA out of memory")
        return kind

    assert device.sparing("cuda", work) == "cpu"
    for said in (
        "cuFFT error: CUFFT_ALLOC_FAILED",
        "CUBLAS_STATUS_NOT_INITIALIZED",
        "[json.exception] bad_alloc_failed",
        "level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)",
        "MPS backend out of memory (MPS allocated: 9.06 GB, other allocations: 1.1 GB, max allowed: 9.07 GB)",
        "HIP out of memory. Tried to allocate 1.2 GiB",
    ):
        assert device.is_out_of_memory(RuntimeError(said))
    assert not device.is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
    with pytest.raises(ZeroDivisionError):
        device.sparing("cuda", lambda kind: 1 // 0)
    with pytest.raises(MemoryError):
        device.sparing("cpu", lambda kind: (_ for _ in ()).throw(MemoryError()))


def _signals(kind: str) -> object:
    from pipeline.evidence.signals import AudioSignals

    measured = AudioSignals(kind)
    for n in range(3):
        measured.feed(sound(20.0, n))
    return measured.finish(music=False)


def _sounds(kind: str) -> object:
    from pipeline.evidence.sounds import SoundListener

    seen: list[np.ndarray] = []

    def network(patches: np.ndarray) -> np.ndarray:
        seen.append(patches.copy())
        return np.zeros((len(patches), 521), np.float32)

    from pipeline.compute.models import yamnet_classes

    listener = SoundListener(network, yamnet_classes(), device=kind)
    for n in range(3):
        listener.feed(sound(10.0, n))
    return np.concatenate(seen)


def _prints(kind: str) -> object:
    from pipeline.evidence.fingerprints import _bands_of, _Rows

    rows = _Rows()
    _bands_of(np.stack([sound(5.0, n).samples for n in (0, 1)]), kind, rows)
    return rows.all()


def _shots(kind: str) -> object:
    from pipeline.evidence.shots import KeyframeShots, ShotFinder

    exact, rough = ShotFinder(kind, 5.0), KeyframeShots(kind)
    for n in range(4):
        exact.feed(pictures(n))
        rough.feed(pictures(n))
    return exact.finish(16.0), rough._differ


def _motion(kind: str) -> object:
    from pipeline.evidence.motion import PictureSignals

    signals = PictureSignals(kind)
    for n in range(4):
        signals.feed(pictures(n))
    return signals.finish(16.0)


def _second_look(kind: str) -> object:
    from pipeline.evidence.second_look import WINDOW, Stretch, probabilities

    pixels = np.random.default_rng(1).integers(0, 255, (WINDOW, 27, 48, 3), dtype=np.uint8)
    return probabilities([Stretch(np.arange(WINDOW) / 25, pixels, (WINDOW // 2,))] * 2, kind)


def _carried_on(kind: str) -> object:
    """States of one piece taken over by the next."""
    from pipeline.evidence.shots import KeyframeShots, ShotFinder
    from pipeline.evidence.signals import AudioSignals

    found: list[object] = []
    pairs: tuple[tuple[Callable[[], Any], Callable[[int], Any]], ...] = (
        (lambda: ShotFinder(kind, 5.0), pictures),
        (lambda: KeyframeShots(kind), pictures),
        (lambda: AudioSignals(kind), lambda number: sound(20.0, number)),
    )
    for make, feed in pairs:
        first, second = make(), make()
        first.feed(feed(0))
        second.carry_on(first.state())
        second.feed(feed(1))
        found.append({name: kept for name, kept in second.state().items() if name != "doubts"})
    return found


def sound(seconds: float, number: int) -> Audio:
    noise = np.random.default_rng(number).standard_normal(int(16000 * seconds)).astype(np.float32)
    return Audio(0.1 * noise, 16000, number * seconds)


def pictures(number: int) -> Frames:
    """Twenty pictures, five a second; a new scene every ten."""
    chance = np.random.default_rng(number)
    scenes = chance.integers(0, 255, (2, 27, 48, 3), dtype=np.uint8)
    return Frames(4.0 * number + np.arange(20) / 5, np.repeat(scenes, 10, axis=0))


@pytest.mark.parametrize("stage", [_signals, _sounds, _prints, _shots, _motion, _second_look, _carried_on])
def test_every_stage_goes_on_when_the_gpu_is_full(
    stage: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU whose memory is full from the first byte: the results are the processor's."""
    import torch

    real, refused = torch.Tensor.to, []

    def full(self: torch.Tensor, *args: object, **options: object) -> torch.Tensor:
        if any(str(a).startswith("cuda") for a in (*args, *options.values())):
            refused.append(args)
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return real(self, *args, **options)  # type: ignore[call-overload, no-any-return]

    with np.printoptions(threshold=sys.maxsize):
        wanted = repr(stage("cpu"))
        monkeypatch.setattr(torch.Tensor, "to", full)
        assert repr(stage("cuda")) == wanted
    assert refused
