"""Commands tidy up behind themselves: where no service runs, nobody else removes old stages."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from pathlib import Path

import pytest

from pipeline import cli


@pytest.mark.parametrize(("days", "left"), [("7", {"new.json"}), ("0", {"new.json", "old.json"})])
def test_stages_unused_for_longer_than_keep_days_go_when_a_command_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: str, left: set[str]
) -> None:
    stage = tmp_path / "memory" / "evidence"
    stage.mkdir(parents=True)
    for name, age in (("old.json", 8), ("new.json", 6)):
        (stage / name).write_text("{}")
        past = time.time() - age * cli.DAY
        os.utime(stage / name, (past, past))
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KEEP_DAYS", days)
    options = Namespace(verbose=False, timings=False)
    assert cli.run(lambda settings, report: (cli.DONE, {}), True, lambda result, language: "", options) == cli.DONE
    assert {p.name for p in stage.iterdir()} == left
