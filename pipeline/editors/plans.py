"""The forms in which an edit plan is handed to video editors; the same plan always gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.atomic import write_text
from pipeline.editors.edl import to_edl
from pipeline.editors.fcpxml import to_fcpxml
from pipeline.editors.otio import to_otio
from pipeline.editors.values import Handover
from pipeline.editors.xmeml import to_xmeml


@dataclass(frozen=True, slots=True)
class PlanForm:
    """A way to hand over a plan; ``name`` is also the file's suffix."""

    name: str
    write: Callable[[Handover], str]


PLANS: Mapping[str, PlanForm] = {
    form.name: form
    for form in (
        PlanForm("otio", to_otio),
        PlanForm("edl", to_edl),
        PlanForm("fcpxml", to_fcpxml),
        PlanForm("xml", to_xmeml),
    )
}
"""Every form there is; a new one is one entry."""


def write_plans(given: Handover, beside: Path) -> dict[str, Path]:
    """The plan in every form, under the name of ``beside``."""
    written = {name: beside.with_suffix(f".{name}") for name in PLANS}
    for name, path in written.items():
        write_text(path, PLANS[name].write(given))
    return written
