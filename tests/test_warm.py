"""Loading ahead of need."""

from __future__ import annotations

import subprocess
import sys


def test_the_libraries_named_exist_and_a_job_finds_them_loaded() -> None:
    code = "import sys; from pipeline import warm; warm.load(); sys.exit(0 if set(warm.LIBRARIES) <= set(sys.modules) else 1)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_timer_that_waits_does_not_hold_up_the_end() -> None:
    code = "from pipeline import warm; assert warm.soon(3600).daemon"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
