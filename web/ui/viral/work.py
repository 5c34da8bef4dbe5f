"""What the viral clips tab does: rank, keep what is changed by hand, and cut new clips of what was chosen."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from pipeline.captions.subtitles import SUBTITLES
from pipeline.errors import BadRequest, StudioError
from pipeline.messages import localise
from pipeline.render.exports import PLANS, to_csv
from pipeline.values import Span
from reelify.cut.rewriting import Rewrite
from reelify.requests import Clip as ClipAsked
from reelify.requests import CompileRequest, HighlightsRequest, RankRequest
from web.jobs import edits
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.jobs.reels import EARLY
from web.problems import words as words_of
from web.rest.answers import public_result
from web.ui.examples import example_files
from web.ui.following import Early, Page, TabWork, asker, chosen_source, follow, note, notes, source_url
from web.ui.giving.given import given_in, is_example
from web.ui.giving.zone import Field, Zone, held, zone_view
from web.ui.highlights.work import keep_edits
from web.ui.language import language_of, tell
from web.ui.numbers import shown_table
from web.ui.running.card import done_bar
from web.ui.timeline import attr
from web.ui.viral.view import Board, keyword_table, score_rows, score_table, view

Answer = tuple[Any, ...]
Clip = Mapping[str, Any]


ZONE = Zone(
    "viral", "ui.viral.intro", (Field("clips", "viral-files", "ui.viral.files", several=True),), "ui.viral.go", "viral",
    "ui.viral.shows", also="ui.viral.from_highlights",
)  # fmt: skip


class ViralWork(TabWork):
    """The handlers of the tab; the last ``n_look`` of its options say how clips are rendered."""

    names = ("zone", "wrong", "progress", "board", "fold", "scores", "words", "links", "made", "running")

    def __init__(self, page: Page, options: Sequence[str], n_look: int) -> None:
        super().__init__(page, options)
        self.look = tuple(options[len(options) - n_look :])

    def zone(self, language: str, job: Job | None = None) -> str:
        """The drop zone, holding the clips of ``job`` that are whole files."""
        asked = job.asked(RankRequest) if job else None
        files = [c.source for c in asked.clips if c.span is None] if asked else []
        kept = [h for path in files for h in held(path, asked.names if asked else {}, asked.fetch if asked else {})]
        return zone_view(ZONE, self.page.settings, language, {"clips": kept}, self.page.sources.has_library)

    def start(self, request: gr.Request, event: gr.EventData, *rest: Any) -> Iterator[Answer]:
        """Ranks what was given."""
        yield from self._begin(lambda: self._files(event, request), rest, request)

    def start_mine(self, request: gr.Request, found: Mapping[str, str], *rest: Any) -> Iterator[Answer]:
        """Ranks the moments of the Highlights tab."""
        yield from self._begin(lambda: {"clips": self._from_highlights(found, request)}, rest, request)

    def _begin(
        self, files_of: Callable[[], Mapping[str, Any]], rest: Sequence[Any], request: gr.Request
    ) -> Iterator[Answer]:
        language = language_of(request)
        try:
            wanted = RankRequest.from_json({**self.chosen(rest), "expected": language, **files_of()})
            job_id = self.page.jobs.submit(wanted, asker(request), title=_title(wanted))
        except StudioError as error:
            yield self.refused(error, request, "clips")
            return
        yield self.told(wrong="", zone=self.zone(language, self.page.jobs.get(job_id)))
        yield from self.watch(job_id, language)

    def _files(self, event: gr.EventData, request: gr.Request) -> Mapping[str, Any]:
        """What was given; uploads are not looked at here, for one bad clip does not fail the others."""
        given = given_in(event, "clips")
        files = [str(p) for p in example_files("viral")] if is_example(event) else given.files
        stored = [chosen_source(self.page, path, None, request, probe=False) for path in files]
        if given.link or not stored:
            stored.append(chosen_source(self.page, None, given.link, request))
        return {"clips": tuple(ClipAsked(s.path, title=s.name) for s in stored), **brought(stored)}

    def _from_highlights(self, found: Mapping[str, str], request: gr.Request) -> tuple[ClipAsked, ...]:
        """The moments of the first tab, edges as moved, as stretches of their video: it was listened to already, as a whole."""
        job = self.page.job(found["job"], request) if found.get("job") else None
        clips = (job.result or {}).get("clips", []) if job else []
        if not job or not clips:
            raise BadRequest("error.no_highlights")
        bounds = [edits.bounds_of(edits.load(job), n, c) for n, c in enumerate(clips, 1)]
        source = job.asked(HighlightsRequest).source
        return tuple(ClipAsked(source, Span(low, high), job.title) for low, high in bounds)

    def blank(self) -> dict[str, Any]:
        """The tab without a result."""
        return {"progress": "", "board": "", "links": "", "made": "", "fold": gr.update(visible=False)}

    def watch(self, job_id: str, language: str) -> Iterator[Answer]:
        """What the tab shows while a ranking runs and when it has ended."""
        early, told = Early(EARLY), False  # told: whether clips are to be seen already
        for card, job in follow(self.page, job_id, language, early):
            if job.is_finished:
                yield self._finished(job, card, language)
                return
            news = early.news(job)
            values = {**({} if told else self.blank()), "progress": card, "running": job_id}
            if news or not told:
                values["board"] = self._so_far(job, news, language)
            told = True
            yield self.told(**values)

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
        if job.state != "done" or job.result is None:
            return self.told(progress=card, running=job.id)
        result = public_result(job, self.page.settings, language)
        clips = [*result["viral_clips"], *result["closest"]]
        remarks = [*([] if result["viral_clips"] else [result["message"]]), *result["notes"]]
        remarks += [f"{s['title']}: {s['message']}" for s in result["skipped"]]
        scores, words = score_table(clips, language), keyword_table(clips, language)
        ranked = _ranked(job)
        shown_clips = [c if c.get("url") else _from_source(c, r["source"]) for c, r in zip(clips, ranked, strict=True)]
        board = Board(shown_clips, self._durations(ranked), job.id, edits.checked(edits.load(job)))
        return self.told(
            progress=done_bar(job, language) + notes(remarks), board=view(board, language), fold=gr.update(visible=bool(clips)),
            scores=shown_table(scores, language), words=gr.update(value=words, visible=len(words) > 0),
            links=_links(job, clips, language), made="", running=job.id,
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

    def cut(self, request: gr.Request, event: gr.EventData, job_id: str, *look: Any) -> Iterator[str]:
        """Cuts a new clip as the visitor wants it; nothing is analysed again."""
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
            yield note(words_of(error.message, language), "bad")
            return
        for card, job in follow(self.page, made_by, language):
            yield card if not job.is_finished else card + self._made(job, language)

    def _made(self, job: Job, language: str) -> str:
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


def _title(asked: RankRequest) -> str:
    """What a ranking is called: its first clip and how many others."""
    first, others = asked.clips[0].name, len({c.title for c in asked.clips}) - 1
    return f"{first} + {others}" if others else first


def _from_source(clip: Clip, source: str) -> dict[str, Any]:
    """A clip that was not rendered plays from its file."""
    return {**clip, "plays": source_url(source), "shift": clip["start"], "poster": ""}


def _ranked(job: Job) -> list[Clip]:
    """The clips of a ranking in the order of their cards, with real paths."""
    return [*(job.result or {}).get("viral_clips", []), *(job.result or {}).get("closest", [])]


def cuts_of(clips: Sequence[Clip], make: str, n: int, state: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request to cut. ``make`` is ``clip`` (number ``n``), ``smart`` (the best of it), ``sentences`` (the ticked
    ones) or ``all`` that passed; edges and words are as ``state`` has them.

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
    if make == "all":
        kept = [i for i, c in enumerate(clips, 1) if c.get("kept")] or [1]
        return {"clips": tuple(pieces[i - 1] for i in kept), "texts": _texts(clips, state, set(kept))}
    return {"clips": (pieces[n - 1],), "smart": make == "smart", "texts": _texts(clips, state, {n})}


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
