"""What somebody asks for a whole folder: the moments of every video in it, or all of them ranked as clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pipeline.errors import BadRequest
from pipeline.requests import Request, option
from reelify.requests import Clip, HighlightsRequest, RankRequest

HELD = frozenset({"clips", "min_duration", "max_duration", "track", "words", "language", "transcribe"})
"""Options of :class:`reelify.requests.HighlightsRequest` that hold for every file."""
RANKED = frozenset({"min_score", "all", "language", "track", "words", "aspect", "captions"})
"""Those of :class:`reelify.requests.RankRequest` that hold where the files are ranked as clips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRequest(Request):
    """Every one of ``files`` as a job of its own; with ``rank`` one job that ranks them against each other. ``asks`` are options that hold
    for all (:data:`HELD`, :data:`RANKED`)."""

    kind: ClassVar[str] = "folder"
    videos: tuple[Path, ...] = ()
    asks: Mapping[str, Any] = field(default_factory=dict)
    rank: bool = option(False, "rank the files as clips, instead of the moments of each", doors=("rest", "client"))

    def __post_init__(self) -> None:
        if unknown := set(self.asks) - (RANKED if self.rank else HELD):
            allowed = ", ".join(sorted(RANKED if self.rank else HELD))
            raise BadRequest("error.field", field=sorted(unknown)[0], detail=allowed)

    def title(self) -> str:
        """The folder's name, as its owner calls it."""
        first = self.called(self.videos[0]) if self.videos else ""
        return Path(first).parent.name or first or "folder"

    def each(self, path: Path, batch: str) -> HighlightsRequest:
        """What is asked for one file, as part of the job ``batch``. Raises BadRequest."""
        given = {
            "source": str(path),
            "names": {str(path): self.called(path)},
            "batch": batch,
            "interface": self.interface,
        }
        return HighlightsRequest.from_json({**self.asks, **given})

    def together(self, batch: str) -> RankRequest:
        """What is asked for all files at once. Raises BadRequest."""
        clips = [Clip(path, title=Path(self.called(path)).name) for path in self.videos]
        given = {"clips": clips, "names": dict(self.names), "batch": batch, "interface": self.interface}
        return RankRequest.from_json({**self.asks, **given})
