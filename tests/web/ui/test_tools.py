"""The endpoints as MCP tools, called by a real client: how a file is named, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browsing import EXAMPLES, Place, page_server
from web.jobs.kinds import KINDS, Kind

CLIP = EXAMPLES / "viral_3.mp4"
ALONE = {"transcribe": "media", "find_highlights": "video", "tighten": "video"}
"""Tools with one file, and what the field is called."""


def _nothing(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
    """A job that finds its files and does nothing with them."""
    clips = getattr(request, "clips", ())
    named = [getattr(request, key, None) for key in ("source", "original", "dub")]
    named += [clip.source for clip in (clips if isinstance(clips, tuple) else ())]
    assert all(Path(path).is_file() for path in named if path)
    return {"status": "success", "clips": [], "viral_clips": []}


FAKES = {name: Kind(kind.request, _nothing, kind.root) for name, kind in KINDS.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("tools")
    (folder / "library").mkdir()
    shutil.copy(CLIP, folder / "library" / "clip.mp4")
    shutil.copy(CLIP, folder / "private.mp4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "temp" / "gradio"))
        changes = {"mcp_server": True, "media_source_enabled": True, "media_source_path": folder / "library"}
        with page_server(folder, FAKES, **changes) as found:
            yield found


def call(address: str, tool: str, arguments: dict[str, Any], headers: dict[str, str] | None = None) -> tuple[bool, str]:
    """Whether the tool answered, and with what."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def ask() -> tuple[bool, str]:
        async with (
            httpx.AsyncClient(headers=headers, timeout=60, follow_redirects=True) as client,
            streamable_http_client(address + "gradio_api/mcp/", http_client=client) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            done = await session.call_tool(tool, arguments)
            return not done.isError, " ".join(getattr(part, "text", "") for part in done.content)

    return asyncio.run(ask())


def upload(address: str, auth: tuple[str, str] | None = None) -> str:
    with CLIP.open("rb") as film:
        return str(httpx.post(address + "gradio_api/upload", files={"files": ("clip.mp4", film)}, auth=auth).json()[0])


def test_every_tool_can_be_called_with_a_file_named_in_each_way(place: Place) -> None:
    given = upload(place.address)
    found = httpx.get(place.address + "gradio_api/info").json()["named_endpoints"]
    for name in ("clip.mp4", given, f"{place.address}gradio_api/file={given}"):
        for tool, field in ALONE.items():
            assert call(place.address, tool, {field: name})[0], (tool, name)
            assert call(place.address, tool, {field: None, "url": name})[0], (tool, name)
        assert call(place.address, "rank_clips", {"videos": [name, "clip.mp4"]})[0]
        assert call(place.address, "compile_clip", {"videos": [name], "cuts": "[[1, 0.0, 1.0]]"})[0]
        for tool in ("analyse_dub", "sync_dub"):
            assert call(place.address, tool, {"original": name, "dub": "clip.mp4"})[0]
    for endpoint in found.values():
        assert all(p["parameter_has_default"] for p in endpoint["parameters"] if p["component"] == "Mediafield")


def test_nothing_else_is_taken_for_a_file(place: Place) -> None:
    private = str(place.settings.data_dir.parent / "private.mp4")
    before = len(place.jobs.list())
    for name in (
        private,
        f"file://{private}",
        f"{place.address}gradio_api/file={private}",
        "../private.mp4",
        "/proc/self/environ",
    ):
        for tool, field in ALONE.items():
            answered, text = call(place.address, tool, {field: name})
            assert not answered
            assert str(place.settings.data_dir.parent) not in text
    assert len(place.jobs.list()) == before


@pytest.mark.parametrize("where", ["media", "url", "language"])
def test_gradios_file_objects_do_not_make_the_service_read_its_own_files(place: Place, where: str) -> None:
    private = {"path": str(place.settings.data_dir.parent / "private.mp4"), "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(BaseException) as told:
        call(place.address, "transcribe", {where: private})
    assert "private" not in str(told.value)
    assert not [p for p in place.settings.page_files.rglob("private*")]


def test_the_service_calls_itself_whatever_the_first_caller_says_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "temp" / "gradio"))
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=lambda: heard.append(other.accept()[0].recv(100)), daemon=True).start()
        with page_server(tmp_path, FAKES, mcp_server=True, users=("ana:pw",)) as found:
            mark = base64.b64encode(b"ana:pw").decode()
            lies = {"Authorization": f"Basic {mark}", "X-Forwarded-Host": f"127.0.0.1:{other.getsockname()[1]}"}
            answered, text = call(found.address, "transcribe", {"media": upload(found.address, ("ana", "pw"))}, lies)
            assert answered, text
            assert [job.owner for job in found.jobs.list()] == ["ana"]
    assert heard == []
    assert "task_id" in text
