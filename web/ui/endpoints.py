"""The product for programs: named, typed endpoints of the Gradio client (and MCP tools), apart from the page's own handlers.

Files go in as uploads, JSON comes out; clips are named by addresses of this server. Each endpoint submits to the same queue as the
page and waits for its job.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from pipeline.errors import StudioError
from web.answers import public_result
from web.ui.language import language_of
from web.ui.work import Page, chosen_source, owner_of, say_error, shown

POLL = 0.2


def register(page: Page) -> None:
    """Adds the endpoints to the Blocks being built."""

    def find_highlights(
        video: str | None,
        url: str,
        clips: float,
        min_duration: float,
        max_duration: float,
        request: gr.Request,
        progress: Any = gr.Progress(),
    ) -> Any:
        """Find the moments of a long video worth sharing and render them as clips.

        Args:
            video: the video or audio file.
            url: instead of a file: an http(s) address, or a path in the media library.
            clips: how many at most.
            min_duration: shortest clip in seconds.
            max_duration: longest clip in seconds.
        """
        options = {"clips": int(clips), "min_duration": min_duration, "max_duration": max_duration}
        return _one(page, "highlights", "source", (video, url), options, request, progress)

    def rank_clips(
        videos: list[str] | None,
        language: str,
        min_score: float,
        all_clips: bool,
        request: gr.Request,
        progress: Any = gr.Progress(),
    ) -> Any:
        """Rank short clips by how well they will travel, with every point of the score explained.

        Args:
            videos: the clips.
            language: two letters, or auto.
            min_score: threshold from 0 to 1.
            all_clips: also list those under the threshold.
        """

        def params() -> dict[str, Any]:
            sources = [str(chosen_source(page, v, None)) for v in videos or []]
            return {
                "clips": [{"source": s} for s in sources],
                "language": language,
                "min_score": min_score,
                "all": all_clips,
            }

        return _run(page, "rank", params, request, progress)

    def transcribe(
        media: str | None, url: str, language: str, request: gr.Request, progress: Any = gr.Progress()
    ) -> Any:
        """Write down what is said, with the time of every word.

        Args:
            media: a video or audio file.
            url: instead of a file: an http(s) address, or a path in the media library.
            language: two letters, or auto.
        """
        return _one(page, "transcribe", "source", (media, url), {"language": language}, request, progress)

    def sync_dub(
        original: str | None,
        dub: str | None,
        quick: bool,
        write: bool,
        fill: str,
        codec: str,
        request: gr.Request,
        progress: Any = gr.Progress(),
    ) -> Any:
        """Find where every second of a dub belongs in the film, and write one MKV with both tracks in sync.

        Args:
            original: the film in its original version.
            dub: its dub from another release, video or audio.
            quick: music and picture only, without listening to the phrases.
            write: write the MKV; otherwise only analyse.
            fill: silence, original or bed where the dub has nothing.
            codec: flac, eac3 or aac for an edited dub.
        """

        def params() -> dict[str, Any]:
            files = {"original": str(chosen_source(page, original, None)), "dub": str(chosen_source(page, dub, None))}
            return {**files, "quick": quick, "fill": fill, "codec": codec}

        return _run(page, "sync" if write else "analyse", params, request, progress)

    low, high = page.settings.min_clip_duration, page.settings.max_clip_duration
    _offer(
        find_highlights,
        [
            gr.File(visible=False),
            _text("url"),
            _number("clips", 10),
            _number("min_duration", low),
            _number("max_duration", high),
        ],
    )
    _offer(
        rank_clips,
        [
            gr.File(visible=False, file_count="multiple"),
            _text("language", "auto"),
            _number("min_score", page.settings.min_viral_score),
            _flag("all_clips"),
        ],
    )
    _offer(transcribe, [gr.File(visible=False), _text("url"), _text("language", "auto")])
    _offer(
        sync_dub,
        [
            gr.File(visible=False),
            gr.File(visible=False),
            _flag("quick"),
            _flag("write", True),
            _text("fill", "silence"),
            _text("codec", "flac"),
        ],
    )


def _text(name: str, value: str = "") -> gr.Textbox:
    return gr.Textbox(value, label=name, visible=False)


def _number(name: str, value: float) -> gr.Number:
    return gr.Number(value, label=name, visible=False)


def _flag(name: str, value: bool = False) -> gr.Checkbox:
    return gr.Checkbox(value, label=name, visible=False)


def _offer(function: Callable[..., Any], inputs: list[Any]) -> None:
    button, answer = gr.Button(visible=False), gr.JSON(visible=False, label="result")
    button.click(function, inputs, answer, api_name=function.__name__, concurrency_limit=None, show_progress="hidden")


def _one(
    page: Page,
    kind: str,
    key: str,
    given: tuple[str | None, str],
    options: dict[str, Any],
    request: gr.Request,
    progress: Any,
) -> Any:
    return _run(page, kind, lambda: {key: str(chosen_source(page, *given)), **options}, request, progress)


def _run(page: Page, kind: str, params: Callable[[], dict[str, Any]], request: gr.Request, progress: Any) -> Any:
    language = language_of(request)
    try:
        wanted = params()
        job_id = page.jobs.submit(kind, wanted, owner=owner_of(request), title=_title(wanted))
        while not (job := page.jobs.wait(job_id, timeout=POLL)).is_finished:
            progress(job.fraction, desc=str(job.message or ""))
    except StudioError as error:
        raise shown(error, request) from error
    if job.state != "done":
        raise gr.Error(say_error(job, language))
    return {"task_id": job.id, **public_result(job, page.settings, language)}


def _title(params: dict[str, Any]) -> str:
    paths = [v for v in params.values() if isinstance(v, str) and v.startswith("/")]
    paths += [c["source"] for c in params.get("clips", [])[:1]]
    return " + ".join(p.rsplit("/", 1)[-1] for p in paths)


__all__ = ["register"]
