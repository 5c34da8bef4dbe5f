"""Whole jobs of the page on real media and real models, tab by tab, and the same through the programs' doors."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import EXAMPLES, Visit, app_process, chromium

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.timeout(900)]
LONG = 600_000
"""Milliseconds that a whole job may take on a busy machine."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with app_process(tmp_path_factory.mktemp("jobs"), MCP_SERVER="true") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def answer(address: str, path: str | None) -> Any:
    """What the service answers, with its kind."""
    with urllib.request.urlopen(address.rstrip("/") + str(path)) as found:
        return found.headers["content-type"], found.read()


def test_dub_example_from_click_to_film(browser: Any, address: str) -> None:
    with Visit(browser, address) as visit:
        page = visit.page
        visit.tab(2)
        page.click("#sync-example")
        page.wait_for_selector("#sync-view .sync[data-job] .seg", timeout=LONG)
        assert page.locator("#sync-view svg.wide g[data-segment]").count() == 2
        assert "Tiene otros cortes" in page.locator("#sync-view .verdict").inner_text()
        rows = page.locator("#sync-view td[data-offset]").evaluate_all("all => all.map(c => Number(c.dataset.offset))")
        assert rows == [pytest.approx(-1.4, abs=0.025), pytest.approx(2.6, abs=0.025)]
        page.locator("svg.wide g[data-segment='1'] .seg").press("PageUp")
        page.wait_for_timeout(400)
        page.click("#sync-hear")
        page.wait_for_selector("#sync-player video", timeout=LONG)
        page.click("#sync-write")
        link = page.locator("#sync-files a[href*='/api/download/']")
        link.wait_for(timeout=LONG)
        kind, film = answer(address, link.get_attribute("href"))
        assert "matroska" in kind
        assert film[:4] == b"\x1aE\xdf\xa3"
        assert "Medido en el archivo" in page.locator("#sync-view .verdict").inner_text()


@pytest.mark.slow
def test_highlights_show_themselves_early_and_end_in_clips(browser: Any, address: str) -> None:
    with Visit(browser, address) as visit:
        page = visit.page
        page.click("#highlights-example")
        page.wait_for_selector("#highlights-view .stage:not([data-job]) video", timeout=LONG)
        page.wait_for_selector("#highlights-view .stage:not([data-job]) .card", timeout=LONG)
        page.wait_for_selector("#highlights-view .stage[data-job] .card", timeout=LONG)
        cards = page.locator("#highlights-view .card")
        assert cards.count() == page.locator("#highlights-view .tl:not(.strip) .tl-clip").count() > 0
        kind, clip = answer(address, cards.first.get_attribute("data-src"))
        assert kind == "video/mp4"
        assert clip[4:8] == b"ftyp"


@pytest.mark.slow
def test_viral_example_is_ranked_and_a_corrected_word_reaches_the_captions(browser: Any, address: str) -> None:
    with Visit(browser, address) as visit:
        page = visit.page
        visit.tab(1)
        page.click("#viral-example")
        page.wait_for_selector("#viral-view .viral[data-job] .vcard", timeout=LONG)
        scores = [int(t.split("/")[0]) for t in page.locator("#viral-view .total").all_inner_texts()]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) == 3
        assert page.locator("#viral-view mark").count() > 3
        said = page.locator("#viral-view .said").first.inner_text()
        page.locator("#viral-view [data-fix]").first.click()
        page.locator("#viral-view .said input").fill(said.replace(said.split()[1], "Zaragoza"))
        page.keyboard.press("Enter")
        page.locator("#viral-view [data-make=clip]").first.click()
        page.wait_for_selector("#viral-made video", timeout=LONG)
        _, captions = answer(address, page.locator("#viral-made a", has_text="SRT").get_attribute("href"))
        assert "Zaragoza" in captions.decode()


def test_the_same_work_for_programs(address: str) -> None:
    from gradio_client import Client, handle_file

    client = Client(address, verbose=False)
    offered = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(offered) == {
        "/find_highlights",
        "/rank_clips",
        "/transcribe",
        "/tighten",
        "/find",
        "/chapters",
        "/sync_dub",
        "/compile_clip",
        "/analyse_dub",
        "/write_dub",
        "/sync_season",
        "/find_in_folder",
        "/looks",
        "/keep_look",
        "/forget_look",
    }
    assert [p["parameter_name"] for p in offered["/transcribe"]["parameters"]] == [
        *("media", "url", "language", "track", "words")
    ]
    heard = client.predict(handle_file(str(EXAMPLES / "viral_3.mp4")), "", "es", api_name="/transcribe")
    assert heard["language"] == "es"
    assert "abuela" in " ".join(s["text"] for s in heard["segments"]).lower()
    film, dub = handle_file(str(EXAMPLES / "dubsync_1_film.mp4")), handle_file(str(EXAMPLES / "dubsync_2_doblaje.m4a"))
    plan = client.predict(film, dub, True, api_name="/analyse_dub")
    assert plan["verdict"] == "edit"
    assert plan["segments"][1]["offset_ms"] == pytest.approx(2600, abs=25)
    made = client.predict(
        [handle_file(str(EXAMPLES / "viral_3.mp4"))], "[[1, 2.0, 5.0], [1, 8.0, 10.0]]", corrections='{"abuela": "yaya"}', api_name="/compile_clip"
    )  # fmt: skip
    assert made["duration"] == pytest.approx(5.0, abs=0.1)
    assert answer(address, made["output"])[1][4:8] == b"ftyp"


def test_the_tools_are_offered_over_mcp_with_their_words(address: str) -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def tools() -> Any:
        async with (
            streamable_http_client(address + "gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return (await session.list_tools()).tools

    with ThreadPoolExecutor(1) as other:  # the browser's loop runs in this thread
        found = {tool.name: tool for tool in other.submit(lambda: asyncio.run(tools())).result()}
    ours = {name: tool for name, tool in found.items() if not name.startswith("upload")}
    assert {"find_highlights", "rank_clips", "transcribe", "sync_dub", "compile_clip", "analyse_dub"} <= set(ours)
    assert "worth sharing" in (ours["find_highlights"].description or "")
    assert set(ours["transcribe"].inputSchema["properties"]) == {"media", "url", "language", "track", "words"}
    assert "path in the media library" in json.dumps(ours["transcribe"].inputSchema)


def test_no_page_handler_is_offered_to_programs(address: str) -> None:
    _, body = answer(address, "/gradio_api/info")
    for name, endpoint in json.loads(body)["named_endpoints"].items():
        assert endpoint["description"], name
        assert all(p["parameter_name"] for p in endpoint["parameters"]), name


def test_example_files_have_credits() -> None:
    named = (EXAMPLES / "CREDITS.md").read_text(encoding="utf-8")
    for file in (f for f in Path(EXAMPLES).iterdir() if f.suffix != ".md"):
        stem = file.stem.rstrip("0123456789")
        assert file.name in named or stem in named, file.name


def test_what_is_said_is_found_played_and_made_a_clip_and_a_video_divided(browser: Any, address: str) -> None:
    with Visit(browser, address) as visit:
        page = visit.page
        visit.tab(4)
        page.fill("#finding-query textarea, #finding-query input", "gratis")
        page.set_input_files("#finding-files input[type=file]", str(EXAMPLES / "viral_1.mp4"))
        page.wait_for_selector("#finding-files .given li.ok")
        page.click("#finding-go")
        page.wait_for_selector(".finding-list li", timeout=LONG)
        assert page.locator(".finding-list p").all_inner_texts() == ["Proébalo hoy, es gratis y cuéntame qué pasa."]
        page.click("[data-play]")
        page.wait_for_function("document.querySelector('.finding-player').currentTime >= 11")
        page.click("[data-clip]")
        page.wait_for_selector("#finding-made .studio-made video", timeout=LONG)
        page.locator("#finding-flow [data-flow]").first.click()
        page.locator("#finding-what").get_by_text("Capítulos de un vídeo").click()
        page.click("#finding-go")
        page.wait_for_selector(".finding-files textarea", timeout=LONG)
        assert page.locator(".finding-files textarea").input_value().startswith("0:00 ")
        assert page.locator(".finding-files a").count() == 3
