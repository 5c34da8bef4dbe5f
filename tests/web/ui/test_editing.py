"""Clips split, joined, doubled and put away in a real browser, the history with its names, and all of it after a reload."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browsing import Place, Visit, eventually, newest
from web.jobs import edits

pytestmark = pytest.mark.browser


def undo(page: Any, view: str) -> str:
    return str(page.locator(f"{view} [data-undo]").inner_text())


def at_second(page: Any, view: str, second: float) -> None:
    """The player, paused at a second of what it plays."""
    page.wait_for_function(f"document.querySelector('{view} video').readyState > 0")
    page.evaluate(
        f"(() => {{ const v = document.querySelector('{view} video'); v.pause(); v.currentTime = {second}; }})()"
    )
    page.wait_for_function(f"Math.abs(document.querySelector('{view} video').currentTime - {second}) < 0.05")


@pytest.mark.parametrize("width", [390, 1280])
def test_moments_are_split_joined_and_doubled_and_every_step_has_a_name(browser: Any, place: Place, width: int) -> None:
    view = "#highlights-view"
    with Visit(browser, place.address, width=width) as visit:
        page = visit.page
        page.click("#highlights-example")
        visit.see(f"{view} .stage[data-job] .card")
        job = newest(place, "highlights")
        at_second(page, view, 6.0)
        page.click(f"{view} [data-act=split]")
        visit.see(f"{view} .card[data-n='3'][aria-current=true]")
        assert edits.load(job)["bounds"] == {"1": [18.3, 24.3]}
        assert edits.load(job)["added"] == [[24.3, 35.0, 1]]
        assert undo(page, view) == "↶ Deshacer: dividir «¿Sabes qué pasa hoy?»"
        page.locator(f"{view} .card[data-n='1'] .pic").click()
        page.click(f"{view} [data-act=merge]")
        visit.see(f"{view} .card[data-n='4'][aria-current=true]")
        assert [page.locator(f"{view} .card[data-n='{n}']").is_visible() for n in (1, 2, 3, 4)] == [
            False,
            True,
            False,
            True,
        ]
        page.click(f"{view} [data-act=duplicate]")
        visit.see(f"{view} .card[data-n='5'][aria-current=true]")
        page.click(f"{view} [data-act=remove]")
        page.wait_for_function(f"document.querySelector(\"{view} .card[data-n='5']\").classList.contains('gone')")
        eventually(lambda: edits.load(job).get("removed") == [1, 3, 5])
        visit.reload()
        visit.see(f"{view} .card[data-n='4']")
        assert undo(page, view).startswith("↶ Deshacer: quitar «")
        page.locator(f"{view} .steps summary").click()
        steps = page.locator(f"{view} .steps li").all_inner_texts()
        assert [s.split(" ")[0] for s in steps] == ["Como", "dividir", "unir", "duplicar", "quitar"]
        page.locator(f"{view} .steps [data-step='1']").click()
        assert [page.locator(f"{view} .card[data-n='{n}']").is_visible() for n in (1, 2, 3)] == [True, True, True]
        eventually(lambda: edits.past_of(job)["at"] == 1)
        visit.reload()
        visit.see(f"{view} .card[data-n='3']")
        assert page.locator(f"{view} .card[data-n='4']").count() == 0, "what is undone is not drawn"
        page.locator(f"{view} .steps summary").click()
        page.locator(f"{view} .steps [data-step='2']").click()
        with page.expect_download():
            page.locator(f"{view} .card[data-n='4'] a[data-get=url]").click()
        cut = newest(place, "compile").request.clips[0].span
        assert (cut.start, cut.end) == (18.3, 35.0)


def test_where_a_clip_cannot_be_split_it_says_why(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        at_second(page, "#highlights-view", 0.0)
        page.click("#highlights-view [data-act=split]")
        visit.see("#highlights-made .studio-note.bad >> text=no se puede dividir")


def test_ranked_clips_have_a_timeline_a_transcript_and_the_same_acts(browser: Any, place: Place) -> None:
    view = "#viral-view"
    with Visit(browser, place.address) as visit:
        page = visit.page
        visit.tab(1)
        page.click("#viral-example")
        visit.see(f"{view} .viral[data-job] .vcard")
        job = newest(place, "rank")
        assert page.locator(f"{view} .tl.whole:visible").count() == 1
        visit.see(f"{view} .tl.whole:visible .speech b i")
        page.locator(f"{view} .vcard[data-n='2'] .go").click()
        page.wait_for_function(f"document.querySelector('{view} .tl.whole:not([hidden]) .tl-clip').dataset.n === '2'")
        page.locator(f"{view} .vcard[data-n='1'] .go").click()
        at_second(page, view, 4.1)
        page.keyboard.press("s")
        visit.see(f"{view} .vcard[data-n='4'][aria-current=true]")
        assert edits.load(job)["bounds"] == {"1": [0.0, 4.1]}
        lines = page.locator(f"{view} .vcard[data-n='4'] .line")
        assert lines.count() == 2
        assert page.locator(f"{view} .vcard[data-n='1'] .line:visible").count() == 1, (
            "what is cut off is not said there"
        )
        assert page.locator(f"{view} .vcard[data-n='4'] .total").count() == 0, "it was not judged by itself"
        page.locator(f"{view} .said-fold summary").click()
        page.locator(f"{view} .said-words").focus()
        for key in ("ArrowRight", "ArrowDown", "Delete"):
            page.keyboard.press(key)
        eventually(lambda: len(edits.load(job).get("struck", ())) == 1)
        before = page.locator(f"{view} .vcard[data-n='4'] a[data-get=url]")
        with page.expect_download():
            before.click()
        made = newest(place, "compile").request
        assert (made.clips[0].span.start, made.clips[0].span.end) == (4.1, 13.0)
        visit.reload()
        visit.see(f"{view} .vcard[data-n='4']:not(.changed)")
        assert undo(page, view) == "↶ Deshacer: tachar palabras"
        page.click(f"{view} [data-undo]")
        page.click(f"{view} [data-undo]")
        visit.see(f"{view} .vcard[data-n='4'].gone", state="attached")
        assert page.locator(f"{view} .vcard[data-n='1'] .line:visible").count() == 3
