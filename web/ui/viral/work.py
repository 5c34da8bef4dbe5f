"""What the viral clips tab does: rank, keep what is changed by hand, and cut new clips of what was chosen."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from pipeline.captions.subtitles import SUBTITLES
from pipeline.editors.plans import PLANS
from pipeline.errors import BadRequest, StudioError
from pipeline.files.received import Stored
from pipeline.messages import localise
from pipeline.render.exports import to_csv
from pipeline.values import Span
from reelify.cut.rewriting import Rewrite
from reelify.requests import Clip as ClipAsked
from reelify.requests import CompileRequest, HighlightsRequest, Place, RankRequest
from web.jobs import edits
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.jobs.reels import EARLY
from web.rest.answers import public_result
from web.ui.examples import example_files
from web.ui.following import Early, Page, TabWork, asker, busy, chosen_source, follow, notes, shown, source_url
from web.ui.highlights.work import keep_edits
from web.ui.language import language_of, tell
from web.ui.numbers import shown_table
from web.ui.timeline import attr
from web.ui.viral.view import Board, keyword_table, score_rows, score_table, view

Answer = tuple[Any, ...]
Clip = Mapping[str, Any]


class ViralWork(TabWork):
    """The handlers of the tab; the last ``n_look`` of its options say how clips are rendered."""

    n_outputs = 9

    def __init__(self, page: Page, options: Sequence[str], n_look: int) -> None:
        super().__init__(page, options)
        self.look = tuple(options[len(options) - n_look :])

    def start(self, request: gr.Request, files: list[str] | None, address: str, *rest: Any) -> Iterator[Answer]:
        """Ranks what was given."""
        try:
            given = self._given(files, address, request)
            clips = tuple(ClipAsked(s.path, title=s.name) for s in given)
            job_id = self._submit({"clips": clips, **brought(given)}, rest, request)
        except StudioError as error:
            raise shown(error, request) from error
        yield from self.watch(job_id, language_of(request))

    def start_mine(self, request: gr.Request, found: Mapping[str, str], *rest: Any) -> Iterator[Answer]:
        """Ranks the moments of the Highlights tab."""
        try:
            job_id = self._submit({"clips": self._from_highlights(found, request)}, rest, request)
        except StudioError as error:
            raise shown(error, request) from error
        yield from self.watch(job_id, language_of(request))

    def _submit(self, files: Mapping[str, Any], rest: Sequence[Any], request: gr.Request) -> str:
        # The cards show clips as they were said, word by word; what a clip can do without goes when it is cut.
        as_said = {"tighten": False, "expected": language_of(request)}
        wanted = RankRequest.from_json({**self.chosen(rest), **as_said, **files})
        return self.page.jobs.submit(wanted, asker(request), title=wanted.clips[0].title)

    def _given(self, files: list[str] | None, address: str, request: gr.Request) -> list[Stored]:
        """What was given; uploads are not looked at here, for one bad clip does not fail the others."""
        if files and not (address or "").strip():
            return [chosen_source(self.page, path, None, request, probe=False) for path in files]
        return [chosen_source(self.page, None, address, request)]

    def _from_highlights(self, found: Mapping[str, str], request: gr.Request) -> tuple[ClipAsked, ...]:
        """The moments of the first tab, edges as moved, as stretches of their video: it was listened to already, as a whole."""
        job = self.page.job(found["job"], request) if found.get("job") else None
        clips = (job.result or {}).get("clips", []) if job else []
        if not job or not clips:
            raise BadRequest("error.no_highlights")
        bounds = [edits.bounds_of(edits.load(job), n, c) for n, c in enumerate(clips, 1)]
        source = job.asked(HighlightsRequest).source
        return tuple(ClipAsked(source, Span(low, high), job.title) for low, high in bounds)

    def example(self) -> tuple[list[str], str]:
        """The clips that ship with the product."""
        return [str(p) for p in example_files("viral")], ""

    def watch(self, job_id: str, language: str) -> Iterator[Answer]:
        """What the tab shows while a ranking runs and when it has ended."""
        skip, early, told = gr.skip(), Early(EARLY), False  # told: whether clips are to be seen already
        for card, job in follow(self.page, job_id, language, early):
            if job.is_finished:
                yield self._finished(job, card, language)
                return
            news = early.news(job)
            view_now = self._so_far(job, news, language) if news or not told else skip
            fresh, told = gr.update(visible=False) if not told else skip, True
            yield card, view_now, fresh, fresh, "" if fresh is not skip else skip, skip, job_id, *busy(True)

    def _so_far(self, job: Job, judged: Path | None, language: str) -> str:
        """Scores and transcripts of the clips judged so far, and the others; all play from what was given."""
        found: dict[str, Any] = {"viral_clips": [], "closest": [], "skipped": []}
        if judged is not None:
            found = localise(json.loads(judged.read_text(encoding="utf-8")), language)
        clips = [_from_source(c, c["source"]) for c in (*found["viral_clips"], *found["closest"])]
        pending = [
            {"title": c.title, "plays": source_url(c.source), "shift": c.span.start if c.span else 0.0}
            for c in job.asked(RankRequest).clips[len(clips) + len(found["skipped"]) :]
        ]
        return view(Board(clips, pending=pending), language)

    def _finished(self, job: Job, card: str, language: str) -> Answer:
        skip = gr.skip()
        if job.state != "done" or job.result is None:
            return card, skip, skip, skip, skip, skip, job.id, *busy(False)
        result = public_result(job, self.page.settings, language)
        clips = [*result["viral_clips"], *result["closest"]]
        remarks = [*([] if result["viral_clips"] else [result["message"]]), *result["notes"]]
        remarks += [f"{s['title']}: {s['message']}" for s in result["skipped"]]
        scores, words = score_table(clips, language), keyword_table(clips, language)
        ranked = _ranked(job)
        shown_clips = [c if c.get("url") else _from_source(c, r["source"]) for c, r in zip(clips, ranked, strict=True)]
        board = Board(shown_clips, self._durations(ranked), job.id, edits.checked(edits.load(job)))
        return (
            card + notes(list(dict.fromkeys(remarks))), view(board, language),
            gr.update(value=shown_table(scores, language), visible=bool(clips)), gr.update(value=words, visible=len(words) > 0),
            _links(job, clips, language), "", job.id, *busy(False),
        )  # fmt: skip

    def _durations(self, clips: Sequence[Clip]) -> list[float]:
        """How long the file behind each clip is; 0 where it has gone."""
        known: dict[str, float] = {}
        for source in dict.fromkeys(c["source"] for c in clips):
            try:
                known[source] = self.page.engine.probe(source).duration
            except StudioError:
                known[source] = 0.0
        return [known[c["source"]] for c in clips]

    def edit(self, job_id: str, request: gr.Request, event: gr.EventData) -> None:
        """Keeps moved edges, ticked sentences and corrected words."""
        keep_edits(self.page, job_id, event, request)

    def cut(self, request: gr.Request, event: gr.EventData, job_id: str, *look: Any) -> Iterator[tuple[Any, Any]]:
        """Cuts a new clip as the visitor wants it; nothing is analysed again. What is shown of it, and its job once it has ended."""
        data, language = event._data or {}, language_of(request)
        try:
            ranking = self.page.job(job_id, request)
            state = edits.save(ranking, data.get("state"))
            cuts = cuts_of(_ranked(ranking), str(data.get("make")), int(data.get("n") or 1), state)
            wanted = CompileRequest.from_json(
                {**dict(zip(self.look, look, strict=True)), **cuts, "track": ranking.asked(RankRequest).track}
            )
            made_by = self.page.jobs.submit(wanted, asker(request), title=wanted.clips[0].title or ranking.title)
        except StudioError as error:
            raise shown(error, request) from error
        for card, job in follow(self.page, made_by, language):
            yield (card + self.made(job, language), made_by) if job.is_finished else (card, gr.skip())

    def made(self, job: Job, language: str) -> str:
        """A clip that was cut, with everything that lies beside it; empty where it was not."""
        if job.state != "done" or job.result is None:
            return ""
        result = public_result(job, self.page.settings, language)
        extras = "".join(
            f'<a href="{attr(result[k])}" download>{k.upper()}</a>' for k in (*SUBTITLES, *PLANS) if result.get(k)
        )
        return (
            notes(result.get("doubts", []))
            + f'<section class="studio studio-made"><h2>{html.escape(tell("ui.viral.made", language))}</h2>'
            f'<video controls playsinline preload="metadata" src="{attr(result["output"])}" poster="{attr(result.get("poster") or "")}" '
            f'aria-label="{attr(tell("ui.player", language))}"></video>'
            f'<p class="studio-files"><a href="/api/download/{job.id}">{html.escape(tell("ui.download_clip", language))}</a>{extras}</p></section>'
        )


def _from_source(clip: Clip, source: str) -> dict[str, Any]:
    """A clip that was not rendered plays from its file."""
    return {**clip, "plays": source_url(source), "shift": clip["start"], "poster": ""}


def _ranked(job: Job) -> list[Clip]:
    """The clips of a ranking in the order of their cards, with real paths."""
    return [*(job.result or {}).get("viral_clips", []), *(job.result or {}).get("closest", [])]


def cuts_of(clips: Sequence[Clip], make: str, n: int, state: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request to cut. ``make`` is ``clip`` (number ``n``), ``smart`` (the best of it), ``sentences`` (the ticked
    ones), ``without`` (their clip without them) or ``all`` that passed; edges and words are as ``state`` has them.

    Raises:
        BadRequest: there is nothing to cut.
    """
    if not clips:
        raise BadRequest("error.no_ranking")
    n = min(max(n, 1), len(clips))
    pieces = [_piece(c, edits.bounds_of(state, i, c)) for i, c in enumerate(clips, 1)]
    if make == "sentences":
        chosen = [pair for key in state.get("ticked", ()) if (pair := _of_key(key, clips))]
        if not chosen:
            raise BadRequest("error.no_sentences")
        return {"clips": runs(clips, chosen), "texts": _texts(clips, state, {c for c, _ in chosen})}
    if make == "without":
        return _without(clips, pieces, state)
    if make == "all":
        kept = [i for i, c in enumerate(clips, 1) if c.get("kept")] or [1]
        return {"clips": tuple(pieces[i - 1] for i in kept), "texts": _texts(clips, state, set(kept))}
    return {"clips": (pieces[n - 1],), "smart": make == "smart", "texts": _texts(clips, state, {n})}


def _without(clips: Sequence[Clip], pieces: Sequence[ClipAsked], state: Mapping[str, Any]) -> dict[str, Any]:
    """The clip of the first ticked sentence without its ticked ones."""
    chosen = [pair for key in state.get("ticked", ()) if (pair := _of_key(key, clips))]
    if not chosen:
        raise BadRequest("error.no_sentences")
    n = chosen[0][0]
    clip = clips[n - 1]
    said = [clip["sentences"][i] for m, i in chosen if m == n]
    struck = tuple(Place(clip["start"] + s["start"], clip["start"] + s["end"], Path(clip["source"])) for s in said)
    return {"clips": (pieces[n - 1],), "struck": struck, "texts": _texts(clips, state, {n})}


def _of_key(key: str, clips: Sequence[Clip]) -> tuple[int, int] | None:
    """``3:0`` → clip 3, sentence 0, where they exist."""
    n, i = (int(x) for x in key.split(":"))
    return (n, i) if 1 <= n <= len(clips) and i < len(clips[n - 1].get("sentences", ())) else None


def _texts(clips: Sequence[Clip], state: Mapping[str, Any], wanted: set[int]) -> tuple[Rewrite, ...]:
    """The sentences of ``wanted`` clips that read otherwise than they were heard, with their seconds in the file."""
    found = []
    for key, text in state.get("texts", {}).items():
        pair = _of_key(key, clips)
        if pair and pair[0] in wanted:
            clip = clips[pair[0] - 1]
            said = clip["sentences"][pair[1]]
            start = round(clip["start"] + said["start"], 3)
            found.append(Rewrite(Path(clip["source"]), start, said["text"], text))
    return tuple(found)


def _piece(clip: Clip, bounds: edits.Bounds) -> ClipAsked:
    return ClipAsked(Path(clip["source"]), Span(*bounds), str(clip.get("title", "")))


def runs(clips: Sequence[Clip], chosen: Sequence[tuple[int, int]]) -> tuple[ClipAsked, ...]:
    """Ticked sentences as pieces, neighbours joined, with a breath of air that never reaches the next sentence."""
    pieces: list[ClipAsked] = []
    before: tuple[int, int] | None = None
    for n, i in chosen:
        clip, sentences = clips[n - 1], clips[n - 1]["sentences"]
        low = (sentences[i - 1]["end"] + sentences[i]["start"]) / 2 if i else 0.0
        high = (sentences[i]["end"] + sentences[i + 1]["start"]) / 2 if i + 1 < len(sentences) else clip["duration"]
        start, end = max(low, sentences[i]["start"] - 0.15), min(high, sentences[i]["end"] + 0.35)
        begun = pieces.pop().span if before == (n, i - 1) else None
        pieces.append(_piece(clip, (begun.start if begun else clip["start"] + start, clip["start"] + end)))
        before = (n, i)
    return tuple(pieces)


def _links(job: Job, clips: Sequence[Clip], language: str) -> str:
    if not clips:
        return ""
    csv = quote(to_csv(score_rows(clips, language)))
    rows = quote(json.dumps([dict(c) for c in clips], ensure_ascii=False))
    return (
        f'<div class="studio studio-files"><a href="/api/download/{job.id}">{html.escape(tell("ui.download_zip", language))}</a>'
        f'<a download="ranking.csv" href="data:text/csv;charset=utf-8,{csv}">CSV</a>'
        f'<a download="ranking.json" href="data:application/json;charset=utf-8,{rows}">JSON</a></div>'
    )
