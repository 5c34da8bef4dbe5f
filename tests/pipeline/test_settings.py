"""Settings: every documented name works, a wrong value names its key."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from pipeline.settings import _TABLE, GIB, Settings, SettingsError
from tests.conftest import ROOT


def test_defaults_are_the_documented_ones() -> None:
    s = Settings.from_env({})
    assert (s.min_clip_duration, s.max_clip_duration, s.min_viral_score) == (15, 180, 0.3)
    assert s.viral_keywords == ("oferta", "descuento", "quiero", "increíble", "gratis")
    assert s.emotion_keywords == ("amor", "odio", "feliz", "triste", "emocionado")
    assert s.max_upload == 20 * GIB == 21474836480
    assert s.allowed_extensions[:7] == ("mp4", "avi", "mkv", "mov", "wmv", "flv", "webm")
    assert {"m4a", "mp3", "flac"} < set(s.allowed_extensions)
    assert s.secret_key == ""


def test_the_old_names_work(tmp_path: Path) -> None:
    s = Settings.from_env(
        {
            "SERVICE_PORT": "8001", "LOG_LEVEL": "debug", "TEMP_DIR": str(tmp_path), "CLIPS_INPUT_DIR": str(tmp_path / "a"),
            "CLIPS_OUTPUT_DIR": str(tmp_path / "b"), "VIRAL_KEYWORDS": "rebaja, ¡ya!", "WHISPER_MODEL": "tiny",
            "MEDIA_SOURCE_ENABLED": "true", "MEDIA_SOURCE_PATH": "/mnt/films", "MAX_CONTENT_LENGTH": "100", "MAX_MEMORY": "4G",
            "ALLOWED_EXTENSIONS": "MKV,.mp4", "SENTENCE_TRANSFORMER_MODEL": "x",
        }
    )  # fmt: skip
    assert (s.port, s.log_level, s.whisper_model, s.max_upload, s.max_memory) == (8001, "DEBUG", "tiny", 100, 4 * GIB)
    assert s.raw_clips == tmp_path / "a"
    assert s.viral_clips == tmp_path / "b"
    assert s.viral_keywords == ("rebaja", "¡ya!")
    assert s.allowed_extensions == ("mkv", "mp4")
    assert s.media_source_enabled


def test_keywords_may_be_empty_other_blanks_mean_default() -> None:
    s = Settings.from_env({"VIRAL_KEYWORDS": "", "APP_PORT": ""})
    assert s.viral_keywords == ()
    assert s.port == 7860


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("APP_PORT", "http"),
        ("APP_PORT", "70000"),
        ("MIN_VIRAL_SCORE", "1.5"),
        ("DEVICE", "tpu"),
        ("MEDIA_SOURCE_ENABLED", "maybe"),
        ("MAX_CONTENT_LENGTH", "-1"),
    ],
)
def test_a_wrong_value_names_its_key(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        Settings.from_env({key: value})


def test_shortest_over_longest_is_refused() -> None:
    with pytest.raises(SettingsError, match="MIN_CLIP_DURATION"):
        Settings.from_env({"MIN_CLIP_DURATION": "60", "MAX_CLIP_DURATION": "20"})


def test_every_field_has_a_name_and_every_name_a_field() -> None:
    assert {field for field, _ in _TABLE.values()} == {f.name for f in fields(Settings)}


def test_the_example_and_the_operations_page_list_these_names_and_defaults() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ((?:`[A-Z_]+`(?:, )?)+) \| (.*?) \| ", page.partition("## Settings")[2].partition("\n## ")[0], re.M
    )
    told: dict[str, str] = {}
    for names, shown in rows:
        keys = re.findall(r"`([A-Z_]+)`", names)
        told |= dict(
            zip(keys, shown.split(", ") if shown.count(", ") == len(keys) - 1 else [shown] * len(keys), strict=True)
        )
    assert told.keys() == _TABLE.keys()
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    ours = example.partition("# --- containers only")[0]
    assert set(re.findall(r"^#([A-Z_]+)=", ours, re.M)) - {"HF_HUB_OFFLINE"} == _TABLE.keys()
    wanted = Settings()
    for name, default in told.items():
        field, parse = _TABLE[name]
        if default not in {"–", "random"} and not default.startswith("as ") and not name.endswith(("_DIR", "_PATH")):
            assert parse(default.replace(" and ", ",")) == getattr(wanted, field), name


@pytest.mark.parametrize(("given", "found"), [({}, {1}), ({"OPENBLAS_NUM_THREADS": "2"}, {2})])
def test_products_of_matrices_are_worked_out_by_who_asks(given: dict[str, str], found: set[int]) -> None:
    asked = (
        "from pathlib import Path; from pipeline.engine import Engine; from pipeline.settings import Settings; import numpy, sys;"
        "Engine(Settings(data_dir=Path(sys.argv[1]))); import scipy.linalg, threadpoolctl;"
        "print(*(one['num_threads'] for one in threadpoolctl.threadpool_info() if one['user_api'] == 'blas'))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"} | given
    told = subprocess.run(
        [sys.executable, "-c", asked, "/nowhere"], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert len(told.stdout.split()) >= 2  # NumPy's, and SciPy's, which was loaded later
    assert {int(number) for number in told.stdout.split()} == {min(n, os.cpu_count() or 1) for n in found}
