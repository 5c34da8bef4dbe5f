"""A plan as a file: what analysis finds is kept, so that a moved or re-rendered plan needs no second analysis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.atomic import write_bytes
from pipeline.errors import NotFound
from syncdub.making.nudge import nudge
from syncdub.requests import Nudge
from syncdub.values import SyncPlan

if TYPE_CHECKING:
    from pydantic import TypeAdapter

PLAN = "plan.json"
"""What the file is called in a job's folder."""


def save_plan(plan: SyncPlan, folder: Path) -> None:
    """Writes a plan whole or not at all."""
    write_bytes(folder / PLAN, _plans().dump_json(plan))


def load_plan(path: Path) -> SyncPlan:
    """A plan that :func:`save_plan` wrote. Raises NotFound."""
    from pydantic import ValidationError

    try:
        return _plans().validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise NotFound(name=path.name) from error


def moved(plan: SyncPlan, nudges: Sequence[Nudge]) -> SyncPlan:
    """``plan`` with every shift done. Raises BadRequest."""
    for step in nudges:
        plan = nudge(plan, step.ms, None if step.segment < 0 else step.segment)
    return plan


@cache
def _plans() -> TypeAdapter[SyncPlan]:
    from pydantic import TypeAdapter

    return TypeAdapter(SyncPlan)
