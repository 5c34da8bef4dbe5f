"""What a phone shows: how tall the longest form is, which tabs there are, where the tools stand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browsing import TABS, Place, Visit

pytestmark = pytest.mark.browser
TALLEST = 3000
"""Pixels."""
HEADS = "#viral-flow .flow-options .label-wrap:visible"


def test_no_section_of_the_settings_makes_the_page_endless(browser: Any, place: Place) -> None:
    with Visit(browser, place.address, width=390) as visit:
        page = visit.page
        visit.tab(1)
        visit.see("#viral-zone .zone")
        opened, heights = [], {}
        while left := [n for n in page.locator(HEADS).all() if n.inner_text().split("\n")[0].strip() not in opened]:
            name = left[0].inner_text().split("\n")[0].strip()
            opened.append(name)
            assert left[0].bounding_box()["height"] >= 44
            left[0].click()
            page.wait_for_timeout(400)
            heights[name] = page.evaluate("document.documentElement.scrollHeight")
        assert len(opened) >= 9
        assert {name: tall for name, tall in heights.items() if tall > TALLEST} == {}


@pytest.mark.parametrize("locale", ["es-ES", "en-US", "pt-BR"])
def test_no_tab_is_put_away_however_narrow_the_window_is_or_was(browser: Any, place: Place, locale: str) -> None:
    with Visit(browser, place.address, locale, width=320) as visit:
        for width in (320, 1280, 390):
            visit.page.set_viewport_size({"width": width, "height": 844})
            visit.page.wait_for_timeout(300)
            tabs = visit.page.locator("#studio-tabs [role=tablist] [role=tab]")
            assert tuple(tabs.all_inner_texts()) == TABS[visit.language]
            assert all(tab.is_visible() for tab in tabs.all())
            assert visit.page.locator("#studio-tabs .overflow-menu").is_hidden()
        visit.tab(4)
        assert tabs.nth(4).get_attribute("aria-selected") == "true"


def test_the_tools_are_one_row_so_that_the_clips_stay_near(browser: Any, place: Place) -> None:
    with Visit(browser, place.address, width=390) as visit:
        visit.page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        tools = visit.page.locator("#highlights-view .studio-tools").first
        assert tools.bounding_box()["height"] < 70
        last = tools.locator("button").last
        last.scroll_into_view_if_needed()
        box = last.bounding_box()
        assert 0 <= box["x"] <= 390 - box["width"]


def test_a_list_to_choose_from_looks_like_one(browser: Any, place: Place) -> None:
    with Visit(browser, place.address, width=390) as visit:
        visit.page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        drawn = "s => { const c = getComputedStyle(s); return [c.backgroundImage.slice(0, 8), c.backgroundRepeat, c.backgroundSize]; }"
        looks = [s.evaluate(drawn) for s in visit.page.locator("#highlights-view select:visible").all()]
        assert looks
        assert all(look == ['url("dat', "no-repeat", "12px 8px"] for look in looks)
