"""The product for programs: named, typed endpoints of the Gradio client (and MCP tools), apart from the page's own handlers.

Files go in as uploads, JSON comes out; clips are named by addresses of this server. Each endpoint submits to the same queue as the
page and waits for its job.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from pipeline.errors import BadRequest, StudioError
from pipeline.files.received import Stored
from web.jobs.dubs import PLAN
from web.jobs.inputs import to_fetch
from web.rest.answers import public_result
from web.ui.following import Page, chosen_source, owner_of, say_error, shown
from web.ui.language import language_of
from web.ui.media_field import MediaField

POLL = 0.2


class Endpoints:
    """One method an endpoint; its name, parameters and docstring are what programs see."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def find_highlights(
        self, video: str | None = None, url: str = "", clips: float = 10, min_duration: float = 15, max_duration: float = 180,
        request: gr.Request = None, progress: Any = gr.Progress(),
    ) -> Any:  # fmt: skip
        """Find the moments of a long video worth sharing and render them as clips.

        Args:
            video: the video or audio file: an upload, an http(s) address, or a path in the media library.
            url: the same, as text alone.
            clips: how many at most.
            min_duration: shortest clip in seconds.
            max_duration: longest clip in seconds.
        """
        options = {"clips": int(clips), "min_duration": min_duration, "max_duration": max_duration}
        return self._one("highlights", (video, url), options, request, progress)

    def rank_clips(
        self, videos: list[str] | None = None, language: str = "auto", min_score: float = 0.3, all_clips: bool = False,
        aspect: str = "source", captions: bool = False, request: gr.Request = None, progress: Any = gr.Progress(),
    ) -> Any:  # fmt: skip
        """Rank short clips by how well they will travel, with every point of the score explained.

        Args:
            videos: the clips, each an upload, an http(s) address, or a path in the media library.
            language: two letters, or auto.
            min_score: threshold from 0 to 1.
            all_clips: also list those under the threshold.
            aspect: source, 9:16, 1:1 or 16:9.
            captions: burn captions into the rendered clips.
        """

        def params() -> dict[str, Any]:
            given = self._sources(videos, request, probe=False)  # one bad clip does not fail the others
            return {
                "clips": [{"source": str(s.path), "name": s.name} for s in given], "language": language, "min_score": min_score,
                "all": all_clips, "aspect": aspect, "captions": captions, **to_fetch(given),
            }  # fmt: skip

        return self._run("rank", params, request, progress)

    def compile_clip(
        self, videos: list[str] | None = None, cuts: str = "", aspect: str = "source", captions: bool = False,
        corrections: str = "{}", card: str = "", request: gr.Request = None, progress: Any = gr.Progress(),
    ) -> Any:  # fmt: skip
        """Cut stretches out of videos and join them into one clip ready to post, with its subtitles.

        Args:
            videos: the videos, each an upload, an http(s) address, or a path in the media library.
            cuts: JSON, [[video number from 1, start, end], …] in seconds, in the order in which they shall be seen.
            aspect: source, 9:16, 1:1 or 16:9.
            captions: burn captions into the clip.
            corrections: JSON, {heard word: written word} for the captions.
            card: a title on a card in front; empty for none.
        """

        def params() -> dict[str, Any]:
            given = self._sources(videos, request)
            return {
                "clips": _pieces(_given(cuts, list), [str(s.path) for s in given]), "aspect": aspect, "captions": captions,
                "corrections": _given(corrections or "{}", dict), "card": card, **to_fetch(given),
            }  # fmt: skip

        return self._run("compile", params, request, progress)

    def transcribe(
        self, media: str | None = None, url: str = "", language: str = "auto", request: gr.Request = None,
        progress: Any = gr.Progress(),
    ) -> Any:  # fmt: skip
        """Write down what is said, with the time of every word.

        Args:
            media: a video or audio file: an upload, an http(s) address, or a path in the media library.
            url: the same, as text alone.
            language: two letters, or auto.
        """
        return self._one("transcribe", (media, url), {"language": language}, request, progress)

    def analyse_dub(
        self, original: str | None = None, dub: str | None = None, quick: bool = False, request: gr.Request = None,
        progress: Any = gr.Progress(),
    ) -> Any:  # fmt: skip
        """Find where every second of a dub belongs in the film; nothing is written.

        Args:
            original: the film in its original version: an upload, an http(s) address, or a path in the media library.
            dub: its dub from another release, video or audio, named in the same way.
            quick: music and picture only, without listening to the phrases.
        """
        return self._run("analyse", lambda: {**self._pair(original, dub, request), "quick": quick}, request, progress)

    def sync_dub(
        self, original: str | None = None, dub: str | None = None, quick: bool = False, write: bool = True, fill: str = "silence",
        codec: str = "flac", request: gr.Request = None, progress: Any = gr.Progress(),
    ) -> Any:  # fmt: skip
        """Find where every second of a dub belongs in the film, and write one MKV with both tracks in sync.

        Args:
            original: the film in its original version: an upload, an http(s) address, or a path in the media library.
            dub: its dub from another release, video or audio, named in the same way.
            quick: music and picture only, without listening to the phrases.
            write: write the MKV; otherwise only analyse.
            fill: silence, original or bed where the dub has nothing.
            codec: flac, eac3 or aac for an edited dub.
        """
        options = {"quick": quick, "fill": fill, "codec": codec}
        params = lambda: {**self._pair(original, dub, request), **options}  # noqa: E731 - a file may be missing
        return self._run("sync" if write else "analyse", params, request, progress)

    def write_dub(
        self, task_id: str, nudges: str, fill: str, codec: str, request: gr.Request, progress: Any = gr.Progress()
    ) -> Any:
        """Write the film of an analysis that was made before, with segments moved by hand; nothing is analysed again.

        Args:
            task_id: the task of analyse_dub.
            nudges: JSON, [{"segment": number from 0 or -1 for all, "ms": later by}, …].
            fill: silence, original or bed where the dub has nothing.
            codec: flac, eac3 or aac for an edited dub.
        """

        def params() -> dict[str, Any]:
            before = self.page.job(task_id, request)
            if before.kind != "analyse":
                raise BadRequest(detail=f"task_id={task_id}")
            return {**before.params, "plan": str(before.folder / PLAN), "plan_job": task_id, "fill": fill, "codec": codec,
                    "nudges": _given(nudges or "[]", list)}  # fmt: skip

        return self._run("sync", params, request, progress)

    def _pair(self, original: str | None, dub: str | None, request: gr.Request) -> dict[str, Any]:
        film, other = (chosen_source(self.page, v, None, request) for v in (original, dub))
        return {"original": str(film.path), "dub": str(other.path), **to_fetch((film, other))}

    def _sources(self, named: list[str] | None, request: gr.Request, *, probe: bool = True) -> list[Stored]:
        if not named:
            raise BadRequest("error.nothing_given")
        return [chosen_source(self.page, n, None, request, probe=probe) for n in named]

    def _one(
        self, kind: str, given: tuple[str | None, str], options: Mapping[str, Any], request: gr.Request, progress: Any
    ) -> Any:
        def params() -> dict[str, Any]:
            source = chosen_source(self.page, *given, request)
            return {"source": str(source.path), **options} | to_fetch([source])

        return self._run(kind, params, request, progress)

    def _run(self, kind: str, params: Callable[[], dict[str, Any]], request: gr.Request, progress: Any) -> Any:
        page, language = self.page, language_of(request)
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


def register(page: Page) -> None:
    """Adds the endpoints to the Blocks being built."""
    offer, settings = Endpoints(page), page.settings
    low, high, score = settings.min_clip_duration, settings.max_clip_duration, settings.min_viral_score
    _offer(
        offer.find_highlights,
        _file(),
        _text("url"),
        _number("clips", 10),
        _number("min_duration", low),
        _number("max_duration", high),
    )
    _offer(
        offer.rank_clips, _files(), _text("language", "auto"), _number("min_score", score), _flag("all_clips"),
        _text("aspect", "source"), _flag("captions"),
    )  # fmt: skip
    _offer(
        offer.compile_clip,
        _files(),
        _text("cuts"),
        _text("aspect", "source"),
        _flag("captions"),
        _text("corrections", "{}"),
        _text("card"),
    )
    _offer(offer.transcribe, _file(), _text("url"), _text("language", "auto"))
    _offer(offer.analyse_dub, _file(), _file(), _flag("quick"))
    _offer(
        offer.sync_dub, _file(), _file(), _flag("quick"), _flag("write", True), _text("fill", "silence"), _text("codec", "flac")
    )  # fmt: skip
    _offer(offer.write_dub, _text("task_id"), _text("nudges", "[]"), _text("fill", "silence"), _text("codec", "flac"))


def _given(text: str, kind: type) -> Any:
    """A parameter written as JSON. Raises BadRequest."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadRequest(detail=text[:200]) from error
    if not isinstance(value, kind):
        raise BadRequest(detail=text[:200])
    return value


def _pieces(cuts: list[Any], sources: list[str]) -> list[dict[str, Any]]:
    """Cuts as the job takes them. Raises BadRequest."""
    try:
        rows = [(int(n), float(start), float(end)) for n, start, end in cuts]
    except (TypeError, ValueError) as error:
        raise BadRequest(detail=str(cuts)[:200]) from error
    if not rows or not all(1 <= n <= len(sources) for n, _, _ in rows):
        raise BadRequest(detail=str(cuts)[:200])
    return [{"source": sources[n - 1], "start": start, "end": end} for n, start, end in rows]


def _file() -> gr.File:
    return MediaField(visible=False)


def _files() -> gr.File:
    return MediaField(visible=False, file_count="multiple")


def _text(name: str, value: str = "") -> gr.Textbox:
    return gr.Textbox(value, label=name, visible=False)


def _number(name: str, value: float) -> gr.Number:
    return gr.Number(value, label=name, visible=False)


def _flag(name: str, value: bool = False) -> gr.Checkbox:
    return gr.Checkbox(value, label=name, visible=False)


def _offer(function: Callable[..., Any], *inputs: Any) -> None:
    button, answer = gr.Button(visible=False), gr.JSON(visible=False, label="result")
    button.click(
        function, list(inputs), answer, api_name=function.__name__, concurrency_limit=None, show_progress="hidden"
    )


def _title(params: Mapping[str, Any]) -> str:
    paths = [v for k, v in params.items() if isinstance(v, str) and v.startswith("/") and k != "plan"]
    clips = params.get("clips")
    paths += [c["source"] for c in clips[:1]] if isinstance(clips, list) else []
    return " + ".join(p.rsplit("/", 1)[-1] for p in paths)


__all__ = ["Endpoints", "register"]
