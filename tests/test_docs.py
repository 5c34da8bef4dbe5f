"""The examples of ``docs/api.md`` and ``docs/programs.md`` do what they say: all are run, in order, against a service that answers at once."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncdub.requests import Nudge
from tests.browsing import EXAMPLES, ROOT, Place, page_server
from tests.page_kinds import PAGE_KINDS

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
PROGRAMS = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")
DOORS = ("curl", "http", "gradio", "mcp")
"""The four blocks of a section of ``docs/programs.md``, in order."""
HERE = "http://127.0.0.1:7860"
FILES = {
    "talk.mp4": "viral_3.mp4", "clip.mp4": "viral_2.mp4", "film.mp4": "dubsync_1_film.mp4", "film_es.mp4": "dubsync_2_doblaje.m4a",
}  # fmt: skip


def blocks(kind: str, text: str = API) -> list[str]:
    """The fenced examples of a language, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("docs")
    library = folder / "library" / "films"
    library.mkdir(parents=True)
    for name, example in FILES.items():
        shutil.copy(EXAMPLES / example, library / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "temp" / "gradio"))
        with page_server(
            folder, PAGE_KINDS, mcp_server=True, media_source_enabled=True, media_source_path=library.parent
        ) as found:
            yield found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples name."""
    for name, example in FILES.items():
        shutil.copy(EXAMPLES / example, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_curl_examples(place: Place, desk: Path) -> None:
    script = "set -euo pipefail\n" + "\n".join(blocks("bash")).replace(HERE, place.address.rstrip("/"))
    done = subprocess.run(["bash", "-c", script], cwd=desk, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    assert list(desk.glob("clip_1_*.mp4")), "the clip was downloaded"
    assert list(desk.glob("film-both*.mkv")), "the film was downloaded"
    assert done.stdout.count("event: complete") == 2


def test_python_examples(place: Place, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examples = blocks("python")
    assert len(examples) >= 9
    code = "\n".join(examples).replace(HERE, place.address.rstrip("/"))
    exec(compile(code, "docs/api.md", "exec"), {"__name__": "docs"})
    assert (desk / "made.mp4").stat().st_size > 100_000
    assert (desk / "synced.mkv").stat().st_size > 100_000
    moved = next(job for job in place.jobs.list() if job.kind == "sync")
    assert moved.request.nudges == (Nudge(40.0, 1),)


def test_every_task_has_an_example_for_each_door() -> None:
    sections = re.split(r"^## ", PROGRAMS, flags=re.MULTILINE)[1:]
    assert len(sections) == 7
    for section in sections:
        assert re.findall(r"^```(\w+)$", section, re.MULTILINE) == ["bash", "python", "python", "python"], section[:40]
    for section in sections[1:]:
        curl, http, gradio, mcp = re.findall(r"^```\w+\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        assert ("curl -sf" in curl, "service.post(" in http, "client.predict(" in gradio, "tool(" in mcp) == (True,) * 4
        files = (
            ("@", "give ", '"films"'),
            ("open(", "give(", '"films"'),
            ("handle_file(", '"films"'),
            ("send(", '"films"'),
        )
        for block, ways in zip((curl, http, gradio, mcp), files, strict=True):
            assert any(way in block for way in ways), block


def test_examples_for_programs(place: Place, desk: Path) -> None:
    before = {job.id for job in place.jobs.list(limit=500)}
    here = place.address.rstrip("/")
    script = "set -euo pipefail\n" + "\n".join(blocks("bash", PROGRAMS)).replace(HERE, here)
    done = subprocess.run(["bash", "-c", script], cwd=desk, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    code = "\n".join(blocks("python", PROGRAMS)).replace(HERE, here)
    exec(compile(code, "docs/programs.md", "exec"), {"__name__": "docs"})
    results = {f"{what}_{door}" for what in ("highlight", "ranked", "synced", "tight") for door in DOORS}
    made = {p.stem for p in desk.iterdir() if "_" in p.stem and p.stat().st_size > 100_000} - {"film_es"}
    assert made == results
    assert json.loads((desk / "season_curl.json").read_text())["status"] == "done"
    assert json.loads((desk / "hits_curl.json").read_text())["hits"][0]["text"]
    ran = Counter(job.kind for job in place.jobs.list(limit=500) if job.id not in before)
    assert ran == {"highlights": 4, "rank": 4, "compile": 4, "find": 4, "batch": 4, "sync": 4}
    assert all(job.state == "done" for job in place.jobs.list(limit=500) if job.id not in before)


def test_every_endpoint_is_documented_with_its_parameters(place: Place) -> None:
    import httpx

    offered = httpx.get(place.address + "gradio_api/info", timeout=60).json()["named_endpoints"]
    rows = dict(re.findall(r"^\| `(/\w+)` \| (.*) \|$", API, re.MULTILINE))
    assert set(rows) == set(offered)
    for name, endpoint in offered.items():
        assert endpoint["description"], name
        for parameter in endpoint["parameters"]:
            assert f"`{parameter['parameter_name']}`" in rows[name], (name, parameter["parameter_name"])
        assert any(f'api_name="{name}"' in example for example in blocks("python")), name


def test_how_it_works_names_only_modules_that_exist() -> None:
    text = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    names = {n for n in re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|md|js))`", text)}
    known = {p.name for p in ROOT.rglob("*") if p.suffix in {".py", ".md", ".js"} and ".venv" not in p.parts}
    assert {n for n in names if n.rsplit("/", 1)[-1] not in known} == set()
    paths = {n for n in names if "/" in n}
    assert {n for n in paths if not (ROOT / n).exists()} == set()


def test_the_architecture_page_names_only_files_that_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## The rooms")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) > 14
    named = {n for row in rows for n in re.findall(r"`((?:[a-z_]+/)[\w/]+(?:\.\w+)?|[\w-]+\.(?:txt|toml|md))`", row)}
    assert len(named) > 15
    assert {n for n in named if not (ROOT / n).exists()} == set()
