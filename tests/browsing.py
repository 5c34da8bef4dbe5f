"""A real browser on a real page: servers to visit and visitors who note every complaint."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline import messages
from pipeline.messages import Message, languages, say

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "assets" / "examples"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HARMLESS = ("Method not implemented",)
CUT_OFF = ("signal is aborted", "Connection errored out", "Unexpected error 404: Not Found")
"""What Gradio says about streams that end with the page they belong to; the last where the page that goes asks once more for its own."""
TABS = {
    tag: tuple(say(Message(f"ui.tab.{name}"), tag) for name in ("highlights", "viral", "dubsync", "tasks", "finding"))
    for tag in languages()
}
"""The names of the tabs in every language of the page."""
PATIENCE = 120_000
"""Milliseconds; a limit on a busy machine, never what is measured."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def newest(place: Place, kind: str) -> Any:
    """The last job of a kind."""
    return next(job for job in place.jobs.list() if job.kind == kind)


@contextmanager
def app_process(data: Path, **changes: str) -> Iterator[str]:
    """The whole application in a process of its own; its address."""
    port = free_port()
    env = {
        **os.environ,
        "DATA_DIR": str(data),
        "TEMP_DIR": str(data / "temp"),
        "APP_PORT": str(port),
        "RATE_LIMIT": "off",
        **changes,
    }
    env.pop("GRADIO_TEMP_DIR", None)
    command = [sys.executable, "app.py"]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    try:
        _until_up(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(480):
        try:
            urllib.request.urlopen(url + "api/health", timeout=2)
            return
        except OSError:
            assert process.poll() is None, "the app ended"
            time.sleep(0.25)
    raise TimeoutError("the app does not answer")


@dataclass(frozen=True)
class Place:
    """A page served inside this process, with the jobs behind it."""

    address: str
    jobs: Any
    settings: Any


@contextmanager
def page_server(folder: Path, kinds: Mapping[str, Any], **changes: Any) -> Iterator[Place]:
    """The page on kinds of job that take no models; uploads go below ``folder`` too."""
    import uvicorn

    from pipeline.engine import Engine
    from tests.fake_service import settings_for
    from web.application import create_app
    from web.guard import lines
    from web.rest import page_uploads
    from web.runner import queue_of
    from web.ui.following import Page
    from web.ui.mount import mount

    settings = settings_for(folder, **changes)
    engine = Engine(settings)
    jobs = queue_of(settings, engine, kinds=kinds)
    service = create_app(settings, engine, jobs)
    page_uploads.install(service)
    app = mount(service, Page(settings, engine, jobs, service.state.service.sources), service.state.service.accounts)
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, **lines.options(), log_level="error", timeout_graceful_shutdown=2
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield Place(f"http://127.0.0.1:{port}/", jobs, settings)
    finally:
        server.should_exit = True
        thread.join(20)


def season_library(folder: Path) -> dict[str, Any]:
    """A library with two films and their dubs in ``films`` and ``dubs``; the settings that have it."""
    for n in (1, 2):
        for name, example in (
            (f"films/Show S01E0{n}.mp4", "dubsync_1_film.mp4"),
            (f"dubs/Serie 1x0{n}.m4a", "dubsync_2_doblaje.m4a"),
        ):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(EXAMPLES / example, path)
    return {"media_source_enabled": True, "media_source_path": folder}


@contextmanager
def another_language(folder: Path, tag: str, words: Mapping[str, str]) -> Iterator[None]:
    """The locales with one more language that says only ``words``."""
    shutil.copytree(messages.LOCALES, folder, dirs_exist_ok=True)
    (folder / f"{tag}.json").write_text(json.dumps(words), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "LOCALES", folder)
        _forgotten()
        try:
            yield
        finally:
            _forgotten()


def _forgotten() -> None:
    """What is remembered of the folder of locales is read again."""
    messages.catalogue.cache_clear()
    messages.languages.cache_clear()


@contextmanager
def chromium() -> Iterator[Any]:
    """Debian's Chromium; the test is skipped without it."""
    if CHROMIUM is None:
        pytest.skip("no Chromium (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=options)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page of one visitor with everything it complained about or asked of others; leaving with a complaint fails the test."""

    def __init__(
        self,
        browser: Any,
        address: str,
        locale: str = "es-ES",
        width: int = 1280,
        scheme: str = "light",
        state: Any = None,
    ) -> None:
        self.context = browser.new_context(
            locale=locale, viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=state
        )
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.language = locale[:2]
        self.problems: list[str] = []
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        self.page.on("request", self._asked)
        self.page.goto(address)
        self.settled()

    def settled(self) -> None:
        """Until the page is there and has greeted the visitor."""
        self.page.wait_for_selector("#studio-tabs [role=tab]")
        self.page.wait_for_selector(".studio-head nav button")

    def reload(self) -> None:
        """Loads the page anew."""
        self.anew(self.page.reload)

    def anew(self, act: Any) -> None:
        """Does what loads the page anew. What Gradio says about the streams cut off with the old page is no complaint of ours."""
        before = len(self.problems)
        act()
        self.settled()
        self.problems[before:] = [p for p in self.problems[before:] if not any(words in p for words in CUT_OFF)]

    def tab(self, number: int) -> None:
        """Opens the tab with this number, from 0."""
        self.page.get_by_role("tab", name=TABS[self.language][number], exact=True).click()

    def see(self, selector: str, state: str = "visible") -> Any:
        """The first element that matches, once it is visible (or in another ``state``)."""
        found = self.page.locator(selector).first
        found.wait_for(state=state)
        return found

    def text(self, words: str) -> None:
        """Until these words are on the page."""
        self.page.get_by_text(words).first.wait_for()

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1", "data:", "blob:")):
            self.problems.append(f"asked {request.url}")

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        before = len(self.problems)
        self.context.close()
        if kind is None:
            self.problems[before:] = [p for p in self.problems[before:] if not any(words in p for words in CUT_OFF)]
            heard = [p for p in self.problems if not any(h in p for h in HARMLESS)]
            assert not heard, heard


def drag(page: Any, locator: Any, dx: float, dy: float) -> None:
    """Takes an element by its middle and moves it, as a hand does."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2, steps=4)
    page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()


def eventually(check: Any, seconds: float = PATIENCE / 1000) -> Any:
    """What ``check`` returns once it is true."""
    until = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < until:
        time.sleep(0.05)
    assert found
    return found
