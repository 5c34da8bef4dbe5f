"""Loading ahead of need."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import uvicorn

from pipeline.compute import warm
from pipeline.settings import Settings
from tests.fake_kinds import FAKES, asked
from web import studio
from web.jobs.values import NOBODY
from web.runner import queue_of


def test_the_libraries_named_exist_and_a_job_finds_them_loaded() -> None:
    code = "import sys; from pipeline.compute import warm; warm.load(); sys.exit(0 if set(warm.LIBRARIES) <= set(sys.modules) else 1)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_timer_that_waits_does_not_hold_up_the_end() -> None:
    code = "from pipeline.compute.warm import warming; warming.start(3600); assert warming.thread.is_alive()"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize(("address", "started"), [("", 1), ("tcp://127.0.0.1:1", 0)])
def test_a_server_that_works_itself_loads_ahead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, started: int
) -> None:
    calls: list[None] = []
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SCHEDULER_ADDRESS", address)
    monkeypatch.setattr(studio, "create", lambda: None)
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: None)
    monkeypatch.setattr(warm.warming, "start", lambda: calls.append(None))
    assert studio.main([]) == 0
    assert len(calls) == started


def test_a_visitor_is_not_kept_waiting_for_the_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = threading.Event()
    monkeypatch.setattr(warm, "load", lambda *_: loaded.set())
    warming = warm.Warming()
    warming.start(3600)
    assert not loaded.wait(0.1)
    warming.hurry()
    assert loaded.wait(10)


def test_a_job_that_loads_for_itself_is_not_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(importlib, "import_module", seen.append)
    warm.load(lambda: len(seen) == 2)
    assert seen == list(warm.LIBRARIES[:2])


def test_the_first_job_stops_the_loading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stopped: list[None] = []
    monkeypatch.setattr(warm.warming, "stop", lambda: stopped.append(None))
    jobs = queue_of(Settings(data_dir=tmp_path / "data", temp_dir=tmp_path / "temp"), kinds=FAKES)
    try:
        jobs.start()
        assert not stopped
        jobs.wait(jobs.submit(asked("echo", {}), NOBODY), 30)
    finally:
        jobs.close()
    assert stopped


def test_gradio_starts_without_writing_its_stubs_and_buttons_still_click() -> None:
    code = """
import pathlib, importlib.util
stub = pathlib.Path(importlib.util.find_spec("gradio").origin).parent / "components" / "button.pyi"
from web import studio
studio.prepare()
stub.touch()
touched = stub.stat().st_mtime_ns
import gradio as gr
from gradio import component_meta
assert component_meta.create_or_modify_pyi.__module__ == "web.ui.stubs"
with gr.Blocks():
    assert gr.Button().click(print)
assert stub.stat().st_mtime_ns == touched
"""
    subprocess.run([sys.executable, "-c", code], check=True)
