"""The page in a real browser, on jobs that answer at once: what is shown, changed by hand, undone, and in which language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.messages import Message, languages, say
from syncdub.requests import Nudge
from tests.browsing import EXAMPLES, TABS, Place, Visit, drag, eventually, newest, page_server
from tests.page_kinds import PAGE_KINDS
from web.jobs import edits

pytestmark = pytest.mark.browser


def moments(visit: Visit) -> None:
    visit.page.click("#highlights-example")
    visit.see("#highlights-view .stage[data-job] .card")


SEEN = {
    "es": ("un grito en 0:21", "16,7 s", "Deshacer", "risas", "Cambiar ajustes"),
    "en": ("a scream at 0:21", "16.7 s", "Undo", "laughter", "Change settings"),
    "pt": ("um grito em 0:21", "16,7 s", "Desfazer", "risos", "Mudar configurações"),
}
OTHERS = {
    "es": ("Undo", "scream", "Drop", "Start", "Click", "Use via", "Desfazer", "Solte", "Início"),
    "en": ("Deshacer", "grito", "Archivo", "Inicio", "Usar", "Desfazer", "Arquivo"),
    "pt": ("Undo", "scream", "Drop", "Start", "Click", "Use via", "Deshacer", "Archivo", "Inicio", "ficheiro"),
}


def test_the_language_switch_offers_every_language_changes_everything_and_stays(browser: Any, place: Place) -> None:
    for locale, other in (("es-ES", "en"), ("en-US", "pt"), ("pt-BR", "es")):
        with Visit(browser, place.address, locale) as visit:
            moments(visit)
            for tag in (other, locale[:2], other):
                visit.anew(lambda tag=tag: visit.page.click(f".studio-head nav a[lang={tag}]"))
                visit.language = tag
                visit.see("#highlights-view .card")
                assert visit.page.url == place.address
                assert tuple(visit.page.locator("#studio-tabs [role=tab]").all_inner_texts()) == TABS[tag]
                assert visit.page.evaluate("document.documentElement.lang") == tag
                offered = [say(Message("language.name"), each) for each in languages()]
                assert visit.page.locator(".studio-head nav a").all_inner_texts() == offered
                shown = visit.page.locator("body").inner_text()
                assert [words for words in SEEN[tag] if words.casefold() not in shown.casefold()] == []
                assert [words for words in OTHERS[tag] if words in shown] == []


def test_edges_move_by_pointer_and_keys_and_come_back(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        moments(visit)
        page, job = visit.page, newest(place, "highlights")
        edge = page.locator(".strip[data-n='1'] [data-edge=end]")
        assert edge.get_attribute("role") == "slider"
        assert edge.get_attribute("aria-label") == "Final del clip 1"
        assert edge.get_attribute("aria-valuetext") == "0:35,0"
        drag(page, edge, -60, 0)
        shorter = float(edge.get_attribute("aria-valuenow"))
        assert 28 < shorter < 34.5
        edge.focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Shift+ArrowLeft")
        assert float(edge.get_attribute("aria-valuenow")) == pytest.approx(shorter - 1.1, abs=0.06)
        assert page.locator(".card[data-n='1'] .when").inner_text().startswith("0:18,3–0:")
        eventually(
            lambda: edits.load(job).get("bounds", {}).get("1", [0, 0])[1] == pytest.approx(shorter - 1.1, abs=0.06)
        )
        page.keyboard.press("Control+z")
        assert float(edge.get_attribute("aria-valuenow")) == pytest.approx(shorter, abs=0.06)
        page.click("#highlights-view [data-undo]")
        assert float(edge.get_attribute("aria-valuenow")) == 35.0
        assert page.locator("#highlights-view [data-undo]").is_disabled()
        page.click("#highlights-view [data-redo]")
        assert float(edge.get_attribute("aria-valuenow")) == pytest.approx(shorter, abs=0.06)
        for _ in range(40):
            edge.press("Shift+ArrowLeft")
        assert float(edge.get_attribute("aria-valuenow")) == pytest.approx(19.3, abs=0.06), (
            "never shorter than a second"
        )


def test_what_to_post_is_copied_with_one_click(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        moments(visit)
        card = visit.page.locator(".card[data-n='1']")
        assert "¿Sabes qué pasa hoy?" in card.inner_text()
        assert "70/100" in card.inner_text()
        visit.page.evaluate(
            "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text; } } })"
        )
        card.locator("[data-copy]").click()
        eventually(lambda: card.locator("[data-copy]").inner_text() == "Copiado")
        said = "¿Sabes qué pasa hoy?\n\nQuiero contarte el secreto gratis.\n\n#secreto"
        assert visit.page.evaluate("window.copied") == said
        eventually(lambda: card.locator("[data-copy]").inner_text() == "Copiar")


def test_changed_clips_are_made_again_ranked_and_there_after_a_reload(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        moments(visit)
        page = visit.page
        before = page.locator(".card[data-n='2']").get_attribute("data-src")
        assert page.locator("[data-apply]").is_disabled()
        page.locator(".card[data-n='2'] .pic").click()
        edge = page.locator(".strip[data-n='2'] [data-edge=start]")
        for _ in range(3):
            edge.press("PageUp")
        page.click("#highlights-view [data-apply]")
        eventually(lambda: page.locator(".card[data-n='2']").get_attribute("data-src") != before)
        made = newest(place, "compile")
        assert [(c.span.start, c.span.end) for c in made.request.clips] == [(85.0, 100.0)]
        visit.reload()
        visit.see("#highlights-view .stage[data-job] .card")
        assert made.id in page.locator(".card[data-n='2']").get_attribute("data-src")
        assert page.locator(".strip[data-n='2'] [data-edge=start]").get_attribute("aria-valuenow") == "85.0"
        page.click("#highlights-rank")
        visit.see("#viral-view .vcard[data-n='2'] .tl-clip")
        ranked = newest(place, "rank")
        assert [(c.span.start, c.span.end) for c in ranked.request.clips] == [(18.3, 35.0), (85.0, 100.0)]
        visit.see("#viral-view [data-make=all]").click()
        visit.see("#viral-made video")
        joined = newest(place, "compile")
        assert len(joined.request.clips) == 2
        page.evaluate("window.addEventListener('beforeunload', () => { window.left = true })")
        with page.expect_download() as download:
            page.click("#viral-made a[href*='/api/download/']")
        assert Path(download.value.path()).stat().st_size > 100_000
        assert page.evaluate("window.left") is None, (
            "a page that is left closes its streams: nothing is followed any more"
        )
        assert {c.source for c in joined.request.clips} == {newest(place, "highlights").request.source}


def test_sentences_are_chosen_and_words_corrected_and_both_undone(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        visit.tab(1)
        page.click("#viral-example")
        visit.see("#viral-view [data-fix='1:0']")
        make = page.locator("#viral-view [data-make=sentences]")
        assert make.is_disabled()
        page.locator("input[data-clip='1'][data-sentence='0']").check()
        page.locator("input[data-clip='1'][data-sentence='1']").check()
        page.locator("input[data-clip='2'][data-sentence='2']").check()
        page.keyboard.press("Control+z")
        assert not page.locator("input[data-clip='2'][data-sentence='2']").is_checked()
        page.click("[data-fix='1:0']")
        page.locator(".said[data-said='1:0'] input").fill("Hola a todos amigas.")
        page.keyboard.press("Enter")
        assert page.locator(".said[data-said='1:0']").inner_text() == "Hola a todos amigas."
        page.click("#viral-view [data-undo]")
        assert "tod os" in page.locator(".said[data-said='1:0']").inner_text()
        page.click("#viral-view [data-redo]")
        make.click()
        visit.see("#viral-made video")
        job = newest(place, "compile")
        assert [t.text for t in job.request.texts] == ["Hola a todos amigas."]
        assert [(round(c.span.start, 2), round(c.span.end, 2)) for c in job.request.clips] == [(0.05, 8.0)]
        assert job.request.aspect == "9:16"


def test_a_dub_segment_is_dragged_and_the_film_written_from_there(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        visit.tab(2)
        page.click("#sync-example")
        visit.see("#sync-view .sync[data-job] .seg")
        second = page.locator("svg.wide g[data-segment='1'] .seg")
        assert second.get_attribute("role") == "slider"
        drag(page, second, 0, -12)
        dragged = float(second.get_attribute("aria-valuenow"))
        assert 20 < dragged < 2000
        second.press("ArrowUp")
        second.press("PageDown")
        assert float(second.get_attribute("aria-valuenow")) == dragged - 99
        page.locator("[data-pick]").select_option("0")
        page.locator("[data-ms]").fill("-40")
        page.keyboard.press("Enter")
        assert page.locator("svg.wide g[data-segment='0'] .seg").get_attribute("aria-valuetext") == "−40 ms"
        assert "−40 ms" in page.locator("td[data-offset-of='0']").inner_text()
        page.click("#sync-view [data-undo]")
        assert page.locator("svg.wide g[data-segment='0'] .seg").get_attribute("aria-valuetext") == "0 ms"
        page.click("#sync-view [data-redo]")
        analysed = newest(place, "analyse")
        eventually(lambda: edits.load(analysed).get("nudges") == {"0": -40, "1": round(dragged) - 99})
        page.click("#sync-write")
        visit.see("#sync-files a[href*='/api/download/']")
        job = newest(place, "sync")
        assert job.request.nudges == (Nudge(-40.0, 0), Nudge(dragged - 99, 1))
        assert job.request.plan == analysed.folder / "plan.json"
        assert second.get_attribute("aria-valuenow") == str(round(dragged) - 99), "the moves stay where they were made"
        page.click("#sync-to-highlights")
        visit.see("#highlights-view .stage[data-job] .card")
        assert newest(place, "highlights").request.source == analysed.request.original


def test_progress_stop_and_reload_in_the_middle(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        page.get_by_role("button", name="Más ajustes").first.click()
        page.get_by_label("Copiar sin recodificar").check()
        page.click("#highlights-example")
        visit.text("Valorando el clip 1 de 3: ñ <b>.mp4")
        seen = int(page.locator("#highlights-progress [role=progressbar]").get_attribute("aria-valuenow"))
        visit.reload()
        bar = visit.see("#highlights-progress [role=progressbar]")
        eventually(lambda: int(bar.get_attribute("aria-valuenow")) > seen)
        page.click("#highlights-progress [data-stop]")
        visit.text("Detenido.")
        assert newest(place, "highlights").state == "cancelled"
        visit.see("#highlights-go")
        visit.tab(3)
        visit.see("#tasks-view button[data-act=retry]")
        when = page.locator("#tasks-view time").first.inner_text()
        assert re.search(r"\d{4}.*\d:\d\d", when), when
        assert "UTC" not in when


def test_an_error_is_told_in_the_visitors_language(browser: Any, place: Place, tmp_path: Path) -> None:
    bad = tmp_path / "ñ 'quote' & $x.mp4"
    bad.write_text("this is no video")
    for locale, words in (("es-ES", "no es un vídeo"), ("en-US", "is not a video")):
        with Visit(browser, place.address, locale) as visit:
            visit.page.locator("#highlights-file input[type=file]").set_input_files(str(bad))
            assert words in visit.see("#highlights-file .given li.bad small").inner_text(), "known at the drop"
            visit.page.click("#highlights-go")
            assert words in visit.see("#highlights-file .field-error").inner_text()
            assert not place.jobs.list(states=("queued", "running"))


def test_two_visitors_at_once_do_not_disturb_each_other(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as one, Visit(browser, place.address, "en-US") as two:
        one.page.click("#highlights-example")
        two.tab(1)
        two.page.click("#viral-example")
        one.see("#highlights-view .stage[data-job] .card")
        two.see("#viral-view .viral[data-job] .vcard")
        assert one.page.locator("#viral-view .vcard").count() == 0
        assert two.page.locator("#highlights-view .card").count() == 0
        one.page.locator(".strip[data-n='1'] [data-edge=end]").press("ArrowLeft")
        two.page.locator(".strip [data-edge=end]").first.press("ArrowLeft")
        eventually(lambda: edits.load(newest(place, "highlights")).get("bounds", {}).get("1") == [18.3, 34.9])
        eventually(lambda: edits.load(newest(place, "rank")).get("bounds"))


def test_every_tab_is_as_it_was_after_a_reload(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        everything(visit)
        visit.reload()
        visit.see("#sync-view .sync[data-job] .seg")
        assert visit.page.get_by_role("tab", name="Doblaje", exact=True).get_attribute("aria-selected") == "true"
        visit.tab(1)
        visit.see("#viral-view .viral[data-job] .vcard")
        visit.tab(0)
        visit.see("#highlights-view .stage[data-job] .card")


@pytest.mark.parametrize(("locale", "width"), [("es-ES", 390), ("pt-BR", 390), ("es-ES", 2560)])
def test_nothing_is_wider_than_the_screen(browser: Any, place: Place, locale: str, width: int) -> None:
    with Visit(browser, place.address, locale, width) as visit:
        moments(visit)
        visit.page.click("#highlights-rank")
        visit.see("#viral-view .vcard .tl-clip")
        visit.tab(2)
        visit.page.click("#sync-example")
        visit.see("#sync-view .seg:visible")
        for number in range(4):
            visit.tab(number)
            visit.page.wait_for_timeout(200)
            for direction in ("ltr", "rtl"):
                wide = "way => { document.documentElement.dir = way; return document.documentElement.scrollWidth; }"
                assert visit.page.evaluate(wide, direction) <= width, (TABS[visit.language][number], direction)


def test_every_button_has_words(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        moments(visit)
        visit.page.click("#highlights-progress [data-flow=change]")
        assert visit.page.get_by_role("button", name="Buscar momentos", exact=True).is_visible()
        nameless = visit.page.locator("#studio-tabs button:visible").evaluate_all(
            "all => all.filter(b => !(b.innerText.trim() || b.getAttribute('aria-label') || b.title)).map(b => b.outerHTML)"
        )
        assert nameless == []


def everything(visit: Visit) -> None:
    """Results in every tab."""
    moments(visit)
    visit.page.click("#highlights-rank")
    visit.see("#viral-view .vcard .tl-clip")
    visit.page.click("#viral-view [data-make=all]")
    visit.see("#viral-made video")
    visit.tab(2)
    visit.page.click("#sync-example")
    visit.see("#sync-view .sync[data-job] .seg")


@pytest.mark.parametrize(
    ("locale", "scheme"), [("es-ES", "light"), ("es-ES", "dark"), ("en-US", "light"), ("en-US", "dark")]
)
def test_axe_finds_nothing_serious(browser: Any, place: Place, locale: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()
    with Visit(browser, place.address, locale, scheme=scheme) as visit:
        everything(visit)
        assert visit.page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
        for number in range(4):
            visit.tab(number)
            visit.page.wait_for_timeout(300)
            found = [
                f"{v['id']}: {node['target']} {node['failureSummary']}"
                for v in axe.run(visit.page).response["violations"]
                if v["impact"] in {"serious", "critical"}
                for node in v["nodes"]
            ]
            assert found == [], TABS[visit.language][number]


TEXTS = """() => {
  const found = new Set();
  for (const node of document.querySelectorAll('.gradio-container *')) {
    if (node.closest('script, style, .said, [lang=en]')) continue;
    for (const name of ['aria-label', 'title', 'placeholder', 'alt']) if (node.getAttribute(name)) found.add(node.getAttribute(name));
    for (const child of node.childNodes) if (child.nodeType === 3 && child.textContent.trim() && node.checkVisibility()) found.add(child.textContent.trim());
  }
  return [...found];
}"""
ENGLISH = re.compile(
    r"\b(the|to|of|and|for|or|click|clicks?|files?|table|upload|full|screen|reset|more|copy|open|close|number|range|slider|drop|here|start|stop|"
    r"undo|redo|score|offset|download|play|language|remove|filter|search|loading|error message|use via|settings|view|time)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", [tag for tag in languages() if tag != "en"])
def test_nothing_is_left_in_english_on_other_pages(browser: Any, place: Place, language: str) -> None:
    with Visit(browser, place.address, language) as visit:
        everything(visit)
        shown: set[str] = set()
        for number in range(4):
            visit.tab(number)
            visit.page.wait_for_timeout(400)
            shown |= set(visit.page.evaluate(TEXTS))
        assert len(shown) > 120
        names = re.compile(r"(highlights_short_films|dubsync_1_film|dubsync_2_doblaje|viral_\d)(\.\w+)?")
        assert [text for text in shown if ENGLISH.search(names.sub("", text))] == []


def test_a_press_folds_the_form_shows_progress_in_view_and_then_the_result(browser: Any, place: Place) -> None:
    with Visit(browser, place.address, "es-ES", 390) as visit:
        page = visit.page
        page.evaluate(WATCH)
        page.click("#highlights-example")
        visit.see("#highlights-view .stage[data-job] .card")
        assert page.evaluate("window.changed") is True, "something changed before the server answered"
        page.wait_for_function(IN_VIEW, arg="#highlights-progress .studio-done")
        assert not page.locator("#highlights-zone .drop").is_visible()
        page.click("#highlights-progress [data-flow=change]")
        assert page.locator("#highlights-zone .given li").inner_text().startswith("highlights_short_films")
        page.click("#highlights-go")
        visit.see("#highlights-progress .studio-done")
        page.wait_for_function(IN_VIEW, arg="#highlights-view video")


WATCH = """() => document.getElementById('highlights-example').addEventListener('click', () => {
  setTimeout(() => { window.changed = !document.querySelector('#highlights-flow .studio-soon').hidden; });
})"""
IN_VIEW = """(selector) => {
  const box = document.querySelector(selector)?.getBoundingClientRect();
  return Boolean(box && box.height && box.top >= 0 && box.top < innerHeight);
}"""


def test_a_changed_clip_is_never_downloaded_as_it_was(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        moments(visit)
        page, first = visit.page, newest(place, "highlights")
        page.locator(".strip[data-n='1'] [data-edge=end]").press("PageDown")
        link = page.locator(".card[data-n='1'] a[data-get]")
        assert link.inner_text() == "Crear y descargar"
        with page.expect_download() as download:
            link.click()
        made = newest(place, "compile")
        assert f"/api/files/{made.id}/" in download.value.url
        assert [c.span.end for c in made.request.clips] == [34.0]
        page.locator(".card[data-n='2'] .pic").click()
        page.locator(".strip[data-n='2'] [data-edge=start]").press("PageUp")
        with page.expect_download() as download:
            page.click("#highlights-files a[data-zip]")
        assert f"/api/download/{first.id}?edited" in download.value.url
        assert edits.made_by(first) == {job.id for job in place.jobs.list() if job.kind == "compile"} & edits.made_by(
            first
        )
        assert len(edits.made_by(first)) == 2


def test_a_corrected_word_reaches_the_subtitles_that_are_downloaded(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        visit.tab(1)
        page.click("#viral-example")
        visit.see("#viral-view .viral[data-job] .vcard")
        page.locator("[data-fix='1:0']").click()
        page.keyboard.type(" y amigas")
        page.keyboard.press("Enter")
        with page.expect_download():
            page.locator(".vcard[data-n='1'] a[data-get=url]").click()
        made = newest(place, "compile")
        assert made.request.texts[0].text.endswith("y amigas")
        visit.reload()
        assert made.id in visit.see(".vcard[data-n='1']").get_attribute("data-src")
        assert page.locator(".vcard[data-n='1'] a[data-get=url]").inner_text() == "Descargar"


def test_keys_move_the_player_set_edges_and_add_a_moment(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        moments(visit)
        page = visit.page
        page.wait_for_function("document.querySelector('#highlights-view video').readyState > 0")
        page.locator("#highlights-view .when").first.click()
        page.keyboard.press("?")
        visit.see("dialog.keys")
        page.keyboard.press("Escape")
        page.locator("dialog.keys").wait_for(state="hidden")
        for key in (*["Shift+ArrowRight"] * 3, "ArrowRight", "o"):
            page.keyboard.press(key)
        assert page.locator(".card[data-n='1'] .when").inner_text() == "0:18,3–0:21,3"
        page.keyboard.press("m")
        own = visit.see(".card[data-n='3']")
        assert "añadido por ti" in own.inner_text()
        page.click("#highlights-view [data-undo]")
        own.wait_for(state="hidden")
        page.click("#highlights-view [data-redo]")
        own.wait_for(state="visible")
        eventually(lambda: edits.load(newest(place, "highlights")).get("added") == [[21.34, 36.34]])


def test_projects_are_found_named_opened_and_tried_again(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        moments(visit)
        visit.tab(2)
        page.click("#sync-example")
        visit.see("#sync-view .sync[data-job] .seg")
        visit.tab(3)
        mine = page.locator("#tasks-view article", has_text="highlights_short_films").first
        mine.wait_for()
        mine.locator("[data-act=rename]").click()
        page.keyboard.type("Mis cortos")
        page.keyboard.press("Enter")
        eventually(lambda: newest(place, "highlights").title == "Mis cortos")
        eventually(lambda: newest(place, "analyse").is_finished)
        page.locator("#projects-search :is(input, textarea)").fill("cortos")
        page.locator("#tasks-view article", has_text="dubsync").first.wait_for(state="detached")
        page.locator("#tasks-view [data-act=delete]").first.click()
        page.locator("#tasks-view [data-act=restore]").first.click()
        page.locator("#tasks-view [data-act=again]").first.click()
        visit.see("#highlights-zone .given li")
        assert page.locator("#highlights-view .card").count() == 0
        visit.tab(3)
        page.locator("#tasks-view [data-act=open]").first.click()
        visit.see("#highlights-view .stage[data-job] .card")
        visit.tab(3)
        page.locator("#projects-search :is(input, textarea)").fill("")
        page.locator("#tasks-view article", has_text="dubsync").first.locator("[data-act=review]").click()
        visit.see("#review-place")  # the section is there, unfolded
        assert page.locator("#tasks-view [data-act=review]").count() == 1  # highlights have no joins


def test_the_library_is_browsed_searched_and_picked_from(browser: Any, tmp_path: Path, monkeypatch: Any) -> None:
    films = tmp_path / "films"
    (films / "Cine").mkdir(parents=True)
    (films / "Cine" / "La abuela.mp4").write_bytes((EXAMPLES / "viral_3.mp4").read_bytes())
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "temp" / "gradio"))
    library = {"media_source_enabled": True, "media_source_path": films}
    with page_server(tmp_path, PAGE_KINDS, **library) as own, Visit(browser, own.address) as visit:
        visit.page.click("[data-library]")
        assert visit.see(".picker li button").inner_text().startswith("Cine")
        visit.page.locator(".picker input[type=search]").fill("abuela")
        visit.page.get_by_role("button", name="La abuela.mp4").click()
        visit.see("#highlights-file .given li.ok")
        visit.page.click("#highlights-go")
        visit.see("#highlights-view .stage[data-job] .card")
        assert own.jobs.list()[0].request.source == films / "Cine" / "La abuela.mp4"


def test_moments_can_be_chosen_before_anything_is_made(browser: Any, place: Place) -> None:
    with Visit(browser, place.address) as visit:
        page = visit.page
        page.get_by_role("button", name="Más ajustes").first.click()
        page.get_by_label("Crear los clips enseguida").uncheck()
        moments(visit)
        found = newest(place, "highlights")
        assert not found.request.render
        page.locator(".card[data-n='1'] .pic").click()
        page.wait_for_function(
            "document.querySelector('#highlights-view video').getAttribute('src').includes('highlights_short_films')"
        )
        page.locator("[data-want='2']").check()
        page.click("#highlights-view [data-apply]")
        page.locator("[data-want='2']").wait_for(state="detached")
        assert page.locator("[data-want='1']").is_visible(), "what is not ticked is not made"
        assert [c.span.start for c in newest(place, "compile").request.clips] == [82.0]
        assert edits.made_by(found) == {newest(place, "compile").id}
