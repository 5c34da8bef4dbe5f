"""Loading ahead of need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn

import app
from pipeline import warm


def test_the_libraries_named_exist_and_a_job_finds_them_loaded() -> None:
    code = "import sys; from pipeline import warm; warm.load(); sys.exit(0 if set(warm.LIBRARIES) <= set(sys.modules) else 1)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_timer_that_waits_does_not_hold_up_the_end() -> None:
    code = "from pipeline import warm; assert warm.soon(3600).daemon"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize(("address", "started"), [("", 1), ("tcp://127.0.0.1:1", 0)])
def test_a_server_that_works_itself_loads_ahead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, started: int
) -> None:
    calls: list[None] = []
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SCHEDULER_ADDRESS", address)
    monkeypatch.setattr(app, "create", lambda: None)
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: None)
    monkeypatch.setattr(warm, "soon", lambda: calls.append(None))
    assert app.main() == 0
    assert len(calls) == started
