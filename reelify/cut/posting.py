"""A clip made ready to post: its shape, what its frame follows, its captions and its hook; subtitles beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.engine import Engine
from pipeline.progress import Report, no_report
from pipeline.render import captions
from pipeline.values import Timeline, Transcript

Aspect = Literal["source", "9:16", "1:1", "16:9"]
Framing = Literal["follow", "bars", "centre"]


@dataclass(frozen=True, slots=True)
class PostOptions:
    """How a clip is made ready to post."""

    aspect: Aspect = "source"
    framing: Framing = "follow"
    captions: bool = False
    hook: str = ""

    def suffix(self, seen: bool) -> str:
        """How the clip's name ends: sound without a picture (not ``seen``) gets one where something is to be seen on it."""
        return ".mp4" if seen or self.captions or self.hook or self.aspect != "source" else ".m4a"


def render_post(
    engine: Engine, plan: Timeline, path: Path, post: PostOptions, transcript: Transcript, report: Report = no_report,
    size: tuple[int, int] | None = None,
) -> Path | None:  # fmt: skip
    """Writes a plan as a clip ready to post; ``transcript`` is on the result's clock, ``size`` overrides what the first piece and the
    aspect ask for. The poster, where there is a picture or one was made."""
    from pipeline.render.previews import poster
    from pipeline.render.render import RenderOptions, render

    sources = sorted({cut.source for cut in plan.cuts})
    seen = any(engine.probe(source).video for source in sources)
    shots = {s: engine.evidence(s).shots for s in sources} if post.aspect != "source" and seen else {}
    burned = transcript if post.captions else None
    options = RenderOptions(
        aspect=post.aspect, size=size, framing=post.framing, shots=shots, captions=burned, hook=post.hook
    )
    render(plan, path, options, report)
    shown = post.suffix(seen) == ".mp4"
    return poster(path, plan.duration / 3, path.with_suffix(".jpg")) if shown else None


def write_subtitles(transcript: Transcript, beside: Path) -> dict[str, Path]:
    """SRT and VTT beside a clip, where something is said."""
    written = {}
    for form in ("srt", "vtt") if transcript.sentences else ():
        path = beside.with_suffix(f".{form}")
        path.write_text(captions.write(transcript, form), encoding="utf-8")
        written[form] = path
    return written
