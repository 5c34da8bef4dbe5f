"""The Highlights tab: a long video in, its moments on a timeline out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from pipeline.errors import StudioError
from pipeline.messages import clock
from web.answers import public_result
from web.jobs import Job
from web.ui.examples import example_files
from web.ui.language import label, language_of, tell
from web.ui.stage import stage
from web.ui.theme import asset
from web.ui.work import Page, chosen_source, follow, notes, owner_of, shown

N_OUTPUTS = 8
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


def build(page: Page, demo: gr.Blocks) -> gr.State:
    """Lays out the tab and wires it; returns the state that holds the clips for the other tabs: ``{"job": id}``."""
    settings = page.settings
    gr.Markdown(label("ui.highlights.intro"))
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            file = gr.File(label=label("ui.file"), file_count="single", type="filepath", elem_id="highlights-file")
            address = gr.Textbox(label=label("ui.address"), placeholder="https://…", max_lines=1)
            example = gr.Button(
                label("ui.example"), size="sm", visible=bool(example_files("highlights")), elem_id="highlights-example"
            )
            with gr.Accordion(label("ui.advanced"), open=False):
                count = gr.Slider(1, 30, 8, step=1, label=label("ui.highlights.count"))
                low = gr.Slider(1, 180, settings.min_clip_duration, step=1, label=label("ui.highlights.min"))
                high = gr.Slider(5, 600, settings.max_clip_duration, step=1, label=label("ui.highlights.max"))
                speech = gr.Checkbox(True, label=label("ui.highlights.speech"), info=label("ui.highlights.speech_info"))
                fast = gr.Checkbox(False, label=label("ui.highlights.fast"), info=label("ui.highlights.fast_info"))
            with gr.Row():
                go = gr.Button(label("ui.highlights.go"), variant="primary", elem_id="highlights-go")
                stop = gr.Button(label("ui.stop"), variant="stop", visible=False, elem_id="highlights-stop")
        with gr.Column(scale=2, min_width=320):
            progress = gr.HTML(elem_id="highlights-progress")
            view = gr.HTML(label("ui.highlights.empty"), js_on_load=asset("stage.js"), elem_id="highlights-view")
            table = gr.Dataframe(
                visible=False, interactive=False, wrap=True, show_search="filter", label=label("ui.highlights.table")
            )
            files = gr.HTML(elem_id="highlights-files")
    running = gr.State("")
    clips = gr.State({})
    last = gr.BrowserState("", storage_key="studio-highlights", secret=page.settings.data_dir.name)
    outputs = [progress, view, table, files, running, clips, go, stop]

    def start(
        file: str | None,
        address: str,
        count: int,
        low: float,
        high: float,
        speech: bool,
        fast: bool,
        request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        try:
            source = chosen_source(page, file, address)
            job_id = submit(page, source, owner_of(request), clips=int(count), min_duration=low, max_duration=high,
                            transcribe=speech, fast=fast)  # fmt: skip
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

    def cancel(job_id: str) -> None:
        if job_id:
            page.jobs.cancel(job_id)

    inputs = [file, address, count, low, high, speech, fast]
    go.click(start, inputs, outputs, show_progress="hidden", api_visibility="private", concurrency_limit=None)
    running.change(lambda job_id: job_id, running, last, show_progress="hidden", api_visibility="private")
    example.click(_example, None, [file, address], **QUIET).then(start, inputs, outputs, **QUIET)
    stop.click(cancel, running, None, show_progress="hidden", api_visibility="private", concurrency_limit=None)
    demo.load(resume, last, outputs, show_progress="hidden", api_visibility="private", concurrency_limit=None)
    return clips


def _example() -> tuple[str, str]:
    return str(example_files("highlights")[0]), ""


def submit(page: Page, source: Path, owner: str, **options: Any) -> str:
    """Queues a highlights job on a local file.

    Raises:
        UserError: the file is no media, or an option is out of range.
    """
    page.engine.probe(source)
    return page.jobs.submit("highlights", {"source": str(source), **options}, owner=owner, title=source.name)


def watch(page: Page, job_id: str, language: str) -> Iterator[tuple[Any, ...]]:
    """What the tab shows while a job runs and when it has ended."""
    for card, job in follow(page, job_id, language):
        if job.is_finished:
            yield _finished(page, job, card, language)
        else:
            yield (
                card,
                gr.skip(),
                gr.skip(),
                gr.skip(),
                job_id,
                gr.skip(),
                gr.update(visible=False),
                gr.update(visible=True),
            )


def _finished(page: Page, job: Job, card: str, language: str) -> tuple[Any, ...]:
    buttons = gr.update(visible=True), gr.update(visible=False)
    if job.state != "done" or job.result is None:
        return card, gr.skip(), gr.skip(), gr.skip(), job.id, gr.skip(), *buttons
    result = public_result(job, page.settings, language)
    clips = [_shown_clip(clip) for clip in result["clips"]]
    remarks = notes(result.get("doubts", []) if clips else [result["message"], *result.get("doubts", [])])
    return (
        card + remarks, stage(result, clips, language), gr.update(value=_table(clips, language), visible=bool(clips)),
        _downloads(job, language) if clips else "", job.id, {"job": job.id}, *buttons,
    )  # fmt: skip


def _shown_clip(clip: Mapping[str, Any]) -> dict[str, Any]:
    return {**clip, "reasons": [*clip.get("reasons", []), *clip.get("doubts", [])]}


def _table(clips: list[dict[str, Any]], language: str) -> pd.DataFrame:
    names = [tell(f"ui.table.{c}", language) for c in ("rank", "start", "end", "seconds", "score", "why")]
    rows = [
        (
            n,
            clock(c["start"]),
            clock(c["end"]),
            round(c["duration"], 1),
            round(100 * c["score"]),
            "; ".join(c["reasons"]),
        )
        for n, c in enumerate(clips, 1)
    ]
    return pd.DataFrame(rows, columns=names)


def _downloads(job: Job, language: str) -> str:
    settings = json.dumps(dict(job.params), ensure_ascii=False)
    return (
        f'<div class="studio studio-files"><a href="/api/download/{job.id}">{tell("ui.download_zip", language)}</a> '
        f'<a download="settings.json" href="data:application/json;charset=utf-8,{_quoted(settings)}">{tell("ui.download_settings", language)}</a></div>'
    )


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)
