"""Damaged media: nobody crashes, hangs or leaves something behind. A small part of ``benchmarks.fuzz``."""

from __future__ import annotations

import os
import random
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from benchmarks import fuzz
from benchmarks.fuzz import CONTAINERS, DAMAGES, LIMIT, Examiner


@pytest.mark.models
def test_damaged_media_is_survived() -> None:
    outcomes = fuzz.run(3 * len(CONTAINERS), seed=11, limit=LIMIT)
    assert [o for o in outcomes if o.result.startswith(("CRASH", "HANG", "BUG"))] == []
    assert [o for o in outcomes if o.left] == []
    assert {o.container for o in outcomes} == set(CONTAINERS)
    assert any(o.result == "done" for o in outcomes)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_every_damage_changes_a_file_and_is_repeatable(damage: fuzz.Damage) -> None:
    for seed in range(20):
        made = random.Random(seed).randbytes(20_000)
        first, second = bytearray(made), bytearray(made)
        damage(first, random.Random(seed))
        damage(second, random.Random(seed))
        assert first == second
        assert first != made


def _misbehaving(pipe: Connection, root: Path) -> None:
    while (path := pipe.recv()) is not None:
        if path.name == "crash":
            os.abort()
        if path.name == "hang":
            time.sleep(60)
        pipe.send(("done", ()))


def test_crashes_and_hangs_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "examine", _misbehaving)
    examiner = Examiner(tmp_path / "root", 20.0)
    assert examiner(tmp_path / "fine")[0] == "done"
    examiner.limit = 1.0
    found = [examiner(tmp_path / name)[0] for name in ("crash", "hang")]
    examiner.limit = 20.0
    assert [*found, examiner(tmp_path / "fine")[0]] == ["CRASH: exit -6", "HANG", "done"]
    examiner.close()
