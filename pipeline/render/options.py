"""How a timeline is rendered: the one value that says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.captions.placing import Safe
from pipeline.captions.styles import CaptionStyle
from pipeline.framing.layouts import Hand
from pipeline.render import loudness, shapes
from pipeline.render.brand import Logo, Music
from pipeline.render.quality import SOUND_RATE
from pipeline.values import Shot, Span, Transcript


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How a timeline is rendered.

    ``aspect`` (of :data:`pipeline.render.shapes.ASPECTS`) crops to a shape in the way of ``framing`` (of ``FRAMINGS`` there);
    ``shots`` by source, on its clock, and ``hands``: what somebody decided for them. ``captions`` are on
    the **result's** clock (see :func:`pipeline.speech.clock.through`) and burned in with ``style``,
    by the ``font`` file of somebody's own where the style asks for it; ``keys`` are when the words are said
    that earned points, ``safe`` what an application covers. ``hook`` is a title for the first ``hook_duration`` seconds. ``loudness``
    in LUFS, ``None`` leaves the sound alone. ``tracks``: by source, the numbers of the audio tracks that are heard together (the
    first). ``sound_rate`` is in bits a second; the file stays under ``largest`` bytes; ``logo`` and ``music`` are a brand's.
    ``fast_copy`` copies the packets of a single cut: instant, but it begins at the keyframe before (often seconds early) and ignores
    every option that changes picture or sound.
    """

    aspect: str = shapes.SOURCE
    size: tuple[int, int] | None = None
    fps: float | None = None
    framing: str = "follow"
    shots: Mapping[str, tuple[Shot, ...]] = field(default_factory=dict)
    hands: Mapping[str, tuple[Hand, ...]] = field(default_factory=dict)
    captions: Transcript | None = None
    style: CaptionStyle = field(default_factory=CaptionStyle)
    font: Path | None = None
    keys: tuple[Span, ...] = ()
    safe: Safe | None = None
    hook: str = ""
    hook_duration: float = 4.0
    loudness: float | None = loudness.TARGET
    tracks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    crf: int = 21
    preset: str = "superfast"
    sound_rate: int = SOUND_RATE
    largest: int | None = None
    logo: Logo | None = None
    music: Music | None = None
    encoder: Literal["auto", "libx264"] = "auto"
    fast_copy: bool = False
    threads: int = 0
