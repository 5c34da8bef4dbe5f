"""Shared fixtures: the folder of real media (``TEST_MEDIA``, default ``../shared/media``) and short media made on the spot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MEDIA = Path(os.environ.get("TEST_MEDIA", ROOT.parent / "shared" / "media"))


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real media; tests that need it are skipped where it is absent."""
    if not MEDIA.is_dir():
        pytest.skip(f"no media folder at {MEDIA} (set TEST_MEDIA)")
    return MEDIA
