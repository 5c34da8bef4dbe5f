"""The viral clips tab: clips in, a ranking with every point explained out; then cut, frame, caption and download."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.errors import BadRequest, StudioError
from pipeline.messages import localise
from web.answers import public_result
from web.jobs import Job
from web.ui.examples import example_files
from web.ui.language import label, language_of, tell
from web.ui.theme import asset
from web.ui.viral_view import keyword_table, score_table, view
from web.ui.work import Early, Page, chosen_source, follow, notes, owner_of, shown
from web.workflows import EARLY

N_OUTPUTS = 9
ASPECTS = ("source", "9:16", "1:1", "16:9")
FRAMINGS = ("follow", "bars", "centre")
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


def build(page: Page, demo: gr.Blocks, clips: gr.State) -> None:  # noqa: C901 - handlers are closures over the components
    """Lays out the tab and wires it; ``clips`` is the Highlights tab's result, so nothing is uploaded twice."""
    gr.Markdown(label("ui.viral.intro"))
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            files = gr.File(
                label=label("ui.viral.files"), file_count="multiple", type="filepath", elem_id="viral-files"
            )
            address = gr.Textbox(label=label("ui.address"), max_lines=1)
            example = gr.Button(
                label("ui.example"), size="sm", visible=bool(example_files("viral")), elem_id="viral-example"
            )
            look = _look_options()
            with gr.Accordion(label("ui.advanced"), open=False):
                language = gr.Textbox(
                    "auto", label=label("ui.viral.language"), info=label("ui.viral.language_info"), max_lines=1
                )
                threshold = gr.Slider(0, 1, page.settings.min_viral_score, step=0.01, label=label("ui.viral.threshold"))
                everything = gr.Checkbox(True, label=label("ui.viral.all"))
            with gr.Row():
                go = gr.Button(label("ui.viral.go"), variant="primary", elem_id="viral-go")
                mine = gr.Button(label("ui.viral.from_highlights"), elem_id="viral-mine")
                stop = gr.Button(label("ui.stop"), variant="stop", visible=False, elem_id="viral-stop")
        with gr.Column(scale=3, min_width=320):
            progress = gr.HTML(elem_id="viral-progress")
            board = gr.HTML(label("ui.viral.empty"), js_on_load=asset("viral.js"), elem_id="viral-view")
            editing, edit = _edit_panel()
            made = gr.HTML(elem_id="viral-made")
            scores = gr.Dataframe(
                visible=False, interactive=False, wrap=True, show_search="filter", label=label("ui.viral.scores")
            )
            words = gr.Dataframe(visible=False, interactive=False, wrap=True, label=label("ui.viral.keywords"))
            links = gr.HTML(elem_id="viral-links")
    running, ranked, chosen = gr.State(""), gr.State(""), gr.State([])
    last = gr.BrowserState("", storage_key="studio-viral", secret=page.settings.data_dir.name)
    outputs = [progress, board, scores, words, links, running, editing, go, stop]
    look_names = tuple(look)
    options = [language, threshold, everything, *look.values()]

    def begin(
        given: Sequence[Mapping[str, Any]], rest: Sequence[Any], request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        params = {
            "clips": list(given),
            "language": rest[0],
            "min_score": rest[1],
            "all": rest[2],
            **dict(zip(look_names, rest[3:], strict=True)),
        }
        job_id = page.jobs.submit("rank", params, owner=owner_of(request), title=str(given[0].get("name", "")))
        yield from watch(page, job_id, language_of(request))

    def start(request: gr.Request, files: list[str] | None, address: str, *rest: Any) -> Iterator[tuple[Any, ...]]:
        try:
            yield from begin(_given(page, files, address), rest, request)
        except StudioError as error:
            raise shown(error, request) from error

    def start_mine(request: gr.Request, found: Mapping[str, str], *rest: Any) -> Iterator[tuple[Any, ...]]:
        try:
            yield from begin(_from_highlights(page, found), rest, request)
        except StudioError as error:
            raise shown(error, request) from error

    def resume(job_id: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        try:
            page.jobs.get(job_id)
        except StudioError:
            yield tuple(gr.skip() for _ in range(N_OUTPUTS))
            return
        yield from watch(page, job_id, language_of(request))

    def pick(event: gr.EventData, job_id: str) -> tuple[Any, Any]:
        data = event._data or {}
        if "sentences" in data:
            return data["sentences"], gr.skip()
        return gr.skip(), int(data.get("clip", 1))

    def cut(request: gr.Request, job_id: str, chosen: list[dict[str, Any]], mode: str, number: float, start: float, end: float, fixes: str,
            *rest: Any) -> Iterator[str]:  # fmt: skip
        try:
            params = _cut_params(page.jobs.get(job_id), mode, chosen, int(number), (start, end))
            params |= {"corrections": _corrections(fixes), **dict(zip(look_names, rest, strict=True))}
            made_job = page.jobs.submit(
                "compile", params, owner=owner_of(request), title=tell("ui.viral.cut_title", language_of(request))
            )
        except StudioError as error:
            raise shown(error, request) from error
        for card, job in follow(page, made_job, language_of(request)):
            yield card if not job.is_finished else card + _made(page, job, language_of(request))

    go.click(start, [files, address, *options], outputs, **QUIET)
    mine.click(start_mine, [clips, *options], outputs, **QUIET)
    shown_example = example.click(
        lambda: ([str(p) for p in example_files("viral")], ""), None, [files, address], **QUIET
    )
    shown_example.then(start, [files, address, *options], outputs, **QUIET)
    stop.click(lambda job_id: page.jobs.cancel(job_id) if job_id else None, running, None, **QUIET)
    running.change(
        lambda job_id: (job_id, job_id), running, [last, ranked], show_progress="hidden", api_visibility="private"
    )
    board.select(pick, ranked, [chosen, edit["number"]], **QUIET).then(
        lambda found: gr.update(value="sentences") if found else gr.skip(), chosen, edit["mode"], **QUIET
    )
    controls = [ranked, chosen, edit["mode"], edit["number"], edit["start"], edit["end"], edit["fixes"], *look.values()]
    edit["go"].click(cut, controls, made, **QUIET)
    demo.load(resume, last, outputs, **QUIET)


def _look_options() -> dict[str, Any]:
    aspect = gr.Radio(
        [(label(f"ui.aspect.{a.replace(':', 'x')}"), a) for a in ASPECTS],
        value="9:16",
        label=label("ui.viral.aspect"),
        elem_id="viral-aspect",
    )
    framing = gr.Radio(
        [(label(f"ui.framing.{f}"), f) for f in FRAMINGS], value="follow", label=label("ui.viral.framing")
    )
    captions = gr.Checkbox(True, label=label("ui.viral.captions"))
    hook = gr.Textbox(label=label("ui.viral.hook"), info=label("ui.viral.hook_info"), max_lines=1)
    return {"aspect": aspect, "framing": framing, "captions": captions, "hook": hook}


def _edit_panel() -> tuple[gr.Group, dict[str, Any]]:
    with gr.Group(visible=False, elem_id="viral-edit") as group:
        with gr.Row():
            modes = ("nudge", "sentences", "smart", "all")
            mode = gr.Radio([(label(f"ui.cut.{m}"), m) for m in modes], value="nudge", label=label("ui.viral.cut"))
            number = gr.Number(1, precision=0, minimum=1, label=label("ui.viral.number"))
        with gr.Row():
            start = gr.Slider(-10, 10, 0, step=0.1, label=label("ui.viral.nudge_start"))
            end = gr.Slider(-10, 10, 0, step=0.1, label=label("ui.viral.nudge_end"))
        fixes = gr.Textbox(label=label("ui.viral.fixes"), info=label("ui.viral.fixes_info"), max_lines=1)
        go = gr.Button(label("ui.viral.make"), variant="primary", elem_id="viral-make")
    return group, {"mode": mode, "number": number, "start": start, "end": end, "fixes": fixes, "go": go}


def _given(page: Page, files: list[str] | None, address: str) -> list[dict[str, Any]]:
    if address and address.strip():
        source = chosen_source(page, None, address)
        return [{"source": str(source), "name": source.name}]
    if not files:
        raise BadRequest("error.nothing_given")
    return [{"source": path, "name": Path(path).name} for path in files]


def _from_highlights(page: Page, found: Mapping[str, str]) -> list[dict[str, Any]]:
    """The moments of the first tab as stretches of their video: it was listened to already, as a whole."""
    job = page.jobs.get(found["job"]) if found.get("job") else None
    clips = (job.result or {}).get("clips", []) if job else []
    if not job or not clips:
        raise BadRequest("error.no_highlights")
    return [
        {"source": job.params["source"], "start": c["start"], "end": c["end"], "name": f"{n}. {job.title}"}
        for n, c in enumerate(clips, 1)
    ]


def _cut_params(
    job: Job, mode: str, chosen: Sequence[Mapping[str, Any]], number: int, nudge: tuple[float, float]
) -> dict[str, Any]:
    clips = [*(job.result or {}).get("viral_clips", []), *(job.result or {}).get("closest", [])]
    if not clips:
        raise BadRequest("error.no_ranking")
    if mode == "all":
        return {"clips": [_piece(c) for c in clips if c.get("kept")] or [_piece(clips[0])]}
    if mode == "sentences":
        if not chosen:
            raise BadRequest("error.no_sentences")
        return {"clips": _runs(clips, chosen)}
    clip = clips[min(max(number, 1), len(clips)) - 1]
    if mode == "smart":
        return {"clips": [_piece(clip)], "smart": True}
    return {"clips": [{**_piece(clip), "start": max(0.0, clip["start"] + nudge[0]), "end": clip["end"] + nudge[1]}]}


def _piece(clip: Mapping[str, Any]) -> dict[str, Any]:
    return {"source": clip["source"], "start": clip["start"], "end": clip["end"], "name": clip.get("title", "")}


def _runs(clips: Sequence[Mapping[str, Any]], chosen: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Ticked sentences as pieces, neighbours joined, with a breath of air that never reaches the next sentence."""
    pieces: list[dict[str, Any]] = []
    before: tuple[int, int] | None = None
    for item in chosen:
        n, i = int(item["clip"]), int(item["sentence"])
        if not 1 <= n <= len(clips) or not 0 <= i < len(clips[n - 1].get("sentences", ())):
            continue
        clip, sentences = clips[n - 1], clips[n - 1]["sentences"]
        low = (sentences[i - 1]["end"] + sentences[i]["start"]) / 2 if i else 0.0
        high = (sentences[i]["end"] + sentences[i + 1]["start"]) / 2 if i + 1 < len(sentences) else clip["duration"]
        start, end = max(low, sentences[i]["start"] - 0.15), min(high, sentences[i]["end"] + 0.35)
        if before == (n, i - 1):
            pieces[-1]["end"] = clip["start"] + end
        else:
            pieces.append({"source": clip["source"], "start": clip["start"] + start, "end": clip["start"] + end})
        before = (n, i)
    return pieces


def _corrections(text: str) -> dict[str, str]:
    """``ohla=hola, adios=adiós`` → what is heard, what is written."""
    pairs = (item.partition("=") for item in (text or "").split(","))
    return {wrong.strip(): right.strip() for wrong, sign, right in pairs if sign and wrong.strip() and right.strip()}


def watch(page: Page, job_id: str, language: str) -> Iterator[tuple[Any, ...]]:
    """What the tab shows while a ranking runs and when it has ended."""
    skip, early = gr.skip(), Early(EARLY)
    for card, job in follow(page, job_id, language):
        if not job.is_finished:
            yield (
                card,
                _so_far(early, job, language),
                skip,
                skip,
                skip,
                job_id,
                skip,
                gr.update(visible=False),
                gr.update(visible=True),
            )
        elif job.state != "done" or job.result is None:
            yield card, skip, skip, skip, skip, job_id, skip, gr.update(visible=True), gr.update(visible=False)
        else:
            yield _finished(page, job, card, language)


def _so_far(early: Early, job: Job, language: str) -> Any:
    """Scores and transcripts while the clips are still rendered."""
    file = early.news(job)
    if file is None:
        return gr.skip()
    found = localise(json.loads(file.read_text(encoding="utf-8")), language)
    return view([*found["viral_clips"], *found["closest"]], language)


def _finished(page: Page, job: Job, card: str, language: str) -> tuple[Any, ...]:
    result = public_result(job, page.settings, language)
    clips = [*result["viral_clips"], *result["closest"]]
    remarks = [*([] if result["viral_clips"] else [result["message"]]), *result["notes"]]
    remarks += [f"{s['title']}: {s['message']}" for s in result["skipped"]]
    scores, words = score_table(clips, language), keyword_table(clips, language)
    return (
        card + notes(list(dict.fromkeys(remarks))), view(clips, language), gr.update(value=scores, visible=bool(clips)),
        gr.update(value=words, visible=len(words) > 0), _links(job, clips, language), job.id, gr.update(visible=bool(clips)),
        gr.update(visible=True), gr.update(visible=False),
    )  # fmt: skip


def _links(job: Job, clips: Sequence[Mapping[str, Any]], language: str) -> str:
    if not clips:
        return ""
    from urllib.parse import quote

    table = score_table(clips, language)
    csv = quote(table.to_csv(index=False))
    rows = quote(json.dumps([dict(c) for c in clips], ensure_ascii=False))
    return (
        f'<div class="studio studio-files"><a href="/api/download/{job.id}">{tell("ui.download_zip", language)}</a>'
        f'<a download="ranking.csv" href="data:text/csv;charset=utf-8,{csv}">CSV</a>'
        f'<a download="ranking.json" href="data:application/json;charset=utf-8,{rows}">JSON</a></div>'
    )


def _made(page: Page, job: Job, language: str) -> str:
    if job.state != "done" or job.result is None:
        return ""
    result = public_result(job, page.settings, language)
    extras = "".join(
        f'<a href="{result[k]}" download>{k.upper()}</a>' for k in ("srt", "vtt", "otio", "edl") if result.get(k)
    )
    return (
        f'<div class="studio studio-files"><video controls playsinline preload="metadata" src="{result["output"]}" '
        f'aria-label="{tell("ui.player", language)}" style="max-width:100%;max-height:60vh;border-radius:10px"></video>'
        f'<p><a href="/api/download/{job.id}">{tell("ui.download_clip", language)}</a>{extras}</p></div>'
    )
