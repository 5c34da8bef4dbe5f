"""Every door tells the job in which language the one who asks reads: the page's visitor, a program's header, the settings."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

import reelify.__main__
import syncdub.__main__
from pipeline.errors import Cancelled, StudioError
from pipeline.files.received import Stored
from pipeline.messages import languages
from pipeline.requests import Request
from pipeline.settings import Settings
from tests.fake_service import ended, service
from web.jobs.values import Asker, Job
from web.ui.dubsync.work import DubWork
from web.ui.endpoints import OFFERS, Offer, endpoint
from web.ui.highlights.work import HighlightsWork
from web.ui.viral.work import ViralWork

ROOT = Path(__file__).resolve().parents[2]
READERS = [("es-MX,es;q=0.9", "es"), ("en-GB", "en"), ("fr", "en"), ("pt-BR", "pt"), (None, "en")]


@pytest.mark.parametrize(("accepted", "language"), READERS)
def test_rest_follows_accept_language(tmp_path: Path, accepted: str | None, language: str) -> None:
    assert set(_by_rest(tmp_path, accepted, "auto")) == {language}


def test_rest_follows_the_settings_where_they_say_a_language(tmp_path: Path) -> None:
    assert set(_by_rest(tmp_path, "en", "es")) == {"es"}


def _by_rest(folder: Path, accepted: str | None, setting: str) -> Iterator[str]:
    """The language of the job behind each route that begins one."""
    library = folder / "library"
    library.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (library / name).write_bytes(b"film" * 500)
    headers = {"Prefer": "respond-async", "Accept-Language": accepted or ""}
    pair = {"original": "a.mp4", "dubbed": "b.mp4"}
    with service(folder, language=setting, media_source_enabled=True, media_source_path=library) as client:
        answers = [
            client.post("/api/v1/generate-initial-clips", json={"video_url": "a.mp4"}, headers=headers),
            client.post("/api/v1/select-viral-clips", json={"clips": [{"url": "a.mp4"}]}, headers=headers),
            client.post("/api/v1/tighten", json={"video_url": "a.mp4"}, headers=headers),
            client.post("/api/v1/find", json={"files": ["a.mp4"], "query": "x"}, headers=headers),
            client.post("/api/v1/chapters", json={"video_url": "a.mp4"}, headers=headers),
            client.post("/api/upload", json=pair, headers=headers),
            client.post(
                "/api/upload", files={"original": ("a.mp4", b"film"), "dubbed": ("b.mp4", b"film")}, headers=headers
            ),
        ]
        for answer in answers:
            assert answer.status_code in (200, 202), answer.text
            yield ended(client, answer.json()["task_id"]).request.interface


class Noted(StudioError):
    """The job was asked for; what comes after is not of interest."""


class Queue:
    """Notes who asks for what."""

    def __init__(self, job: Job) -> None:
        self.asked: list[tuple[Request, Asker]] = []
        self.job = job

    def get(self, job_id: str) -> Job:
        return self.job

    def submit(self, request: Request, asker: Asker, *, title: str = "") -> str:
        self.asked.append((request, asker))
        raise Noted


@pytest.fixture
def page(tmp_path: Path) -> Any:
    """The page over a queue that only notes; its one job is a finished analysis."""
    from syncdub.requests import AnalyseRequest

    film = _film(tmp_path)
    before = Job("a" * 32, "analyse", AnalyseRequest(original=film, dub=film), tmp_path, state="done", result={})
    engine = SimpleNamespace(probe=lambda path: None)
    queue = Queue(before)
    stored = Stored(film, film.name, 4)
    sources = SimpleNamespace(find_now=lambda text, *_, **__: stored, folder=lambda text: [stored])
    return SimpleNamespace(
        settings=Settings(), engine=engine, jobs=queue, sources=sources, job=lambda job_id, request: before
    )


def _film(folder: Path) -> Path:
    path = folder / "a.mp4"
    path.write_bytes(b"film")
    return path


def _visitor(accepted: str | None) -> Any:
    return SimpleNamespace(headers={"accept-language": accepted} if accepted else {}, username=None)


def _language(page: Any, act: Callable[[], Any]) -> str:
    with contextlib.suppress(gr.Error):  # what the page says instead of ours; tabs say it at their fields
        act()
    [(_, asker)] = page.jobs.asked
    page.jobs.asked.clear()
    language: str = asker.language
    return language


@pytest.mark.parametrize(("accepted", "language"), READERS)
@pytest.mark.parametrize("offer", OFFERS, ids=lambda o: o.name)
def test_every_endpoint_follows_the_client(page: Any, tmp_path: Path, offer: Offer, accepted: str, language: str) -> None:  # fmt: skip
    film = str(_film(tmp_path))
    known = {
        "videos": [film],
        "cuts": "[[1, 0, 1]]",
        "url": "",
        "task_id": "a" * 32,
        "nudges": "[]",
        "write": True,
        "query": "x",
        "folder": "films",
        "options": "{}",
    }
    given = {name: known.get(name, film if name in offer.own else None) for name in offer.names()}
    call = endpoint(page, offer)
    assert _language(page, lambda: call(*given.values(), _visitor(accepted), None)) == language


def test_what_is_new_comes_after_what_programs_give_by_place() -> None:
    places = {offer.name: offer.names() for offer in OFFERS}
    assert places["analyse_dub"][:3] == ("original", "dub", "quick")
    assert places["sync_dub"][:9] == (
        *("original", "dub", "quick", "write", "fill", "codec", "cut_gaps", "language", "default"),
    )
    assert places["transcribe"][:4] == ("media", "url", "language", "track")


@pytest.mark.parametrize(("accepted", "language"), READERS)
def test_every_tab_follows_the_visitor(page: Any, tmp_path: Path, accepted: str, language: str) -> None:
    visitor, film = _visitor(accepted), str(_film(tmp_path))
    fields = {key: {"files": [], "link": film} for key in ("source", "clips", "film", "dub")}
    given = gr.EventData(None, {"fields": fields})
    acts: tuple[Callable[[], Any], ...] = (
        lambda: next(HighlightsWork(page, ()).start(visitor, given)),
        lambda: next(HighlightsWork(page, ()).start_on(visitor, "a" * 32)),
        lambda: next(ViralWork(page, (), 0).start(visitor, given)),
        lambda: next(DubWork(page, ()).start(visitor, given)),
        lambda: next(DubWork(page, ()).finish(visitor, "a" * 32)),
    )
    assert [_language(page, act) for act in acts] == [language] * len(acts)


def test_nobody_in_the_service_asks_without_saying_who() -> None:
    """The page's other handlers (cut, render again) begin jobs too: every call names the one who asks."""
    calls = [
        (file.name, ast.unparse(node.args[1]) if len(node.args) > 1 else "")
        for file in sorted((ROOT / "web").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "submit"
        and "jobs" in ast.unparse(node.func)
    ]  # fmt: skip
    assert len(calls) >= 7
    assert {asker for _, asker in calls} <= {"asker(request)", "asker", "Asker(job.owner, request.interface)"}, calls


@pytest.mark.parametrize("language", languages())
def test_the_command_line_follows_its_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str) -> None:
    asked: list[Any] = []

    def note(engine: Any, request: Any, report: Any) -> Any:
        asked.append(request)
        raise Cancelled

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APP_LANGUAGE", language)
    for where in (
        "reelify.highlights_workflow.highlights",
        "reelify.rank_workflow.rank_clips",
        "syncdub.analysis.analyse",
    ):
        monkeypatch.setattr(where, note)
    monkeypatch.setattr(syncdub.__main__, "sync", note)
    film = str(_film(tmp_path))
    for arguments in (["highlights", film], ["rank", film]):
        reelify.__main__.main(arguments)
    for arguments in (["analyse", film, film], ["sync", film, film, "-o", str(tmp_path / "o.mkv")]):
        syncdub.__main__.main(arguments)
    assert [request.interface for request in asked] == [language] * 4
