"""MAX_MEMORY ends the job that is too large, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.errors import OutOfMemory
from pipeline.messages import Message
from pipeline.progress import Report, no_report
from pipeline.settings import GIB
from tests.fake_kinds import Trial
from web.jobs.memory_limit import Limited, resident

STEP = Message("progress.rendering")


def steps(request: Any, folder: Path, report: Report) -> dict[str, Any]:
    for n in range(request.steps):
        report(n / 10, STEP)
    return {"steps": request.steps}


def held(*values: float) -> Callable[[], int]:
    """What is held at each look, in GiB; the last value stays."""
    left = list(values)
    return lambda: int(GIB * (left.pop(0) if len(left) > 1 else left[0]))


def test_a_job_within_the_limit_is_left_alone(tmp_path: Path) -> None:
    limited = Limited(steps, 4 * GIB, held(1.0, 2.0, 3.7), every=0.0)
    assert limited(Trial(steps=10), tmp_path, no_report) == {"steps": 10}


def test_a_job_over_the_limit_ends_and_says_how_much(tmp_path: Path) -> None:
    seen: list[float] = []
    limited = Limited(steps, 4 * GIB, held(1.0, 3.9), every=0.0)
    with pytest.raises(OutOfMemory) as told:
        limited(Trial(steps=10), tmp_path, lambda f, m: seen.append(f))
    assert "3.90" in told.value.detail
    assert seen == [0.0, 0.1]


def test_what_can_be_given_back_is_given_back_first(tmp_path: Path) -> None:
    limited = Limited(steps, 4 * GIB, held(3.9, 2.0, 2.0), every=0.0)
    assert limited(Trial(steps=3), tmp_path, no_report) == {"steps": 3}


def test_children_count() -> None:
    before = resident()
    code = (
        "import time; x = bytearray(300_000_000); x[::4096] = b'1' * len(x[::4096]); print(flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        assert resident() - before > 250_000_000
    finally:
        child.kill()
        child.wait()
    for _ in range(50):
        if not psutil.pid_exists(child.pid):
            break
        time.sleep(0.1)
    assert resident() - before < 250_000_000
