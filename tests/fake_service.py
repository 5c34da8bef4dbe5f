"""The service on fake kinds of job and a fake probe, for tests of everything around the work itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from pipeline.compute.device import Device
from pipeline.errors import UnreadableMedia
from pipeline.settings import Settings
from tests.fake_kinds import FAKES
from web.application import create_app
from web.runner import queue_of


class FakeEngine:
    """Calls media whatever does not begin with ``bad``."""

    device = Device("cpu", "CPU", "int8")

    def __init__(self) -> None:
        self.probed: list[Path] = []

    def probe(self, path: Path) -> None:
        self.probed.append(path)
        with path.open("rb") as file:
            if file.read(3) == b"bad":
                raise UnreadableMedia(name=path.name)


def settings_for(folder: Path, **changes: Any) -> Settings:
    """Settings whose every folder is below ``folder``."""
    base: dict[str, Any] = {
        "data_dir": folder / "data",
        "temp_dir": folder / "temp",
        "rate_limit": "off",
        "allowed_hosts": ("testserver",),
    }
    return Settings(**(base | changes))


@contextmanager
def service(folder: Path, **changes: Any) -> Iterator[TestClient]:
    """A client of a running service; ``client.app.state.service`` has the parts."""
    settings = settings_for(folder, **changes)
    engine = FakeEngine()
    app = create_app(settings, engine, queue_of(settings, engine, kinds=FAKES))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def parts(client: TestClient) -> Any:
    """The parts behind a client made by :func:`service`."""
    return client.app.state.service  # type: ignore[attr-defined]


def ended(client: TestClient, job_id: str) -> Any:
    """The job once it has finished."""
    return parts(client).jobs.wait(job_id, 20)


def files_below(folder: Path) -> list[str]:
    """Names of all files below a folder, sorted."""
    return sorted(p.name for p in folder.rglob("*") if p.is_file()) if folder.exists() else []
