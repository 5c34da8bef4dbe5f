"""Gradio starts without rewriting its type stubs.

Each import of Gradio parses the source of every component and writes ``.pyi`` files beside it, for editors: a third of the start,
and two processes that start together write the same files. The stubs come with the package anyway.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

WHERE, WHAT = "gradio.component_meta", "create_or_modify_pyi"


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        setattr(module, WHAT, _nothing)


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name == WHERE else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def leave() -> None:
    """To be called before Gradio is imported for the first time; later it changes nothing."""
    sys.meta_path.insert(0, _Finder())


def _nothing(*_: object) -> None:
    pass
