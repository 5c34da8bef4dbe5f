"""What the viral clips tab does: rank, keep what is changed by hand, and cut new clips of what was chosen."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from pipeline.captions.subtitles import SUBTITLES
from pipeline.editors.plans import PLANS
from pipeline.errors import BadRequest, StudioError
from pipeline.messages import localise
from pipeline.values import Span
from reelify.requests import Clip as ClipAsked
from reelify.requests import CompileRequest, HighlightsRequest, RankRequest
from web.desk import acts
from web.jobs import edits
from web.jobs.inputs import brought
from web.jobs.queue import Job
from web.jobs.reels import EARLY, SAID
from web.problems import words as words_of
from web.rest.answers import public_result
from web.ui.examples import example_files
from web.ui.following import Early, Page, TabWork, asker, chosen_source, follow, note, notes, source_url
from web.ui.giving.beside import with_subtitles
from web.ui.giving.given import given_in, is_example
from web.ui.giving.zone import Field, Zone, held, zone_view
from web.ui.handwork.kept import OWN, being_made, keep_act, keep_edits, made_last, number, own_span, second
from web.ui.language import language_of, tell
from web.ui.numbers import shown_table
from web.ui.running.card import done_bar
from web.ui.timeline import attr
from web.ui.viral.cuts import Made, as_it_is, cuts_of, made_then
from web.ui.viral.view import Board, files_below, keyword_table, score_table, view

Answer = tuple[Any, ...]
Clip = Mapping[str, Any]


ZONE = Zone(
    "viral", "ui.viral.intro", (Field("clips", "viral-files", "ui.viral.files", several=True),), "ui.viral.go", "viral",
    "ui.viral.shows", also="ui.viral.from_highlights",
)  # fmt: skip


class ViralWork(TabWork):
    """The handlers of the tab; the last ``n_look`` of its options say how clips are rendered."""

    kinds = frozenset({RankRequest.kind})
    names = ("zone", "wrong", "progress", "board", "fold", "scores", "words", "links", "made", "running", "receipt")

    def __init__(self, page: Page, options: Sequence[str], n_look: int) -> None:
        super().__init__(page, options)
        self.look = tuple(options[len(options) - n_look :])

    def zone(self, language: str, job: Job | None = None) -> str:
        """The drop zone, holding the clips of ``job`` that are whole files."""
        asked = job.request if job and isinstance(job.request, RankRequest) else None
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
            # The cards show clips as they were said, word by word; what a clip can do without goes when it is cut.
            as_said = {"tighten": False, "expected": language}
            chosen = with_subtitles(self.page, self.chosen(rest), request)
            wanted = RankRequest.from_json({**chosen, **as_said, **files_of()})
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
        """The moments of the first tab as they are now, as stretches of their video: it was listened to already, as a whole."""
        job = self.page.job(found["job"], request) if found.get("job") else None
        clips = acts.now((job.result or {}).get("clips", []), edits.load(job)) if job else []
        if not job or not clips:
            raise BadRequest("error.no_highlights")
        source = job.asked(HighlightsRequest).source
        return tuple(ClipAsked(source, Span(clip.start, clip.end), job.title) for clip in clips)

    def blank(self) -> dict[str, Any]:
        """The tab without a result."""
        return {"progress": "", "board": "", "links": "", "made": "", "fold": gr.update(visible=False)}

    def watch(self, job_id: str, language: str) -> Iterator[Answer]:
        """What the tab shows while a ranking runs and when it has ended."""
        begun = self.page.jobs.get(job_id)
        if begun.kind == CompileRequest.kind:
            yield from self._cut_alone(begun, language)
            return
        early, told = Early(EARLY), False  # told: whether clips are to be seen already
        for card, job in follow(self.page, job_id, language, early):
            if job.is_finished:
                yield self._finished(job, card, language)
                if job.state == "done" and being_made(self.page, job):
                    yield from self._making(job, language)
                return
            news = early.news(job)
            values = {**({} if told else self.blank()), "progress": card, "running": job_id}
            if news or not told:
                values["board"] = self._so_far(job, news, language)
            told = True
            yield self.told(**values)

    def _cut_alone(self, job: Job, language: str) -> Iterator[Answer]:
        """A clip that was cut by hand, by itself: while it is made and when it is there."""
        for card, now in follow(self.page, job.id, language):
            yield self.told(made=self.made(now, language) if now.is_finished else card)

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
            return self.without(job, card)
        result = public_result(job, self.page.settings, language)
        clips = [*result["viral_clips"], *result["closest"]]
        remarks = [*([] if result["viral_clips"] else [result["message"]]), *result["notes"]]
        remarks += [f"{s['title']}: {s['message']}" for s in result["skipped"]]
        scores, words = score_table(clips, language), keyword_table(clips, language)
        return self.told(
            progress=done_bar(job, language) + notes(remarks), board=self._board(job, language), fold=gr.update(visible=bool(clips)),
            scores=shown_table(scores, language), words=gr.update(value=words, visible=len(words) > 0),
            links=files_below(job, clips, language), made=self._products(job, language), running=job.id,
        )  # fmt: skip

    def _board(self, job: Job, language: str) -> str:
        """The cards, each with the files that were made of it last; clips that were added come last."""
        state = edits.load(job)
        result, ranked = public_result(job, self.page.settings, language), acts.grown(_ranked(job), state)
        clips = acts.grown([*result["viral_clips"], *result["closest"]], state)
        shown_clips = [
            self._shown_clip(job, n, c if c.get("url") else _from_source(c, r["source"]), language)
            for n, (c, r) in enumerate(zip(clips, ranked, strict=True), 1)
        ]
        files = acts.files_of(ranked)
        return view(
            Board(
                shown_clips,
                self._durations(ranked),
                job.id,
                state,
                share=self.page.settings.share_days > 0,
                found=len(_ranked(job)),
                files=[files.index(str(c["source"])) for c in ranked],
                said=(job.folder / SAID).is_file(),
                aspect=job.asked(RankRequest).aspect,
            ),
            language,
        )

    def _shown_clip(self, job: Job, n: int, clip: Clip, language: str) -> Clip:
        again, done = made_last(self.page, job, n)
        if again is None or done is None:
            return {**clip, "made": Made() if clip.get("own") else Made((clip["start"], clip["end"]))}
        files = public_result(done, self.page.settings, language)
        forms = {form.name: files.get(form.name) for form in SUBTITLES.values() if form.with_clips}
        moved = {"shift": clip["start"] - again["bounds"][0]}
        asked = done.asked(CompileRequest)
        if (
            asked.tighten or asked.struck
        ):  # its seconds are others: what was ranked is watched, what was made is downloaded
            moved = {"shift": clip.get("shift", 0.0), "watch": clip.get("url") or clip.get("plays")}
        return {
            **clip,
            **forms,
            **moved,
            "url": files["output"],
            "poster": files.get("poster") or "",
            "made": made_then(again),
            "layouts": files.get("layouts") or (),
        }

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

    def act(self, job_id: str, request: gr.Request, event: gr.EventData) -> Answer:
        """Splits, joins or doubles a clip, or adds one of a file: the words chosen in its transcript, else from where the player stands."""
        data, language = event._data or {}, language_of(request)
        try:
            ranking = self.page.job(job_id, request)
            keep_act(ranking, data, self._acted(_ranked(ranking), edits.checked(data.get("state")), data))
        except StudioError as error:
            return self.told(made=note(words_of(error.message, language), "bad"))
        return self.told(board=self._board(ranking, language), made=self._products(ranking, language))

    def _acted(self, clips: Sequence[Clip], state: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        act, n = str(data.get("act")), number(data.get("n"))
        if act in (*acts.ACTS[1:], acts.SHOW):
            return acts.done(clips, state, act, n, second(data.get("at")))
        beside = next((c for c in acts.now(clips, state) if c.n == n), None)
        if beside is None:
            raise BadRequest("error.no_such_clip")
        whole = self.page.engine.probe(Path(beside.source)).duration
        return acts.added(clips, state, *own_span(data, OWN, whole), beside.of)

    def cut(self, request: gr.Request, event: gr.EventData, job_id: str, *look: Any) -> Iterator[Answer]:
        """Cuts what the visitor wants; nothing is analysed again.

        ``make`` is as in :func:`cuts_of`, or ``changed`` for every clip whose edges or words were changed since it was made.
        """
        data, language = event._data or {}, language_of(request)
        try:
            ranking = self.page.job(job_id, request)
            state = edits.save(ranking, data.get("state"))
            make, n = str(data.get("make")), int(data.get("n") or 1)
            for number in self._changed(ranking, state) if make == "changed" else [n]:
                self._submit_cut(ranking, "clip" if make == "changed" else make, number, look, request)
        except StudioError as error:
            yield self.told(made=note(words_of(error.message, language), "bad"))
            return
        yield from self._making(ranking, language)

    def _submit_cut(self, ranking: Job, make: str, n: int, look: Sequence[Any], request: gr.Request) -> None:
        """Queues what is to be cut, as a part of the ranking."""
        asked, state = ranking.asked(RankRequest), edits.load(ranking)
        clips = acts.grown(_ranked(ranking), state)
        cuts = cuts_of(clips, make, n, state)
        wanted = CompileRequest.from_json(
            {
                **{name: value for name, value in zip(self.look, look, strict=True) if value is not None},
                **cuts,
                "track": asked.track,
                "language": asked.language,
                "words": asked.words,
                "subtitles": asked.subtitles,
            }
        )
        made_by = self.page.jobs.submit(wanted, asker(request), title=wanted.clips[0].title or ranking.title)
        if make == "clip":
            now = as_it_is(clips, n, state)
            bounds = edits.bounds_of(state, n, clips[n - 1])
            edits.keep_making(ranking, n, made_by, bounds, now.texts, struck=now.struck, frames=now.frames)
        edits.keep_product(ranking, made_by)

    def _changed(self, ranking: Job, state: Mapping[str, Any]) -> list[int]:
        """The clips (from 1) that are not made as they now are."""
        found, clips = [], acts.grown(_ranked(ranking), state)
        for n, clip in enumerate(clips, 1):
            again, _ = made_last(self.page, ranking, n)
            made = Made() if clip.get("own") else Made((clip["start"], clip["end"]))
            if n not in edits.removed_in(state) and as_it_is(clips, n, state) != (made_then(again) if again else made):
                found.append(n)
        return found

    def _making(self, ranking: Job, language: str) -> Iterator[Answer]:
        """Follows what is being made of this ranking's clips, then shows all of it."""
        last, made_by = "", ""
        for made_by in being_made(self.page, ranking):
            for card, now in follow(self.page, made_by, language):
                last = card if now.is_finished else ""
                yield self.told(made=card)
        all_made, board = last + self._products(ranking, language), self._board(ranking, language)
        yield self.told(made=all_made, board=board, receipt=made_by)

    def _products(self, ranking: Job, language: str) -> str:
        """What was cut of this ranking, the newest first."""
        shown: list[str] = []
        for made_by in reversed(edits.products(ranking)):
            try:
                shown.append(self.made(self.page.jobs.get(made_by), language))
            except StudioError:  # deleted since
                continue
        return "".join(filter(None, shown))

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
            f'<p class="studio-files"><a href="/api/download/{job.id}" download>{html.escape(tell("ui.download_clip", language))}</a>{extras}</p></section>'
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
