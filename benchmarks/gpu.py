"""Every stage that computes on a device: processor against GPU in one run, and how much of the device it uses.

``python -m benchmarks.gpu [--minutes 10] [--quick]``

Without a GPU the processor's column is printed, and why there is no other. Peaks are measured on the spot (a large product
of matrices, a large copy). Bytes and operations of a stage are reckoned from its sizes: what has to be read and written
once and the arithmetic of its transforms, products and layers; the share of a peak is therefore a lower bound. Memory is
torch's peak, or what the card's own figure rises by where torch takes none (decoder, encoder).
"""

from __future__ import annotations

import argparse
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import table
from benchmarks.gpu_stages import STAGES, Stage
from pipeline.compute.cards import family, release
from pipeline.compute.device import Device, is_out_of_memory, pick

SIDE = (8192, 2048)
"""Sides of the matrices whose product is timed, on a GPU and on the processor: smaller ones end before a card is at its pace."""
COPY = 2**28
"""Bytes of the copy that is timed."""
IN_A_ROW = 10
"""Products and copies of a card between two looks at the clock."""
LOOK = 0.01
"""Seconds between two looks at the card's memory."""


@dataclass(frozen=True, slots=True)
class Measured:
    """``seconds`` of work for ``film`` seconds; ``peak`` bytes of device memory."""

    seconds: float
    film: float
    peak: int
    note: str = ""

    @property
    def times_real(self) -> float:
        return self.film / self.seconds


@dataclass(frozen=True, slots=True)
class Peaks:
    """What a device reaches: operations a second in single and half precision and in bfloat16, bytes copied (read and written)
    a second."""

    single: float
    half: float
    copied: float
    bfloat: float = 0.0


def measure(stage: Stage, device: Device, seconds: float) -> Measured:
    """Run a stage twice, time the second; whatever it needs is prepared before."""
    from pipeline.errors import FFmpegFailed, ModelUnavailable, StudioError

    try:
        work = stage.prepare(device, seconds)
        with MemoryUsed(device) as memory:
            work()
        _finished(device)
        begun = time.perf_counter()
        work()
        _finished(device)
        spent = time.perf_counter() - begun
    except FFmpegFailed:
        return Measured(math.inf, seconds, 0, "not on this card")
    except ModelUnavailable:
        return Measured(math.inf, seconds, 0, "no model")
    except (FileNotFoundError, ImportError) as error:
        return Measured(math.inf, seconds, 0, f"not here: {type(error).__name__}")
    except (RuntimeError, MemoryError, StudioError) as error:
        if not is_out_of_memory(error):
            raise
        return Measured(math.inf, seconds, 0, "out of memory")
    finally:
        release()
    return Measured(spent, seconds, memory.peak)


class MemoryUsed:
    """``peak`` bytes of a GPU that work in here takes; 0 on the processor.

    ``figures`` stands for ``torch.cuda`` in tests. Looked at every :data:`LOOK` seconds for what torch does not count.
    """

    def __init__(self, device: Device, figures: Any = None) -> None:
        self.peak = 0
        self._figures = figures or _figures(device)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> MemoryUsed:
        if self._figures is not None:
            self._figures.reset_peak_memory_stats()
            self._before, self._least = self._figures.memory_allocated(), self._figures.mem_get_info()[0]
            self._lowest = self._least
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._figures is not None:
            self._done.set()
            self._thread.join()
            most = self._figures.max_memory_allocated()
            self.peak = most if most > self._before else self._least - self._lowest

    def _look(self) -> None:
        while self._figures is not None and not self._done.wait(LOOK):
            self._lowest = min(self._lowest, self._figures.mem_get_info()[0])


def _library(device: Device) -> Any:
    """torch's part for the device's family; None for the processor."""
    import torch

    return getattr(torch, family(device.kind)) if device.is_card else None


def _figures(device: Device) -> Any:
    """What knows the device's memory; Apple's cards do not tell their peak."""
    found = _library(device)
    return found if hasattr(found, "reset_peak_memory_stats") else None


def _finished(device: Device) -> None:
    """Wait for what a GPU has been told to do."""
    if device.is_card:
        _library(device).synchronize()


def peaks(device: Device) -> Peaks:
    """The device's own best, measured: products of matrices in both precisions, a copy, each of random numbers."""
    import torch

    n = IN_A_ROW if device.is_card else 1

    def best(work: Callable[[], object]) -> float:
        times = []
        for _ in range(4):
            _finished(device)
            begun = time.perf_counter()
            for _ in range(n):
                work()
            _finished(device)
            times.append((time.perf_counter() - begun) / n)
        return min(times[1:])

    side = SIDE[0] if device.is_card else SIDE[1]
    numbers = torch.rand(side, side, device=device.kind)

    def product(dtype: torch.dtype) -> float:
        one = numbers.to(dtype)
        return 2.0 * side**3 / best(lambda: one @ one)

    single = product(torch.float32)
    half, bfloat = (product(torch.float16), product(torch.bfloat16)) if device.is_card else (single, 0.0)
    data = torch.rand(COPY // 4, device=device.kind)
    there = torch.empty_like(data)
    copied = 2.0 * COPY / best(lambda: there.copy_(data))
    return Peaks(single, half, copied, bfloat)


def share(stage: Stage, found: Measured, most: Peaks, half: bool) -> str:
    """The larger share of the two peaks, and which of them it is."""
    cost = stage.cost_of(found.film)
    if math.isinf(found.seconds):
        return "–"
    arithmetic = cost.flops * found.times_real / (most.half if half else most.single)
    bandwidth = cost.n_bytes * found.times_real / most.copied
    name, value = max(("arithmetic", arithmetic), ("bandwidth", bandwidth), key=lambda pair: pair[1])
    return f"{100 * value:.1f} % of {name}"


def row(stage: Stage, devices: tuple[Device, ...], most: dict[str, Peaks], seconds: float) -> tuple[object, ...]:
    """One line: × real time on each device, the gain, memory and share of the last."""
    found = [measure(stage, d, seconds) if stage.only in ("", d.kind) else None for d in devices]
    cells: list[object] = [stage.name]
    for one, device in zip(found, devices, strict=True):
        if one is None:
            cells += ["has no GPU path", "–", "–"]
        elif one.note:
            cells += [one.note, "–", "–"]
        else:
            half = device.dtype == "float16" and stage.half
            cells += [
                f"{one.times_real:.0f}",
                share(stage, one, most[device.kind], half),
                f"{one.peak / 1e6:.0f}" if one.peak else "–",
            ]
    if len(devices) > 1:
        first, last = found[0], found[-1]
        cells.append(f"{first.seconds / last.seconds:.1f}" if first and last and not (first.note or last.note) else "–")
    return tuple(cells)


def main() -> None:
    """All stages on all devices there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    seconds = 30.0 if options.quick else 60.0 * options.minutes
    gpu = pick("auto")
    devices = (pick("cpu"), gpu) if gpu.is_card else (pick("cpu"),)
    most: dict[str, Peaks] = {d.kind: peaks(d) for d in devices}
    head = ["stage"]
    for device in devices:
        head += [f"{device.kind}: × real time", f"{device.kind}: share of peak", f"{device.kind}: peak memory, MB"]
    print(f"\n## Stages on {' and '.join(d.name for d in devices)}, {seconds:g} s of film each\n")
    print(table((*head, "GPU over CPU") if len(devices) > 1 else head, ()), flush=True)
    for stage in STAGES:
        print("| " + " | ".join(str(cell) for cell in row(stage, devices, most, seconds)) + " |", flush=True)
    for device in devices:
        found = most[device.kind]
        rates = ((found.single, "single"), (found.half, "half"), (found.bfloat, "bfloat16"))
        most_of = ", ".join(f"{rate / 1e12:.2f} Tflop/s {name}" for rate, name in rates if rate)
        print(f"\n{device.name}: {most_of}, {found.copied / 1e9:.1f} GB/s (measured here)")
    if len(devices) == 1:
        from pipeline.messages import say

        print("\nNo column for a GPU: " + "; ".join(say(doubt, "en") for doubt in gpu.doubts))


if __name__ == "__main__":
    main()
