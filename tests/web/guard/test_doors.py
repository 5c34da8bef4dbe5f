"""Which of Gradio's addresses are open, and what counts as one of its file objects."""

from __future__ import annotations

from typing import Any

import pytest

from web.guard.doors import MOST_DEEP, holds_file, is_open

NEEDED = (
    "info", "queue/join", "queue/data", "call/transcribe", "call/transcribe/0a1b", "call/v2/transcribe", "run/transcribe", "upload",
    "upload_progress",
    "file=/a/b.mp4", "heartbeat/x", "cancel", "reset", "startup-events", "app_id", "theme.css", "mcp", "mcp/", "mcp/schema", "mcp/sse",
)  # fmt: skip


@pytest.mark.parametrize("name", NEEDED)
def test_what_the_page_and_its_clients_need_is_open(name: str) -> None:
    assert is_open(f"/gradio_api/{name}")


@pytest.mark.parametrize(
    "path", ["/", "/api/tasks", "/clips/raw/x", "/config", "/assets/index.js", "/static/x", "/login", "/theme.css"]
)
def test_our_own_addresses_are_open(path: str) -> None:
    assert is_open(path)


@pytest.mark.parametrize(
    "name",
    [
        "proxy=http://x/",
        "vibe-edit",
        "process_recording",
        "component_server",
        "dev/reload",
        "deep_link",
        "stream/x",
        "file/x",
        "token",
        "anything-new",
        "",
    ],
)
def test_everything_else_of_gradio_is_closed(name: str) -> None:
    assert not is_open(f"/gradio_api/{name}")


FILE = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
NESTED: Any = FILE
for _ in range(MOST_DEEP + 5):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    "value",
    [
        FILE,
        [FILE],
        {"a": {"b": [1, FILE]}},
        {"path": "x"},
        {"path": 3},
        {"meta": {"_type": "x"}},
        NESTED,
        {"url": "http://x", "meta": {"_type": 1}},
    ],
)
def test_file_objects_are_found_wherever_they_are(value: Any) -> None:
    assert holds_file(value)


@pytest.mark.parametrize(
    "value",
    [None, 1, "path", ["path", "meta"], {"meta": "x"}, {"bounds": {"1": [0, 1]}, "texts": {}}, {"meta": {"a": 1}}],
)
def test_what_the_page_sends_is_none(value: Any) -> None:
    assert not holds_file(value)
