"""The dub sync tab: film and dub in, where the dub belongs as a picture, one MKV out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from pipeline.errors import StudioError
from pipeline.messages import localise
from web.answers import public_result
from web.jobs import Job
from web.sync_jobs import PLAN, load_plan, plan_json
from web.ui.dubsync_view import phrases, plot, segment_table, verdict_card
from web.ui.examples import example_files
from web.ui.language import label, language_of, tell
from web.ui.preview import join_views, preview
from web.ui.theme import asset
from web.ui.work import Early, Page, chosen_source, follow, notes, owner_of, shown

N_OUTPUTS = 11
FILLS = ("silence", "original", "bed")
CODECS = ("flac", "eac3", "aac")
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


def build(page: Page, demo: gr.Blocks) -> None:
    """Lays out the tab and wires it."""
    gr.Markdown(label("ui.sync.intro"))
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            film = gr.File(label=label("ui.sync.film"), file_count="single", type="filepath", elem_id="sync-film")
            film_address = gr.Textbox(label=label("ui.address"), max_lines=1)
            dub = gr.File(label=label("ui.sync.dub"), file_count="single", type="filepath", elem_id="sync-dub")
            dub_address = gr.Textbox(label=label("ui.address"), max_lines=1)
            example = gr.Button(
                label("ui.example"), size="sm", visible=len(example_files("dubsync")) == 2, elem_id="sync-example"
            )
            with gr.Accordion(label("ui.advanced"), open=False):
                quick = gr.Checkbox(False, label=label("ui.sync.quick"), info=label("ui.sync.quick_info"))
                fill = gr.Radio(
                    [(label(f"ui.sync.fill.{f}"), f) for f in FILLS], value="silence", label=label("ui.sync.fill")
                )
                codec = gr.Radio([(c.upper(), c) for c in CODECS], value="flac", label=label("ui.sync.codec"))
                witness = gr.Radio(
                    [(label(f"ui.sync.follow.{w}"), w) for w in ("sound", "picture")],
                    value="sound",
                    label=label("ui.sync.follow"),
                )
                with gr.Row():
                    film_track = gr.Number(
                        -1, precision=0, minimum=-1, label=label("ui.sync.film_track"), info=label("ui.sync.track_info")
                    )
                    dub_track = gr.Number(
                        -1, precision=0, minimum=-1, label=label("ui.sync.dub_track"), info=label("ui.sync.track_info")
                    )
                name = gr.Textbox(label=label("ui.sync.name"), max_lines=1)
            with gr.Row():
                go = gr.Button(label("ui.sync.analyse"), variant="primary", elem_id="sync-go")
                stop = gr.Button(label("ui.stop"), variant="stop", visible=False, elem_id="sync-stop")
        with gr.Column(scale=2, min_width=320):
            progress = gr.HTML(elem_id="sync-progress")
            view = gr.HTML(label("ui.sync.empty"), js_on_load=asset("sync.js"), elem_id="sync-view")
            with gr.Group(visible=False) as editing:
                with gr.Row():
                    segment = gr.Number(
                        0,
                        precision=0,
                        minimum=0,
                        label=label("ui.sync.segment_choice"),
                        info=label("ui.sync.segment_info"),
                    )
                    nudge = gr.Slider(-2000, 2000, 0, step=1, label=label("ui.sync.nudge"))
                with gr.Row():
                    at = gr.Slider(0, 100, 0, step=0.1, label=label("ui.sync.listen_at"))
                    which = gr.Radio(
                        [(label(f"ui.sync.listen.{w}"), w) for w in ("original", "before", "after")],
                        value="after",
                        label=label("ui.sync.listen"),
                    )
                with gr.Row():
                    hear = gr.Button(label("ui.sync.hear"), elem_id="sync-hear")
                    write = gr.Button(label("ui.sync.write"), variant="primary", elem_id="sync-write")
                player = gr.Video(label=label("ui.player"), visible=False, elem_id="sync-player")
                joins = gr.HTML(elem_id="sync-joins")
            table = gr.Dataframe(
                visible=False,
                interactive=False,
                wrap=True,
                show_search="filter",
                column_widths=["8%", "34%", "8%", "34%", "8%", "8%"],
                label=label("ui.phrases"),
                elem_id="sync-phrases",
            )
            files = gr.HTML(elem_id="sync-files")
    running, analysed = gr.State(""), gr.State("")
    last = gr.BrowserState("", storage_key="studio-sync", secret=page.settings.data_dir.name)
    outputs = [progress, view, table, files, running, analysed, go, stop, editing, at, joins]
    options = [quick, fill, codec, witness, film_track, dub_track, name]

    def start(
        request: gr.Request, film: str | None, film_at: str, dub: str | None, dub_at: str, *rest: Any
    ) -> Iterator[tuple[Any, ...]]:
        try:
            params = _params(page, (film, film_at), (dub, dub_at), rest)
            title = f"{params['original'].rsplit('/', 1)[-1]} + {params['dub'].rsplit('/', 1)[-1]}"
            job_id = page.jobs.submit("analyse", params, owner=owner_of(request), title=title)
        except StudioError as error:
            raise shown(error, request) from error
        yield from watch(page, job_id, language_of(request))

    def finish(
        request: gr.Request, analysed: str, segment: float, nudge: float, *rest: Any
    ) -> Iterator[tuple[Any, ...]]:
        try:
            before = page.jobs.get(analysed)
            params = {
                **dict(before.params),
                **_options(rest),
                "plan_job": analysed,
                "plan": str(before.folder / PLAN),
                "nudges": _nudges(segment, nudge),
                "interface": language_of(request),
            }
            job_id = page.jobs.submit("sync", params, owner=owner_of(request), title=before.title)
        except StudioError as error:
            raise shown(error, request) from error
        yield from watch(page, job_id, language_of(request))

    def resume(job_id: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        try:
            page.jobs.get(job_id)
        except StudioError:
            yield tuple(gr.skip() for _ in range(N_OUTPUTS))
            return
        yield from watch(page, job_id, language_of(request))

    def listen(analysed: str, segment: float, nudge: float, at: float, which: str, request: gr.Request) -> Any:
        try:
            return gr.update(
                value=str(preview(page, page.jobs.get(analysed), at, which, _nudges(segment, nudge))), visible=True
            )
        except StudioError as error:
            raise shown(error, request) from error

    def pick(event: gr.EventData, analysed: str) -> tuple[float, float]:
        number = int(event._data["segment"])
        segments = (page.jobs.get(analysed).result or {}).get("segments", [])
        return number + 1, float(segments[number]["original_start"]) + 2.0 if number < len(segments) else 0.0

    go.click(start, [film, film_address, dub, dub_address, *options], outputs, **QUIET)
    given = [film, film_address, dub, dub_address]
    example.click(_example, None, given, **QUIET).then(start, [*given, *options], outputs, **QUIET)
    write.click(finish, [analysed, segment, nudge, *options], outputs, **QUIET)
    stop.click(lambda job_id: page.jobs.cancel(job_id) if job_id else None, running, None, **QUIET)
    hear.click(listen, [analysed, segment, nudge, at, which], player, show_progress_on=player, api_visibility="private")
    view.select(pick, analysed, [segment, at], **QUIET)
    running.change(lambda job_id: job_id, running, last, show_progress="hidden", api_visibility="private")
    demo.load(resume, last, outputs, **QUIET)


def _example() -> tuple[str, str, str, str]:
    film, dub = example_files("dubsync")
    return str(film), "", str(dub), ""


def _params(
    page: Page, film: tuple[str | None, str], dub: tuple[str | None, str], rest: tuple[Any, ...]
) -> dict[str, Any]:
    original, other = chosen_source(page, *film), chosen_source(page, *dub)
    page.engine.probe(original)
    page.engine.probe(other)
    return {"original": str(original), "dub": str(other), **_options(rest)}


def _options(rest: tuple[Any, ...]) -> dict[str, Any]:
    quick, fill, codec, witness, film_track, dub_track, name = rest
    tracks = {
        key: int(value)
        for key, value in (("original_stream", film_track), ("dub_stream", dub_track))
        if value is not None and value >= 0
    }
    return {
        "quick": bool(quick),
        "fill": fill,
        "codec": codec,
        "follow": witness,
        "name": (name or "").strip(),
        **tracks,
    }


def _nudges(segment: float, nudge: float) -> list[dict[str, float]]:
    """``segment`` 0 is all of them, else its number from 1."""
    return [{"segment": int(segment or 0) - 1, "ms": float(nudge)}] if nudge else []


def watch(page: Page, job_id: str, language: str) -> Iterator[tuple[Any, ...]]:
    """What the tab shows while a job runs (the map improves as witnesses speak) and when it has ended."""
    early = Early(PLAN)
    for card, job in follow(page, job_id, language):
        if job.is_finished:
            yield _finished(page, job, card, language)
        else:
            buttons = gr.update(visible=False), gr.update(visible=True)
            yield (
                card,
                _so_far(early, job, language),
                gr.skip(),
                gr.skip(),
                job_id,
                gr.skip(),
                *buttons,
                gr.skip(),
                gr.skip(),
                gr.skip(),
            )


def _so_far(early: Early, job: Job, language: str) -> Any:
    """The map as it is while speech is still listened to."""
    file = early.news(job) if job.kind == "analyse" else None
    return gr.skip() if file is None else whole_view(localise(plan_json(load_plan(file)), language), language)


def _finished(page: Page, job: Job, card: str, language: str) -> tuple[Any, ...]:
    buttons = gr.update(visible=True), gr.update(visible=False)
    skip = gr.skip()
    if job.result is None or job.state != "done":
        return card, skip, skip, skip, job.id, skip, *buttons, skip, skip, skip
    plan = public_result(job, page.settings, language)
    accepted = plan["verdict"] != "refuse" and bool(plan["segments"])
    table = phrases(plan, language)
    first = job.id if job.kind == "analyse" else str(job.params.get("plan_job", job.id))
    ready = tell("ui.sync.ready", language)
    link = (
        f'<div class="studio studio-files"><a href="/api/download/{job.id}">{ready}</a></div>'
        if plan.get("output")
        else ""
    )
    return (
        card + notes(plan.get("doubts", [])), whole_view(plan, language), gr.update(value=table, visible=len(table) > 0), link, job.id,
        first, *buttons, gr.update(visible=accepted), gr.update(maximum=max(1.0, float(plan.get("original_duration") or 100.0))),
        join_views(plan, language),
    )  # fmt: skip


def whole_view(plan: Mapping[str, Any], language: str) -> str:
    """Verdict, plot and segments in one."""
    return f'<div class="studio sync">{verdict_card(plan, language)}{plot(plan, language)}{segment_table(plan, language)}</div>'
