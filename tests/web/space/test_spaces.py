"""The files of a Space, and the Python versions that Spaces have."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from web.space.zero_gpu import LEAST, MOST, SPEED, START

PACKAGES = ("pipeline", "reelify", "syncdub", "web")
NEWER = {
    "typing": {"Self", "assert_never", "assert_type", "LiteralString", "Never", "NotRequired", "Required", "Unpack", "override", "TypeVarTuple",
               "TypeAliasType", "dataclass_transform", "get_overloads", "reveal_type"},
    "enum": {"StrEnum", "ReprEnum", "EnumCheck", "FlagBoundary", "member", "nonmember", "verify", "global_enum"},
    "datetime": {"UTC"},
    "contextlib": {"chdir"},
    "asyncio": {"TaskGroup", "timeout", "timeout_at", "Barrier", "Runner"},
    "collections.abc": {"Buffer"},
    "inspect": {"getmembers_static", "markcoroutinefunction"},
    "itertools": {"batched"},
    "hashlib": {"file_digest"},
    "logging": {"getLevelNamesMapping", "getHandlerByName"},
    "math": {"cbrt", "exp2", "sumprod"},
    "operator": {"call"},
    "sys": {"exception", "monitoring"},
    "tomllib": set(),
    "wsgiref.types": set(),
}  # fmt: skip
"""Names that 3.10 does not have, by module."""
NEWER_ANYWHERE = {"ExceptionGroup", "BaseExceptionGroup", "TryStar", "add_note", "is_junction", "with_segments"}
"""Builtins, statements and methods that 3.10 does not have."""
NEWER_ARGUMENTS = {"onexc", "delete_on_close", "walk_up"}


def sources() -> list[Path]:
    return [ROOT / "app.py", *(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))]


def newer_names(tree: ast.AST) -> list[str]:
    """What a module uses that 3.10 lacks."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in NEWER:
            found += [
                f"{node.module}.{a.name}" for a in node.names if a.name in NEWER[node.module] or not NEWER[node.module]
            ]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in NEWER.get(node.value.id, set()):
                found.append(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Import):
            found += [a.name for a in node.names if NEWER.get(a.name, {""}) == set()]
        names = {type(node).__name__, getattr(node, "id", ""), getattr(node, "attr", "")}
        found += sorted(names & NEWER_ANYWHERE)
        if isinstance(node, ast.keyword) and node.arg in NEWER_ARGUMENTS:
            found.append(node.arg)
    return found


def test_no_module_needs_more_than_python_3_10() -> None:
    checked = [*sources(), *sorted((ROOT / "tests").glob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]
    trees = {path: ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10)) for path in checked}
    assert {str(path): names for path, tree in trees.items() if (names := newer_names(tree))} == {}
    newer = "import tomllib\nfrom enum import StrEnum\nimport asyncio\nasyncio.timeout(1)\nshutil.rmtree(x, onexc=f)\nraise ExceptionGroup"
    assert sorted(newer_names(ast.parse(newer))) == [
        "ExceptionGroup",
        "asyncio.timeout",
        "enum.StrEnum",
        "onexc",
        "tomllib",
    ]


def interpreter(version: str) -> str | None:
    """A Python of this version, where there is one that runs."""
    pyenv = Path.home() / ".pyenv" / "versions"
    found = [shutil.which(f"python{version}"), *(str(p / "bin" / "python") for p in sorted(pyenv.glob(f"{version}.*")))]
    return next((f for f in found if f and subprocess.run([f, "-V"], capture_output=True).returncode == 0), None)


@pytest.mark.parametrize("version", ["3.10", "3.12"])
def test_other_versions_compile_it(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version}")
    code = "import sys\nfor name in sys.stdin.read().split('\\0'):\n    compile(open(name, encoding='utf-8').read(), name, 'exec')"
    names = "\0".join(str(path) for path in sources())
    done = subprocess.run([python, "-c", code], input=names, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def front_matter(path: Path) -> dict[str, object]:
    head = path.read_text(encoding="utf-8").split("---\n")[1]
    return dict(yaml.safe_load(head))


def test_a_docker_space_is_described_at_the_head_of_the_readme() -> None:
    head = front_matter(ROOT / "README.md")
    assert (head["sdk"], head["app_port"]) == ("docker", 7860)
    assert "ffmpeg" in (ROOT / "packages.txt").read_text().split()


def test_the_other_head_is_that_of_a_gradio_space() -> None:
    head, docker = front_matter(ROOT / "deploy" / "spaces" / "README.head"), front_matter(ROOT / "README.md")
    assert (head["sdk"], head["app_file"], head["python_version"]) == ("gradio", "app.py", "3.12")
    assert f"=={head['sdk_version']}\n" in (ROOT / "requirements.txt").read_text()
    assert {k: head[k] for k in ("title", "license", "short_description")} == {
        k: docker[k] for k in ("title", "license", "short_description")
    }
    assert len(str(head["short_description"])) <= 60


def test_the_files_of_a_space_are_put_together(tmp_path: Path) -> None:
    """With a stand-in for pip: what it would install is only looked at."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    python.chmod(0o755)
    target = tmp_path / "space"
    script = ROOT / "deploy" / "spaces" / "prepare.sh"
    subprocess.run(["sh", str(script), str(target), str(python)], check=True, env={"PATH": os.environ["PATH"]})
    readme, plain = (target / "README.md").read_text(encoding="utf-8"), (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.split("---\n", 2)[2].strip() == plain.split("---\n", 2)[2].strip()
    assert front_matter(target / "README.md")["sdk"] == "gradio"
    wanted = (target / "requirements.txt").read_text()
    assert re.findall(r"^torch==.*", wanted, re.M) == ["torch==2.11.0"]
    assert wanted.startswith("-c constraints.txt\n")
    assert "\ntorch==" not in (target / "constraints.txt").read_text()
    assert "--require-hashes" in (tmp_path / "asked").read_text()
    for path in sources():
        assert (target / path.relative_to(ROOT)).is_file()
    again = subprocess.run(["sh", str(script), str(target), str(python)], capture_output=True, text=True, check=False)
    assert again.returncode == 1


def test_the_page_about_spaces_says_what_the_code_does() -> None:
    page = (ROOT / "docs" / "spaces.md").read_text(encoding="utf-8")
    assert f"{START:g} s + length / {SPEED:g}" in page
    assert f"at least {LEAST}, at most {MOST} s" in page
