"""The truth that pairs are judged by: it reaches to the end of the files, and only where it jumps is there a join."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from benchmarks import dub_oddities
from benchmarks.dub_generator import RATE, Pair, Piece, Studio
from benchmarks.dub_oddities import wandering
from benchmarks.dubsync import judged
from syncdub.values import Segment, SyncPlan


def silent_film(studio: Studio, seed: int, folder: Path) -> tuple[np.random.Generator, Path, Any]:
    return np.random.default_rng(seed), folder / "original.flac", np.zeros((2, 20 * RATE), np.float32)


def plan(*segments: Segment) -> SyncPlan:
    return SyncPlan("edit", 1.0, segments, original_duration=60.0, dub_duration=60.0)


def test_a_change_of_speed_is_no_join_and_a_jump_is_one() -> None:
    bent = (Piece(0.0, 20.0, 0.0, 1.001), Piece(20.0, 60.0, 20.02, 0.9995))
    whole = plan(Segment(0.0, 60.0, 0.0, 1.0, 1.0, 100.0))
    assert len(judged(whole, bent, 0.0).joins) == 0
    cut = (Piece(0.0, 20.0, 0.0, 1.0), Piece(20.0, 60.0, 20.033, 1.0))
    told = plan(Segment(0.0, 20.1, 0.0, 1.0, 1.0, 5.0), Segment(20.1, 60.0, 20.133, 1.0, 1.0, 5.0))
    assert judged(told, cut, 0.0).joins == pytest.approx([100.0])
    advertisement = (Piece(0.0, 20.0, 0.0, 1.0), Piece(30.0, 60.0, 20.0, 1.0))
    assert len(judged(told, advertisement, 0.0).joins) == 2


def test_the_truth_of_a_wandering_tape_reaches_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dub_oddities, "write", lambda samples, path, codec: path)
    monkeypatch.setattr(dub_oddities, "_film", silent_film)
    pair: Pair = wandering(cast(Studio, None), 5, tmp_path)
    assert pair.pieces[-1].dub_end == pytest.approx(20.0, abs=2 / RATE)
    assert all(q.dub_start == p.dub_end for p, q in zip(pair.pieces, pair.pieces[1:], strict=False))
