"""The service that is attacked: real routes, page and queue in a process of its own, with secrets around it to be found."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.server import AnyMedia, free_port, started, until_ready
from pipeline.settings import Settings

CANARY = "CANARY-5d1f0c7e"
"""Whatever shows this has given away what it must not."""
USERS = ("ana:correct horse", "luis:battery staple")
TOKENS = ("robot:t-0123456789",)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the service is; everything of it lies below ``folder``. ``locked`` is one where people sign in, if it runs."""

    port: int
    folder: Path
    locked_port: int = 0

    @property
    def locked(self) -> Place:
        """The service where people sign in."""
        return replace(self, port=self.locked_port)


def nothing(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
    """A job that succeeds with whatever it was given."""
    return {"status": "success", "clips": [], "viral_clips": [], "verdict": "aligned"}


def settings_of(folder: Path, **changes: Any) -> Settings:
    """Settings of a service with a library of one film, and a film beside it that nobody may have."""
    library = folder / "library"
    library.mkdir(parents=True, exist_ok=True)
    (library / "film.mp4").write_bytes(b"film" * 1000)
    (library / "link.mp4").unlink(missing_ok=True)
    (library / "link.mp4").symlink_to(folder / "private.mp4")
    for name in ("private.mp4", "secret.txt"):
        (folder / name).write_text(CANARY)
    base = {
        "data_dir": folder / "data", "temp_dir": folder / "temp", "rate_limit": "off", "media_source_enabled": True,
        "media_source_path": library, "mcp_server": True, "max_upload": 10_000_000, "share_days": 1.0,
    }  # fmt: skip
    return Settings(**{**base, **changes})


def serve(settings: Settings, port: int) -> None:
    """The child process's main function."""
    import uvicorn

    from web.guard import lines
    from web.jobs.kinds import KINDS, Kind
    from web.runner import queue_of
    from web.studio import compose, prepare
    from web.watch import logs

    prepare()
    logs.configure(settings)
    logs.own_standard_error()
    engine = AnyMedia()
    kinds = {name: Kind(kind.request, nothing, kind.root) for name, kind in KINDS.items()}
    application = compose(settings, engine, queue_of(settings, engine, kinds=kinds))
    uvicorn.run(application, host="127.0.0.1", port=port, timeout_graceful_shutdown=3, **lines.options())


@contextmanager
def running() -> Iterator[Place]:
    """Both services, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="attacked-") as base:
        open_to_all, locked = (
            settings_of(Path(base, "open")),
            settings_of(Path(base, "locked"), users=USERS, api_tokens=TOKENS),
        )
        ports = free_port(), free_port()
        with (
            started(serve, (open_to_all, ports[0]), ports[0], wait=False),
            started(serve, (locked, ports[1]), ports[1]),
        ):
            until_ready(ports[0])
            yield Place(ports[0], Path(base, "open"), ports[1])
