"""CUDA's libraries where a package brought them: what opens them by name does not look there itself."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
from pathlib import Path

CUBLAS = "libcublas.so.12"
"""What CTranslate2 opens by name; the package nvidia-cublas-cu12 has it, torch for CUDA 13 brings another."""


def preload(name: str = CUBLAS, packages: tuple[Path, ...] | None = None) -> bool:
    """Loads library ``name`` into this process, so that whoever opens it by name finds it; ``False`` where there is none.

    ``packages`` are folders of the namespace ``nvidia`` (default: those installed).
    """
    for found in (Path(name), *_inside(name, _installed() if packages is None else packages)):
        with contextlib.suppress(OSError):
            ctypes.CDLL(str(found), mode=ctypes.RTLD_GLOBAL)
            return True
    return False


def _installed() -> tuple[Path, ...]:
    spec = importlib.util.find_spec("nvidia")
    return tuple(map(Path, spec.submodule_search_locations or ())) if spec else ()


def _inside(name: str, packages: tuple[Path, ...]) -> list[Path]:
    return sorted(found for folder in packages for found in folder.glob(f"*/lib/{name}"))
