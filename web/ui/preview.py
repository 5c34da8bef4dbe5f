"""Listening to a dub before and after, at the same second of the film, and seeing its joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from web.jobs import Job
from web.ui.work import Page


def preview(page: Page, job: Job, at: float, which: str, nudges: Sequence[Mapping[str, float]]) -> Path:
    raise NotImplementedError


def join_views(plan: Mapping[str, Any], language: str) -> str:
    return ""
