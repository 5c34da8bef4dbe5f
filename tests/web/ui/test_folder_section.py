"""The section of a whole folder under the moments: asked for, looked at until all have ended, told where it cannot be."""

from __future__ import annotations

import re
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
from web.ui.projects.work import ProjectsWork


def begun(client: Any, page: Page, task: str, n: int) -> list[Job]:
    """The jobs of a folder, which are asked for once it has been looked at."""
    ended(client, task)
    for _ in range(200):
        if len(found := page.jobs.children(task)) == n:
            return list(found)
        time.sleep(0.05)
    raise AssertionError(found)


def cards(html: str) -> list[str]:
    """The jobs that have a card."""
    return re.findall(r'<article [^>]*data-job="(\w+)"', html)


def test_a_folder_is_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "library" / "talks").mkdir(parents=True)
    for name, data in (("a.mp4", b"one" * 999), ("b.mp4", b"silent")):
        (tmp_path / "library" / "talks" / name).write_bytes(data)
    monkeypatch.setattr(fake_service, "FAKES", KINDS)
    with service(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "library") as client:
        page = page_of(client)
        work = FolderWork(page)
        _, task, _, _, timer = work.start(VISITOR, " talks ", False, 3, 2.0, 30.0)
        assert timer.active
        children = begun(client, page, task, 2)
        for child in children:
            ended(client, child.id)
        assert {((asked := c.asked(HighlightsRequest)).clips, asked.max_duration) for c in children} == {(3, 30.0)}
        fold, again, counts, videos, timer = work.open(f"{task} 1.0 open", VISITOR)
        assert (fold["open"], again, timer.active) == (True, task, False)
        assert '<b>talks/a.mp4</b><span class="soft">Terminado · 2 clips</span>' in videos
        assert '<b>talks/b.mp4</b><span class="soft">Ha fallado · ' in videos, "and why"
        ways = [("retry" if child.state == "failed" else "open", child.id) for child in page.jobs.children(task)]
        assert all(f'data-act="{act}" data-job="{child}"' in videos for act, child in ways)
        assert sorted(act for act, _ in ways) == ["open", "retry"]
        assert f"/api/v1/folder/{task}?form=csv" in counts
        assert "open" not in work.back(task, VISITOR)[0], "after a reload what has ended stays as it is"
        assert "__type__" in str(work.open("0" * 32, VISITOR)[0]), "nobody's folder changes nothing"
        projects = ProjectsWork(page)
        assert cards(projects.look("", VISITOR)) == [task], "its videos stand in its own list"
        assert cards(projects.look("b.mp4", VISITOR)) == [c.id for c in children if "b.mp4" in c.title], (
            "and are found by name"
        )
        page.jobs.trash(task)
        assert set(cards(projects.look("", VISITOR))) == {task, *(c.id for c in children)}, "without it nothing is lost"
        page.jobs.restore(task)
        _, task, *_ = work.start(VISITOR, "talks", True, 3, 2.0, 30.0)
        assert [c.kind for c in begun(client, page, task, 1)] == ["rank"]
        with pytest.raises(gr.Error):
            work.start(VISITOR, "nowhere", False, 3, 2.0, 30.0)
