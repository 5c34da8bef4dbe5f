"""The section of a whole folder under the moments: asked for, looked at until all have ended, told where it cannot be."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from reelify.requests import HighlightsRequest
from tests import fake_service
from tests.fake_service import ended, service
from tests.web.rest.test_folders import KINDS
from tests.web.ui.test_dub_sections import VISITOR, page_of
from web.jobs.values import Job
from web.ui.following import Page
from web.ui.highlights.folder import FolderWork


def begun(client: Any, page: Page, task: str, n: int) -> list[Job]:
    """The jobs of a folder, which are asked for once it has been looked at."""
    ended(client, task)
    for _ in range(200):
        if len(found := page.jobs.children(task)) == n:
            return list(found)
        time.sleep(0.05)
    raise AssertionError(found)


def test_a_folder_is_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "library" / "talks").mkdir(parents=True)
    for name, data in (("a.mp4", b"one" * 999), ("b.mp4", b"silent")):
        (tmp_path / "library" / "talks" / name).write_bytes(data)
    monkeypatch.setattr(fake_service, "FAKES", KINDS)
    with service(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "library") as client:
        page = page_of(client)
        work = FolderWork(page)
        task, _, timer = work.start(VISITOR, " talks ", False, 3, 2.0, 30.0)
        assert timer.active
        children = begun(client, page, task, 2)
        for child in children:
            ended(client, child.id)
        assert {((asked := c.asked(HighlightsRequest)).clips, asked.max_duration) for c in children} == {(3, 30.0)}
        table, timer = work.look(VISITOR, task)
        assert [row[:3] for row in table["value"]["data"]] == [
            ["talks/a.mp4", "Terminado", 2],
            ["talks/b.mp4", "Ha fallado", 0],
        ]
        assert table["value"]["data"][1][3], "why it failed"
        assert not timer.active
        task, _, _ = work.start(VISITOR, "talks", True, 3, 2.0, 30.0)
        assert [c.kind for c in begun(client, page, task, 1)] == ["rank"]
        with pytest.raises(gr.Error):
            work.start(VISITOR, "nowhere", False, 3, 2.0, 30.0)
