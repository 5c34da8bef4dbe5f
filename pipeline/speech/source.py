"""What can be listened to: a file, sound, blocks of sound, or a function that gives blocks anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.values import Audio

Listenable = Path | str | Audio | Iterable[Audio] | Callable[[], Iterable[Audio]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A source as blocks of sound; ``again`` says whether it can be read more than once, ``names`` what may be said in it."""

    blocks: Callable[[], Iterable[Audio]]
    again: bool
    duration: float | None
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: Listenable, stream: int, duration: float | None) -> Reader:
        if isinstance(source, Path | str):
            from pipeline.media.channels import heard
            from pipeline.media.probe import probe

            info = probe(source)
            return cls(lambda: heard(info, stream=stream), True, duration or info.duration)
        if isinstance(source, Audio):
            sound = source
            return cls(lambda: [sound], True, duration or source.end)
        if callable(source):
            return cls(source, True, duration)
        blocks = source
        return cls(lambda: blocks, isinstance(source, Sequence), duration)
