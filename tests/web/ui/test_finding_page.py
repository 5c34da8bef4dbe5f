"""The search tab in a real browser: what stands where, everything searched at once, and subtitles that are given."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import EXAMPLES, Place, Visit, eventually, newest

pytestmark = pytest.mark.browser
QUERY = "#finding-query :is(textarea, input)"


@pytest.mark.parametrize("width", [390, 1280])
def test_what_the_tab_does_is_said_before_anything_is_asked(browser: Any, place: Place, width: int) -> None:
    with Visit(browser, place.address, width=width) as visit:
        visit.tab(4)
        visit.see("#finding-zone .zone")
        where = [visit.see(s).bounding_box() for s in ("#finding-intro", "#finding-what", "#finding-zone .give")]
        assert all(above["y"] + above["height"] <= below["y"] for above, below in itertools.pairwise(where))
        visit.page.fill(QUERY, "pan")
        visit.page.click("#finding-example")
        visit.see("#finding-view .finding-list li")
        assert visit.page.locator("#finding-intro").is_hidden(), "a result folds the form"


def test_everything_is_searched_played_and_made_into_a_clip(browser: Any, place: Place) -> None:
    with Visit(browser, place.address, width=390) as visit:
        page = visit.page
        visit.tab(4)
        page.fill(QUERY, "secreto")
        page.click("#finding-mine")
        visit.see("#finding-flow .field-error")
        visit.tab(0)
        page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        visit.tab(4)
        page.click("#finding-mine")
        visit.see("#finding-view .finding-list [data-play]").click()
        page.wait_for_function("document.querySelector('.finding-player').currentTime > 7")
        film = newest(place, "highlights").request.source
        assert newest(place, "find").request.sources == (film,)
        page.locator("#finding-view [data-clip]").first.click()
        visit.see("#finding-made .studio-made video")
        assert newest(place, "compile").request.clips[0].source == film


def test_subtitles_that_are_given_are_what_is_searched(browser: Any, place: Place, tmp_path: Path) -> None:
    given = tmp_path / "dado.srt"
    given.write_text("1\n00:00:01,000 --> 00:00:04,000\nLos delfines rosas.\n", encoding="utf-8")
    with Visit(browser, place.address) as visit:
        page = visit.page
        visit.tab(4)
        visit.see("#finding-zone .zone")
        page.set_input_files("#finding-files input[type=file]", str(EXAMPLES / "viral_1.mp4"))
        visit.see("#finding-files .given li.ok")
        page.locator("#finding-flow button.label-wrap").first.click()
        page.locator("#finding-subtitles input[type=file]").set_input_files(str(given))
        visit.text("dado.srt")
        page.fill(QUERY, "delfines")
        page.click("#finding-go")
        visit.see("#finding-view .finding-list li")
        asked = newest(place, "find").request
        assert eventually(lambda: asked.subtitles).read_text(encoding="utf-8") == given.read_text(encoding="utf-8")
        assert [path.name.rpartition(".")[2] for path in asked.sources] == ["mp4"]


def test_the_example_finds_something_before_anything_is_written(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        visit.tab(4)
        visit.page.click("#finding-example")
        assert visit.see("#finding-view .finding-player").get_attribute("src").endswith("#t=8.00")
        assert newest(place, "find").request.query == "busco a alguien"
        visit.see("#finding-view [data-play]").click()
        visit.page.wait_for_function("document.querySelector('.finding-player').currentTime > 7")
