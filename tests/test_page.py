"""The page in a real browser and the Gradio client, on the files that ship."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "assets" / "examples"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HARMLESS = ("Method not implemented",)
pytestmark = [pytest.mark.browser, pytest.mark.models]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("page")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    env = {
        **os.environ,
        "DATA_DIR": str(data),
        "TEMP_DIR": str(data / "temp"),
        "APP_PORT": str(port),
        "RATE_LIMIT": "off",
    }
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(url + "api/health", timeout=2)
                break
            except OSError:
                assert process.poll() is None, "the app ended"
                time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chrome = play.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
        )
        yield chrome
        chrome.close()


class Visit:
    """A page of one visitor with everything it complained about or asked of others."""

    def __init__(self, browser: Any, address: str, locale: str = "es-ES", width: int = 1280) -> None:
        self.context = browser.new_context(locale=locale, viewport={"width": width, "height": 900})
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        self.page.on("request", self._asked)
        self.page.goto(address)
        self.page.wait_for_selector("#studio-tabs", timeout=60_000)
        self.page.wait_for_timeout(1000)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1", "data:", "blob:")):
            self.problems.append(f"asked {request.url}")

    def close(self) -> None:
        self.context.close()
        assert [p for p in self.problems if not any(h in p for h in HARMLESS)] == []


def test_highlights_example_in_one_click_and_again_after_a_reload(browser: Any, address: str) -> None:
    visit = Visit(browser, address)
    visit.page.click("#highlights-example")
    visit.page.wait_for_selector("#highlights-view .card", timeout=240_000)
    assert (
        visit.page.locator("#highlights-view .tl-clip").count()
        == visit.page.locator("#highlights-view .card").count()
        > 0
    )
    source = visit.page.locator("#highlights-view .card").first.get_attribute("data-src")
    with urllib.request.urlopen(address.rstrip("/") + str(source)) as answer:
        assert answer.status == 200
        assert answer.headers["content-type"] == "video/mp4"
    visit.page.reload()
    visit.page.wait_for_selector("#highlights-view .card", timeout=60_000)
    visit.page.get_by_role("tab", name="Tareas", exact=True).click()
    visit.page.wait_for_selector("#tasks-view article", timeout=30_000)
    visit.close()


def test_an_error_is_told_in_the_visitors_language(browser: Any, address: str, tmp_path: Path) -> None:
    bad = tmp_path / "ñ 'quote' & $x.mp4"
    bad.write_text("this is no video")
    for locale, words in (("es-ES", "no es un vídeo"), ("en-US", "is not a video")):
        visit = Visit(browser, address, locale)
        visit.page.locator("#highlights-file input[type=file]").set_input_files(str(bad))
        visit.page.wait_for_timeout(1500)
        visit.page.click("#highlights-go")
        visit.page.get_by_text(words).first.wait_for(timeout=30_000)
        visit.close()


def test_phone_width(browser: Any, address: str) -> None:
    visit = Visit(browser, address, "es-ES", 390)
    assert visit.page.get_by_role("button", name="Buscar momentos", exact=True).is_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 391
    visit.close()


def test_stop_really_stops(browser: Any, address: str) -> None:
    visit = Visit(browser, address)
    visit.page.get_by_role("tab", name="Clips virales", exact=True).click()
    visit.page.click("#viral-example")
    visit.page.locator("#viral-stop").wait_for(state="visible", timeout=60_000)
    visit.page.click("#viral-stop")
    visit.page.get_by_text("Detenido.").first.wait_for(timeout=90_000)
    visit.close()


def test_gradio_client_gets_the_same_job(address: str) -> None:
    from gradio_client import Client, handle_file

    client = Client(address, verbose=False)
    assert {"/find_highlights", "/rank_clips", "/transcribe", "/sync_dub"} <= set(
        client.view_api(return_format="dict")["named_endpoints"]
    )
    heard = client.predict(handle_file(str(EXAMPLES / "viral_3.mp4")), "", "es", api_name="/transcribe")
    assert heard["language"] == "es"
    assert "abuela" in " ".join(s["text"] for s in heard["segments"]).lower()
    plan = client.predict(
        handle_file(str(EXAMPLES / "dubsync_1_film.mp4")), handle_file(str(EXAMPLES / "dubsync_2_doblaje.m4a")), True, False, "silence",
        "flac", api_name="/sync_dub",
    )  # fmt: skip
    assert plan["verdict"] == "edit"
    assert len(plan["segments"]) == 2
    assert plan["segments"][0]["offset_ms"] == pytest.approx(-1400, abs=25)
    assert plan["segments"][1]["offset_ms"] == pytest.approx(2600, abs=25)
