"""The transcript beside the timeline and the timeline's zoom, in a real browser."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.browsing import Place, Visit, eventually
from web.jobs import edits

pytestmark = pytest.mark.browser
PLAYER = "document.querySelector('#highlights-view video')"


def opened(visit: Visit) -> Any:
    page = visit.page
    page.click("#highlights-example")
    visit.see("#highlights-view .stage[data-job] .card")
    page.click(".sides [data-side=said]")
    visit.see(".said-words .w")
    return page


def drag_over(page: Any, first: int, last: int) -> None:
    """From the first word to the last, as a hand does."""
    begin, end = (page.locator(f".said-words .w[data-w='{n}']") for n in (first, last))
    begin.scroll_into_view_if_needed()
    a, b = begin.bounding_box(), end.bounding_box()
    page.mouse.move(a["x"] + 2, a["y"] + a["height"] / 2)
    page.mouse.down()
    page.mouse.move(b["x"] + b["width"] - 2, b["y"] + b["height"] / 2, steps=6)
    page.mouse.up()


def job_of(place: Place) -> Any:
    return next(job for job in place.jobs.list() if job.kind == "highlights")


def test_a_click_plays_from_a_word_and_its_sentence_is_marked(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = opened(visit)
        page.click(".said-words .w[data-w='10']")
        page.wait_for_function(f"{PLAYER}.currentTime > 8")
        visit.see(".said-words .line.playing >> text=secreto")
        page.locator("[data-find]").fill("Gratis")
        assert page.locator("output[data-found]").inner_text() == "1/10"
        page.keyboard.press("Enter")
        assert page.locator("output[data-found]").inner_text() == "2/10"
        page.wait_for_function(f"Math.abs({PLAYER}.currentTime - 22.4) < 0.5")


def test_chosen_words_become_a_clip_and_struck_ones_stay_out_of_it(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = opened(visit)
        drag_over(page, 5, 13)
        page.click("[data-said=clip]")
        visit.see(".card[data-n='3'][aria-current=true]")
        low, high = edits.load(job_of(place))["added"][0]
        assert low < 4.0 < 11.0 < high + 0.5
        page.click(".sides [data-side=said]")
        drag_over(page, 9, 10)
        page.click("[data-said=strike]")
        assert page.locator(".w.struck").count() == 2
        eventually(lambda: edits.load(job_of(place)).get("struck"))
        page.click(".sides [data-side=cards]")
        with page.expect_download():
            page.locator(".card[data-n='3'] a[data-get=url]").click()
        made = next(job for job in place.jobs.list() if job.kind == "compile")
        assert [(round(s.start, 1), round(s.end, 1)) for s in made.request.struck] == [(8.0, 9.1)]
        visit.reload()
        visit.see(".card[data-n='3']:not(.changed)")
        for _ in ("what was struck out", "the clip"):
            page.click("#highlights-view [data-undo]")
        visit.see(".card[data-n='3'].gone", state="attached")


def test_words_are_chosen_and_struck_by_keys(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = opened(visit)
        page.locator(".said-words").focus()
        for key in ("ArrowRight", "ArrowDown", "Shift+ArrowRight", "Delete"):
            page.keyboard.press(key)
        assert page.locator(".w.struck").all_inner_texts() == ["Quiero", "contarte"]
        page.keyboard.press("Control+z")
        assert page.locator(".w.struck").count() == 0
        page.keyboard.press("Enter")
        visit.see(".card[data-n='3']")


def test_the_timeline_is_zoomed_by_buttons_keys_and_wheel_and_shows_times_that_fit(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = opened(visit)
        wide = "document.querySelector('.tl-wide').offsetWidth / document.querySelector('.tl-window').clientWidth"
        assert page.evaluate(wide) == pytest.approx(1, abs=0.01)
        page.click("[data-zoom=in]")
        page.keyboard.press("+")
        assert page.evaluate(wide) == pytest.approx(1.6**2, rel=0.02)
        page.locator(".tl-window").hover()
        page.keyboard.down("Control")
        page.mouse.wheel(0, -200)
        page.keyboard.up("Control")
        eventually(lambda: page.evaluate(wide) > 3)
        assert "–" in page.locator(".tl-shown").inner_text()
        places = page.locator(".tl.whole .tl-axis span").evaluate_all(
            "all => all.map(n => n.getBoundingClientRect()).map(b => [b.left, b.right]).sort((a, b) => a[0] - b[0])"
        )
        assert all(a[1] <= b[0] for a, b in pairwise(places))
        page.click("[data-zoom=all]")
        assert page.evaluate(wide) == pytest.approx(1, abs=0.01)


def test_what_is_ticked_says_what_it_will_cost_and_is_made_as_chosen(browser: Any, place: Place) -> None:
    with Visit(browser, place.address, "en-US") as visit:
        page = visit.page
        page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        assert page.locator(".making-cost").inner_text() == ""
        page.select_option("[data-how=aspect]", "9:16")
        cost = page.locator(".making-cost").inner_text()
        assert cost.startswith("2 to make, 0:34 · about ")
        assert " MB · " in cost
        page.select_option("[data-how=platform]", "whatsapp")
        with page.expect_download():
            page.locator(".card[data-n='1'] a[data-get=url]").click()
        made = next(job for job in place.jobs.list() if job.kind == "compile").request
        assert (made.aspect, made.platform, made.captions) == ("9:16", "whatsapp", False)
        assert page.locator(".making-cost").inner_text().startswith("1 to make, 0:18 · ")
        visit.reload()
        visit.see(".card[data-n='1']:not(.changed)")
        assert page.locator("[data-how=aspect]").input_value() == "9:16"


def test_a_page_from_right_to_left_is_mirrored_but_for_the_time(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        where = """way => { document.documentElement.dir = way; const left = s => document.querySelector(s).getBoundingClientRect().left;
          return ['.studio-head h1', '.studio-head nav', '.desk', '.cards', '.card .pic', '.card .txt'].map(left); }"""
        plain, turned = page.evaluate(where, "ltr"), page.evaluate(where, "rtl")
        for one, two in ((0, 1), (2, 3), (4, 5)):
            assert plain[one] < plain[two]
            assert turned[one] > turned[two]
        clips = page.locator(".tl.whole .tl-clip").evaluate_all("all => all.map(n => n.getBoundingClientRect().left)")
        assert clips == sorted(clips), "time runs to the right"
