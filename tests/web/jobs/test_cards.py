"""Jobs on several cards: each on one of them, those at once on different ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.compute.device import Device
from pipeline.engine import Engine
from pipeline.progress import no_report
from pipeline.settings import Settings
from web import runner as running
from web.runner import OnCards, runner

BROKEN = "cuda:2"


@dataclass
class Fake:
    """An engine on ``device``; :data:`BROKEN` does not compute, so there the processor is named."""

    device: Device
    made: list[str]

    def on(self, kind: str) -> Fake:
        self.made.append(kind)
        works = kind != BROKEN
        return Fake(Device(kind if works else "cpu", kind, "float16"), self.made)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cards of jobs in the order in which they began."""
    begun: list[str] = []

    def run_job(request: Callable[[], None], folder: Path, report: Any, engine: Fake, kinds: Any) -> dict[str, Any]:
        begun.append(engine.device.kind)
        request()
        return {}

    monkeypatch.setattr(running, "run_job", run_job)
    return begun


def first(*beside: str) -> Fake:
    return Fake(Device("cuda", "card", "float16", beside=beside), [])


def test_jobs_at_once_have_different_cards_and_later_ones_the_freest(used: list[str]) -> None:
    engine = first("cuda:1", BROKEN, "cuda:3")
    run, go, met = OnCards(engine, {}), threading.Event(), threading.Barrier(4)

    def wait() -> None:
        met.wait(20)
        go.wait(20)

    def start(job: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=run, args=(job, Path(), no_report))
        thread.start()
        return thread

    threads = [start(wait) for _ in range(3)]
    met.wait(20)
    assert sorted(used) == ["cuda", "cuda:1", "cuda:3"]
    run(lambda: None, Path(), no_report)  # type: ignore[arg-type]
    assert used[3] == "cuda"
    go.set()
    for thread in threads:
        thread.join(20)
    run(lambda: None, Path(), no_report)  # type: ignore[arg-type]
    assert used[4] == "cuda"
    assert sorted(engine.made) == ["cuda:1", BROKEN, "cuda:3"]  # each made once, and no more where it does not compute


def test_a_job_that_fails_frees_its_card(used: list[str]) -> None:
    run = OnCards(first("cuda:1"), {})
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            run(lambda: 1 // 0, Path(), no_report)  # type: ignore[arg-type]
    assert used == ["cuda"] * 3


def test_one_worker_or_a_cluster_needs_no_choice(tmp_path: Path) -> None:
    engine = SimpleNamespace()
    assert isinstance(runner(Settings(data_dir=tmp_path), engine), partial)
    assert isinstance(runner(Settings(data_dir=tmp_path, workers=2), engine), OnCards)


def test_an_engine_on_another_card_remembers_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(Settings(data_dir=tmp_path, models_dir=tmp_path))
    other = engine.on("cuda:1")
    monkeypatch.setattr("pipeline.stages.pick", lambda wanted: Device(wanted, wanted, "float16"))
    assert (other.device.kind, other.here.device.kind) == ("cuda:1", "cuda:1")
    assert other.memory is engine.memory
    assert other.here is not engine.here
