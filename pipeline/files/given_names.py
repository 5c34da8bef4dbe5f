"""What the files of a job are called by who gave them, in everything that a workflow says of them.

A workflow knows a file by where it lies, and there it has a name of ours: letters that no file name may have are left out of an upload's
name, or it has none of its own. Whoever reads what became of it knows it by theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.errors import StudioError
from pipeline.messages import Message

Names = Mapping[str, str]


def names_of(given: Names) -> dict[str, str]:
    """The given name of every stored one; ``given`` is by path. A stored name that stands for two given ones stays as it is."""
    found: dict[str, set[str]] = {}
    for path, name in given.items():
        found.setdefault(Path(path).name, set()).add(PurePosixPath(name).name or name)
    return {ours: next(iter(theirs)) for ours, theirs in found.items() if len(theirs) == 1 and theirs != {ours}}


def told(said: Message | None, names: Names) -> Message | None:
    """A message with the given names in place of ours."""
    if said is None or not names:
        return said
    return Message(said.code, {key: _name(value, names) for key, value in said.values.items()})


def told_in(stored: Any, names: Names) -> Any:
    """A stored value with the given names in all its messages."""
    if not names:
        return stored
    if isinstance(stored, Mapping):
        if "$message" in stored:
            values = {key: _name(value, names) for key, value in dict(stored.get("values", {})).items()}
            return {**stored, "values": values}
        return {key: told_in(value, names) for key, value in stored.items()}
    return [told_in(value, names) for value in stored] if isinstance(stored, list) else stored


def tell(error: StudioError, names: Names) -> None:
    """Has an error name files as who gave them does."""
    error.message = told(error.message, names) or error.message


def _name(value: Any, names: Names) -> Any:
    return names.get(value, value) if isinstance(value, str) else value
