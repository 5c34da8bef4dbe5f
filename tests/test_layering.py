"""The rules of the house, read from the source with ``ast``: imports inside functions and by name count."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "reelify", "syncdub", "web")
FILES = [ROOT / "app.py", *(p for name in PACKAGES for p in sorted((ROOT / name).rglob("*.py")))]
MOST_IN_A_ROOM = 14
MAY_USE = {
    "pipeline": {"pipeline"},
    "reelify": {"reelify", "pipeline"},
    "syncdub": {"syncdub", "pipeline"},
    "web": {"web", "reelify", "syncdub", "pipeline"},
    "app": {"web", "reelify", "syncdub", "pipeline"},
}
PURE_ROOMS = (
    "reelify/moments/",
    "reelify/tighten/",
    "reelify/find/",
    "reelify/score/",
    "syncdub/exact/",
    "syncdub/meaning/",
    "pipeline/text/languages/",
)
PURE_MODULES = {"reelify/cut/compilation.py", "syncdub/making/plan.py", "syncdub/verdict.py"}
VALUES = (
    "pipeline.values", "pipeline.lanes", "pipeline.media.values", "pipeline.evidence.sound_events", "pipeline.errors", "pipeline.messages", "pipeline.text.values", "pipeline.text.languages", "reelify.values", "syncdub.values", "syncdub.witnesses",
)  # fmt: skip
IMPURE_STDLIB = {
    "os",
    "pathlib",
    "time",
    "datetime",
    "logging",
    "random",
    "subprocess",
    "socket",
    "shutil",
    "tempfile",
    "threading",
}
HOMES = {
    "whisper": ("pipeline/speech/whisper/",),
    "faster_whisper": ("pipeline/speech/whisper/", "pipeline/speech/voice.py"),
    "ctranslate2": ("pipeline/speech/whisper/",),
    "spacy": ("pipeline/text/tagger.py",),
    "sentence_transformers": ("pipeline/text/embedder.py",),
    "subprocess": ("pipeline/media/",),
    "multiprocessing": ("pipeline/media/",),
    "sqlite3": ("web/jobs/store.py",),
    "moviepy": ("pipeline/render/",),
    "librosa": ("pipeline/evidence/signals.py",),
    "distributed": ("pipeline/cluster/",),
    "fsspec": ("pipeline/cluster/store.py", "pipeline/settings.py"),
    "fastapi": ("web/",),
    "gradio": ("web/ui/", "web/studio.py"),
}
"""Heavy or dangerous libraries and where they may be imported: folders end with a slash."""
HEAVY = {
    "torch", "whisper", "faster_whisper", "spacy", "sentence_transformers", "librosa", "cv2", "onnxruntime", "moviepy", "transformers", "ctranslate2",
}  # fmt: skip


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def module_of(file: Path) -> str:
    return name(file).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module_of(f): f for f in FILES}


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _for_types_only(file: Path) -> set[int]:
    guarded = (n for n in ast.walk(tree(file)) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))
    return {id(inner) for n in guarded for inner in ast.walk(n)}


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""
        yield from (f"{node.module}.{a.name}" for a in node.names)
    elif isinstance(node, ast.Constant) and isinstance(
        node.value, str
    ):  # ``import_module("web.x")`` and ``"web.x:function"``
        dotted = node.value.partition(":")[0]
        if dotted in MODULES and "." in dotted:
            yield dotted


def imports(file: Path) -> set[str]:
    """Every module a file imports: at the top, inside functions, or by its name in a string."""
    return {found for node in ast.walk(tree(file)) for found in _imported(node)}


def arrows(file: Path) -> set[str]:
    """The modules of ours that a file needs when it runs (not for its types alone)."""
    skip = _for_types_only(file)
    found: set[str] = set()
    for node in ast.walk(tree(file)):
        if id(node) not in skip:
            names = set(_imported(node)) & set(MODULES)
            if isinstance(node, ast.ImportFrom) and any(n != node.module for n in names):
                names -= {node.module}  # a module taken out of its room, not the room itself
            found |= names
    return found - {module_of(file)}


def lives_in(file: Path, homes: tuple[str, ...]) -> bool:
    return any(name(file).startswith(home) if home.endswith("/") else name(file) == home for home in homes)


@pytest.mark.parametrize("file", FILES, ids=name)
def test_absolute_and_named(file: Path) -> None:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(file)}: relative import"
            assert not any(a.name == "*" for a in node.names), f"{name(file)}: import *"
            if (node.module or "").split(".")[0] in PACKAGES:
                private = [a.name for a in node.names if a.name.startswith("_") and not a.name.startswith("__")]
                assert not private, f"{name(file)} takes {private} from {node.module}"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_down_only(file: Path) -> None:
    package = name(file).split("/")[0].removesuffix(".py")
    assert {m.split(".")[0] for m in imports(file)} & {*PACKAGES, "app"} <= MAY_USE[package]


@pytest.mark.parametrize(
    "file", [f for f in FILES if name(f).startswith(PURE_ROOMS) or name(f) in PURE_MODULES], ids=name
)
def test_decisions_are_pure(file: Path) -> None:
    for module in imports(file):
        top = module.split(".")[0]
        assert top not in IMPURE_STDLIB, module
        assert top not in HEAVY | {"av", "gradio", "fastapi"}, module
        if top in PACKAGES and module in MODULES and MODULES[module].name != "__init__.py":
            own = name(MODULES[module])
            assert module.startswith(VALUES) or own.startswith(PURE_ROOMS) or own in PURE_MODULES, module


@pytest.mark.parametrize("file", FILES, ids=name)
def test_dangerous_libraries_have_one_home(file: Path) -> None:
    used = {m.split(".")[0] for m in imports(file)}
    for library, homes in HOMES.items():
        assert library not in used or lives_in(file, homes), f"{library} in {name(file)}"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_only_settings_reads_the_environment(file: Path) -> None:
    if name(file) == "pipeline/settings.py":
        return
    text = file.read_text(encoding="utf-8")
    assert "os.environ" not in text.replace("os.environ.setdefault", "") or name(file) == "web/studio.py"
    assert "getenv" not in text


@pytest.mark.parametrize("file", FILES, ids=name)
def test_heavy_libraries_are_imported_where_they_load(file: Path) -> None:
    at_the_top = {
        m.split(".")[0] for node in tree(file).body if not isinstance(node, ast.Expr) for m in _imported(node)
    }
    assert not at_the_top & HEAVY


def test_no_circle() -> None:
    graph = {module: arrows(file) for module, file in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join([*path, module])
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_programs_in_strings_name_modules_that_exist() -> None:
    """What a test hands to another Python is seen by no checker of types."""
    wrong = set()
    for file in (f for folder in ("tests", "benchmarks") for f in (ROOT / folder).rglob("*.py")):
        strings = (n.value for n in ast.walk(tree(file)) if isinstance(n, ast.Constant) and isinstance(n.value, str))
        for found in (m for text in strings for m in re.finditer(r"\bfrom ([a-z_.]+) import ([a-z_]+)", text)):
            module, taken = found[1], f"{found[1]}.{found[2]}"
            if module.split(".")[0] in PACKAGES and taken not in MODULES:
                room = module not in MODULES or MODULES[module].name == "__init__.py"
                wrong |= {f"{name(file)}: {found[0]}"} if room else set()
    assert not wrong


def test_no_room_is_a_dictionary() -> None:
    rooms = Counter(f.parent for f in FILES if f.name != "__init__.py")
    assert not {str(room): n for room, n in rooms.items() if n > MOST_IN_A_ROOM}


def test_every_room_says_what_it_is_for() -> None:
    for file in (f for f in FILES if f.name == "__init__.py"):
        assert len(ast.get_docstring(tree(file)) or "") > 20, name(file)
        assert len(tree(file).body) == 1, f"{name(file)} does more than say so"
