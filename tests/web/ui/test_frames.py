"""Shots set by hand on the page: the list of a clip, what is chosen, kept, undone and made."""

from __future__ import annotations

from typing import Any

import pytest

from reelify.looks.hands import HandPlace
from tests.browsing import Place, Visit, drag, eventually, newest
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
        assert page.locator("#highlights-view .shots:visible").count() == 0, "its film's own shape needs no choice"
        page.select_option("[data-how=aspect]", "9:16")
        page.click("#highlights-view [data-apply]")
        eventually(lambda: page.locator("[data-apply]").is_disabled())
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


def test_the_frame_is_dragged_on_the_picture_before_a_clip_is_made(browser: Any, place: Place) -> None:
    """By a pointer and by keys; what was set is there after a reload and is what is made."""
    with Visit(browser, place.address, width=390) as visit:
        page = visit.page
        page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        page.select_option("[data-how=aspect]", "9:16")
        visit.see("#highlights-view .card[data-n='1'] .shots summary").click()
        shots = page.locator("#highlights-view .card[data-n='1'] .shot")
        visit.see("#highlights-view .card[data-n='1'] .framed:visible .crop")
        assert shots.count() == 2, "the clip goes over a cut"
        assert shots.first.locator("small").inner_text().count(" · ") == 1, "each says how it is shown and why"
        crop = shots.first.locator(".crop")
        crop.scroll_into_view_if_needed()
        before, area = crop.bounding_box(), shots.first.locator(".framed").bounding_box()
        assert min(before["width"], before["height"]) >= 44
        wide = shots.first.locator("img").evaluate("i => i.naturalWidth / i.naturalHeight")
        share = 9 / 16 / wide
        assert before["width"] / area["width"] == pytest.approx(share, abs=0.02), "9:16 of this picture"
        drag(page, crop, -area["width"], 0)
        job = newest(place, "highlights")
        eventually(lambda: edits.load(job).get("frames"))
        assert crop.bounding_box()["x"] == pytest.approx(area["x"], abs=2), "it stops at the edge"
        frame = edits.load(job)["frames"]["1"][0]
        assert frame == {"start": 18.3, "end": 20.0, "kind": "hand", "middle": pytest.approx(share / 2, abs=0.002)}
        crop.focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        last = pytest.approx(1 - share / 2 - 0.01, abs=0.002)
        eventually(lambda: edits.load(job)["frames"]["1"][0]["middle"] == last)
        assert shots.first.locator("select").input_value() == "hand"
        visit.reload()
        visit.see("#highlights-view .card[data-n='1'] .shots summary").click()
        visit.see("#highlights-view .card[data-n='1'] .framed:visible .crop.own")
        assert page.locator("#highlights-view [data-undo]").inner_text().startswith("↶ Deshacer: encuadrar «")
        with page.expect_download():
            page.locator("#highlights-view .card[data-n='1'] a[data-get=url]").click()
        assert newest(place, "compile").request.frames == (
            HandPlace(18.3, 20.0, "hand", edits.load(job)["frames"]["1"][0]["middle"]),
        )
