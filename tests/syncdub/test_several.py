"""Several dubs in one film, and a dub in several files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.media.decode import load_audio
from pipeline.media.probe import probe
from pipeline.settings import Settings
from syncdub.requests import SyncRequest
from syncdub.several import dubs_of
from syncdub.values import SyncPlan
from syncdub.workflow import Planned, execute_all
from tests.dubbing import RATE, Prober, film, plan, sound, write


def test_each_dub_has_its_track_and_a_refused_one_stops_none(tmp_path: Path) -> None:
    whole = sound(16, 5)
    original = film(tmp_path, whole)
    one, two, other = (
        write(tmp_path / f"{n}.mka", whole[:, cut:]) for n, cut in (("one", RATE), ("two", 3 * RATE), ("x", 0))
    )
    engine = Prober(Settings(temp_dir=tmp_path / "work"))
    out = tmp_path / "o.mkv"

    def asked(dub: Path, language: str) -> SyncRequest:
        return SyncRequest(original=original, dub=dub, output=out, language=language, default="dub")

    planned = [
        Planned(SyncPlan("refuse", 1.0), asked(other, "de")),
        Planned(plan((0, 15, 1.0, 1.0)), asked(one, "es")),
        Planned(plan((0, 13, 3.0, 1.0)), asked(two, "ca")),
    ]
    result = execute_all(engine, planned)
    tracks = probe(out).audio
    assert [(t.language, t.default) for t in tracks] == [("eng", False), ("spa", True), ("cat", False)]
    assert result.output == out
    assert [o.refused for o in result.others] == [False, True]
    for found in (result, result.others[0]):
        assert found.residual is not None
        assert found.residual.median == pytest.approx(0, abs=1.5)
    assert len(result.to_json()["others"]) == 2


def test_parts_are_joined_in_order(tmp_path: Path) -> None:
    whole = sound(8, 3)
    cd1, cd2 = write(tmp_path / "cd1.mka", whole[:, : 5 * RATE]), write(tmp_path / "cd2.mka", whole[:, 5 * RATE :])
    engine = Prober(Settings(temp_dir=tmp_path / "work"))
    request = SyncRequest(original=cd1, dub=cd1, parts=(cd2,), also=((cd2,), (cd2, cd1)), language="es")
    with dubs_of(engine, request) as dubs:
        assert [d.dub == cd2 for d in dubs] == [False, True, False]
        assert [d.language for d in dubs] == ["es", "", ""]
        joined = load_audio(dubs[0].dub, rate=RATE, layout="stereo").samples
        kept = [d.dub for d in dubs]
    assert joined.shape[1] == pytest.approx(whole.shape[1], abs=2)
    assert np.abs(joined[:, : whole.shape[1] - 2] - whole[:, : joined.shape[1]][:, : whole.shape[1] - 2]).max() < 2e-3
    assert not kept[0].exists()
    assert kept[1].exists()
