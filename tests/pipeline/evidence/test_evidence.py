"""Evidence of odd files: whatever is missing stays empty, damage is passed over, stopping stops both passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from pipeline.compute.device import Device
from pipeline.errors import Cancelled
from pipeline.evidence import gather as evidence
from pipeline.evidence.gather import RawEvidence, gather
from pipeline.media import ffmpeg
from pipeline.media.probe import probe
from pipeline.messages import Message
from pipeline.progress import Report, no_report
from pipeline.settings import Settings

pytestmark = pytest.mark.models
CPU = Device("cpu", "cpu", "int8")
SOUND = ["-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.2:duration={d}:seed=1"]
MUTE = ["-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono:d={d}"]
PICTURE = ["-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration={d}"]
PLAIN = ["-f", "lavfi", "-i", "color=c=gray:size=160x90:rate=10:duration={d}"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(models_dir=tmp_path_factory.mktemp("models"))


def made(folder: Path, *inputs: list[str], seconds: float = 6, name: str = "file.mkv") -> Path:
    path = folder / name
    sources = [part.format(d=seconds) for source in inputs for part in source]
    ffmpeg.run([*sources, "-c:v", "libx264", "-g", "20", "-c:a", "aac", "-shortest", str(path)])
    return path


def measured(path: Path, settings: Settings, report: Report = no_report) -> RawEvidence:
    return gather(path, probe(path), settings=settings, device=CPU, report=report)


def names(raw: RawEvidence) -> set[str]:
    return {c.name for c in raw.curves}


def test_both_and_json_and_one_grid(tmp_path: Path, settings: Settings) -> None:
    raw = measured(made(tmp_path, PICTURE, SOUND), settings)
    assert raw.has_audio
    assert raw.has_video
    assert names(raw) >= {
        "loudness",
        "energy",
        "centroid",
        "zcr",
        "flux",
        "speech",
        "music",
        "motion",
        "brightness",
    }
    assert {(c.step, c.start) for c in raw.curves} == {(0.5, 0.0)}
    assert all(len(c.values) in (12, 13) and np.isfinite(c.values).all() for c in raw.curves)
    kind = TypeAdapter(RawEvidence)
    again = kind.validate_json(kind.dump_json(raw))
    assert names(again) == names(raw)
    np.testing.assert_allclose(again.curves[0].values, raw.curves[0].values, atol=1e-5)


def test_no_sound(tmp_path: Path, settings: Settings) -> None:
    raw = measured(made(tmp_path, PICTURE), settings)
    assert (raw.has_audio, raw.has_video) == (False, True)
    assert names(raw) == {"motion", "change", "brightness", "flash"}
    assert raw.events == raw.silences == raw.beats == ()


def test_no_picture(tmp_path: Path, settings: Settings) -> None:
    raw = measured(made(tmp_path, SOUND, name="sound.m4a"), settings)
    assert (raw.has_audio, raw.has_video) == (True, False)
    assert raw.shots == ()
    assert "motion" not in names(raw)


def test_mute_sound_and_still_picture(tmp_path: Path, settings: Settings) -> None:
    raw = measured(made(tmp_path, PLAIN, MUTE), settings)
    assert raw.events == ()
    assert len(raw.shots) == 1
    assert len(raw.silences) == 1
    curves = {c.name: c.values for c in raw.curves}
    assert curves["motion"].max() < 0.002
    assert curves["loudness"].max() < -80


def test_one_second(tmp_path: Path, settings: Settings) -> None:
    raw = measured(made(tmp_path, PICTURE, SOUND, seconds=1), settings)
    assert raw.has_audio
    assert raw.has_video
    assert len(raw.shots) == 1


def test_a_broken_middle_is_passed_over(tmp_path: Path, settings: Settings) -> None:
    path = made(tmp_path, PICTURE, SOUND, seconds=20)
    data = bytearray(path.read_bytes())
    low, high = int(len(data) * 0.4), int(len(data) * 0.5)
    data[low:high] = np.random.default_rng(1).integers(0, 256, high - low, dtype=np.uint8).tobytes()
    path.write_bytes(data)
    raw = measured(path, settings)
    assert raw.has_audio
    assert raw.has_video
    assert all(np.isfinite(c.values).all() for c in raw.curves)


def test_keyframes_and_packets_stand_in_for_a_long_file(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "FULL_DECODE_PIXELS", 0.0)
    raw = measured(made(tmp_path, PICTURE, SOUND, seconds=12), settings)
    assert not raw.exact_shots
    assert raw.has_video
    curves = {c.name: c.values for c in raw.curves}
    assert len(curves["motion"]) in (24, 25)
    assert curves["motion"].max() > 0


@pytest.mark.parametrize("after", [0, 3])
def test_stopping_stops_both_passes(tmp_path: Path, settings: Settings, after: int) -> None:
    calls: list[float] = []

    def report(fraction: float, message: Message) -> None:
        calls.append(fraction)
        if len(calls) > after:
            raise Cancelled

    with pytest.raises(Cancelled):
        measured(made(tmp_path, PICTURE, SOUND, seconds=30), settings, report)
    assert len(calls) == after + 1


def test_progress_only_rises(tmp_path: Path, settings: Settings) -> None:
    seen: list[float] = []
    measured(made(tmp_path, PICTURE, SOUND, seconds=20), settings, lambda f, m: seen.append(f))
    assert seen == sorted(seen)
    assert 0.9 <= seen[-1] <= 1.0
