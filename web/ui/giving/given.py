"""What the drop zone of a tab hands over when its button is pressed, as checked values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import BadRequest
from web.ui.media_field import MOST_FILES, MOST_PATH


@dataclass(frozen=True, slots=True)
class Given:
    """What was given in one field: ``files`` by their paths as the upload answered them (or of the library), and an address."""

    files: tuple[str, ...] = ()
    link: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that was given, the address last."""
        return (*self.files, self.link) if self.link else self.files


def given_in(event: Any, field: str) -> Given:
    """What an event of a drop zone says of a field. Raises BadRequest for what no zone sends."""
    fields = (getattr(event, "_data", None) or {}).get("fields")
    found = fields.get(field) if isinstance(fields, Mapping) else None
    if found is None:
        return Given()
    if not isinstance(found, Mapping):
        raise BadRequest("error.media_field")
    files, link = found.get("files") or [], found.get("link") or ""
    if not isinstance(files, list) or len(files) > MOST_FILES or not all(_is_name(f) for f in files):
        raise BadRequest("error.media_field")
    if link and not _is_name(link):
        raise BadRequest("error.media_field")
    return Given(tuple(files), link.strip())


def _is_name(text: Any) -> bool:
    return isinstance(text, str) and 0 < len(text) <= MOST_PATH


def is_example(event: Any) -> bool:
    """Whether the example's button was pressed."""
    return bool((getattr(event, "_data", None) or {}).get("example"))
