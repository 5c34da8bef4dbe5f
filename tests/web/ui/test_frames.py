"""Shots set by hand on the page: the list of a clip, what is chosen, kept, undone and made."""

from __future__ import annotations

from typing import Any

import pytest

from reelify.looks.hands import HandPlace
from tests.browsing import Place, Visit, eventually, newest
from web.jobs import edits

pytestmark = pytest.mark.browser


def slide(page: Any, slider: Any, value: int) -> None:
    """The slider of a shot, moved as keys or a pointer do."""
    slider.evaluate("(s, v) => { s.value = v; s.dispatchEvent(new Event('change', { bubbles: true })); }", value)


def test_a_ranked_clip_is_made_with_the_frame_set_by_hand(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        visit.tab(1)
        page.click("#viral-example")
        visit.see("#viral-view .vcard[data-n='1'] .shots summary").click()
        shots = page.locator("#viral-view .vcard[data-n='1'] .shot")
        assert shots.count() == 2
        assert shots.nth(1).locator("select").input_value() == "follow"
        assert shots.nth(0).locator("input").is_hidden()
        shots.nth(0).locator("select").select_option("hand")
        slider = shots.nth(0).locator("input")
        assert slider.is_visible()
        slide(page, slider, 20)
        shots.nth(1).locator("select").select_option("centre")
        page.click("#viral-view [data-undo]")
        assert shots.nth(1).locator("select").input_value() == "follow"
        page.click("#viral-view [data-redo]")
        wanted = [
            {"start": 0.0, "end": 6.5, "kind": "hand", "middle": 0.2}, {"start": 6.5, "end": 13.0, "kind": "centre", "middle": 0.5}
        ]  # fmt: skip
        ranked = newest(place, "rank")
        eventually(lambda: edits.load(ranked).get("frames") == {"1": wanted})
        before = page.locator(".vcard[data-n='1']").get_attribute("data-src")
        page.click("#viral-view [data-make=clip][data-n='1']")
        eventually(lambda: page.locator(".vcard[data-n='1']").get_attribute("data-src") != before)
        made = newest(place, "compile")
        assert made.request.frames == (HandPlace(0.0, 6.5, "hand", 0.2), HandPlace(6.5, 13.0, "centre", 0.5))
        assert made.request.aspect == "9:16"
        eventually(lambda: "changed" not in page.locator(".vcard[data-n='1']").get_attribute("class"))
        assert shots.nth(0).locator("input").input_value() == "20"


def test_a_moment_in_another_shape_has_its_shots_and_they_stay_after_a_reload(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        assert page.locator("#highlights-view .shot").count() == 0, "its film's own shape needs no choice"
        page.select_option("[data-how=aspect]", "9:16")
        page.click("#highlights-view [data-apply]")
        visit.see("#highlights-view .card[data-n='2'] .shots summary").click()
        choice = page.locator("#highlights-view .card[data-n='2'] .shot select")
        assert page.locator("[data-apply]").is_disabled()
        choice.nth(1).select_option("centre")
        assert page.locator("[data-apply]").is_enabled()
        eventually(lambda: "frames" in edits.load(newest(place, "highlights")))
        visit.reload()
        visit.see("#highlights-view .card[data-n='2'] .shots summary").click()
        assert choice.nth(1).input_value() == "centre"
        done = newest(place, "compile").id
        page.click("#highlights-view [data-apply]")
        eventually(lambda: newest(place, "compile").id != done and newest(place, "compile").state == "done")
        assert newest(place, "compile").request.frames == (HandPlace(91.0, 100.0, "centre", 0.5),)
        eventually(lambda: page.locator("[data-apply]").is_disabled())
        assert choice.nth(0).input_value() == "follow"
