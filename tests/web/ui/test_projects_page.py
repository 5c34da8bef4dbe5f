"""The library of projects in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browsing import Place, Visit, eventually, newest
from web.jobs.values import Asker

pytestmark = pytest.mark.browser


def test_a_name_that_is_typed_outlives_that_the_list_is_drawn_anew(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        visit.tab(3)
        renamed = newest(place, "highlights")
        card = page.locator(f"#tasks-view article[data-job='{renamed.id}']")
        card.locator("[data-act=rename]").click()
        page.keyboard.type("Mis rtos")
        for _ in range(4):
            page.keyboard.press("ArrowLeft")
        # A card before this one: its nodes become the new one's.
        other = place.jobs.submit(renamed.request, Asker(renamed.owner, "es"))
        visit.see(f"#tasks-view article[data-job='{other}'].done", "attached")
        assert page.evaluate("[document.activeElement.value, document.activeElement.selectionStart]") == ["Mis rtos", 4]
        page.keyboard.type("co")
        page.keyboard.press("Enter")
        eventually(lambda: place.jobs.get(renamed.id).title == "Mis cortos")
        assert place.jobs.get(other).title != "Mis cortos"
        card.locator("h2", has_text="Mis cortos").wait_for()
        page.locator("dialog.naming").wait_for(state="detached")
        card.locator("[data-act=rename]").click()
        page.keyboard.type("Otra cosa")
        page.keyboard.press("Escape")
        page.locator("dialog.naming").wait_for(state="detached")
        assert card.locator("h2").inner_text() == place.jobs.get(renamed.id).title == "Mis cortos"
        # Another project's nodes by the time the press ends: what was pressed counts.
        button = card.locator("[data-act=rename]")
        button.hover()
        page.mouse.down()
        button.evaluate("(node, job) => Object.assign(node.dataset, { job, name: 'Another' })", other)
        page.mouse.up()
        assert page.locator("dialog.naming input").input_value() == "Mis cortos"


def test_a_job_whose_beginning_the_browser_never_heard_of_is_followed_after_a_reload(
    browser: Any, place: Place
) -> None:
    with Visit(browser, place.address) as visit:
        visit.tab(2)
        visit.page.click("#sync-example")
        visit.see("#sync-view .sync[data-job] .seg")
        first = newest(place, "analyse")
        # As where the page is loaded anew before the answer to the press arrives.
        unheard = place.jobs.submit(first.request, Asker(first.owner, "es"))
        visit.reload()
        visit.see(f"#sync-view .sync[data-job='{unheard}'] .seg")
        visit.reload()
        visit.see(f"#sync-view .sync[data-job='{unheard}'] .seg")
