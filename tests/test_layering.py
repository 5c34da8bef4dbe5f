"""The four import rules, read from the source with ``ast``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "reelify", "syncdub", "web")
FILES = [ROOT / "app.py", *(p for name in PACKAGES for p in sorted((ROOT / name).rglob("*.py")))]
MAY_USE = {
    "pipeline": {"pipeline"},
    "reelify": {"reelify", "pipeline"},
    "syncdub": {"syncdub", "pipeline"},
    "web": {"web", "reelify", "syncdub", "pipeline"},
    "app": {"web", "reelify", "syncdub", "pipeline"},
}
DECISIONS = {
    "reelify/moments/highlights.py", "reelify/moments/candidates.py", "reelify/score/ranking.py", "reelify/score/lexicon.py", "reelify/cut/compilation.py",
    "reelify/score/patterns.py", "reelify/score/semantics.py", "reelify/score/scoring.py", "reelify/score/wordlists.py",
    "syncdub/meaning/sentences.py", "syncdub/exact/correlation.py", "syncdub/exact/timemap.py", "syncdub/making/plan.py", "syncdub/meaning/meaning.py",
    "syncdub/exact/speed.py", "syncdub/exact/pictures.py", "syncdub/verdict.py", "syncdub/meaning/alignment.py", "syncdub/meaning/bands.py", "syncdub/meaning/lexical.py", "syncdub/meaning/similarity.py", "syncdub/meaning/drift.py",
}  # fmt: skip
PURE = {"numpy", "scipy", "pipeline.values", "pipeline.errors", "pipeline.messages"}
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
    "whisper": {"pipeline/speech/transcriber.py", "pipeline/speech/whisper/on_torch.py", "pipeline/speech/whisper/encoder.py", "pipeline/speech/whisper/on_ctranslate2.py"},
    "faster_whisper": {"pipeline/speech/transcriber.py", "pipeline/speech/whisper/on_ctranslate2.py", "pipeline/speech/voice.py"},
    "spacy": {"pipeline/text/tagger.py"},
    "sentence_transformers": {"pipeline/text/tagger.py"},
    "subprocess": {"pipeline/media/ffmpeg.py"},
    "sqlite3": {"web/jobs/store.py"},
    "moviepy": {"pipeline/render/render.py"},
    "librosa": {"pipeline/evidence/signals.py"},
    "distributed": {"pipeline/cluster/crew.py", "pipeline/cluster/worker.py"},
    "fsspec": {"pipeline/cluster/store.py", "pipeline/settings.py"},
}  # fmt: skip


def imports(file: Path) -> set[str]:
    """Every module a file imports, at the top or inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            assert not any(a.name == "*" for a in node.names), f"{file}: import *"
            found.add(node.module or "")
            found |= {f"{node.module}.{a.name}" for a in node.names}
    return found


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", FILES, ids=name)
def test_down_only(file: Path) -> None:
    room = name(file).split("/")[0].removesuffix(".py")
    if (
        name(file) == "reelify/__main__.py"
    ):  # a composition root like app.py: an address given on the command line is fetched
        assert {m for m in imports(file) if m.split(".")[0] == "web"} <= {
            "pipeline.files.downloads",
            "pipeline.files.downloads.fetch",
        }
        return
    used = {m.split(".")[0] for m in imports(file)} & {*PACKAGES, "app"}
    assert used <= MAY_USE[room]


@pytest.mark.parametrize("file", [f for f in FILES if name(f) in DECISIONS], ids=name)
def test_decisions_are_pure(file: Path) -> None:
    package = name(file).split("/")[0]
    for module in imports(file):
        top = module.split(".")[0]
        assert top not in IMPURE_STDLIB, module
        if top == "pipeline" and module != "pipeline":
            assert ".".join(module.split(".")[:2]) in PURE, module
        assert top not in {"torch", "librosa", "cv2", "av", "spacy", "gradio", "fastapi"}, module
        assert top in {package, "pipeline", "numpy", "scipy"} or top not in {"reelify", "syncdub", "web"}


@pytest.mark.parametrize("file", FILES, ids=name)
def test_dangerous_libraries_have_one_home(file: Path) -> None:
    used = {m.split(".")[0] for m in imports(file)}
    for library, homes in HOMES.items():
        assert library not in used or name(file) in homes, f"{library} in {name(file)}"
    assert "fastapi" not in used or name(file).startswith("web/") or name(file) == "app.py"
    assert "gradio" not in used or name(file).startswith("web/ui/") or name(file) == "app.py"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_only_settings_reads_the_environment(file: Path) -> None:
    if name(file) == "pipeline/settings.py":
        return
    text = file.read_text(encoding="utf-8")
    assert "os.environ" not in text.replace("os.environ.setdefault", "") or name(file) == "app.py"
    assert "getenv" not in text


def test_no_cycle() -> None:
    graph: dict[str, set[str]] = {}
    modules = {name(f).removesuffix(".py").replace("/", "."): f for f in FILES}
    for module, file in modules.items():
        top_level = {
            n for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.Import | ast.ImportFrom)
            for n in ([a.name for a in node.names] if isinstance(node, ast.Import) else
                      [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)])
        }  # fmt: skip
        graph[module] = top_level & set(modules) - {module}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join([*path, module])
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_heavy_libraries_are_imported_where_they_load() -> None:
    heavy = {
        "torch",
        "whisper",
        "faster_whisper",
        "spacy",
        "sentence_transformers",
        "librosa",
        "cv2",
        "onnxruntime",
        "moviepy",
        "transformers",
    }
    for file in FILES:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            names = (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "") or ""]
            )
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert not {n.split(".")[0] for n in names} & heavy, f"{name(file)}: {names}"
