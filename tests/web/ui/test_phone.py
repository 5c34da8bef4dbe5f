"""How tall the form with the most settings is on a phone, whichever section of it is open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browsing import Place, Visit

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
