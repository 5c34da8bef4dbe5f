"""The ranking job: transcribe, score and order clips, and render the best ready to post. One bad clip never fails the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.engine import Engine
from pipeline.errors import BadRequest, NoAudio, UserError
from pipeline.framing.layouts import Layout
from pipeline.media.values import MediaInfo
from pipeline.messages import Message, message
from pipeline.progress import Report, no_report, part_of
from pipeline.speech.clock import between, moved, through
from pipeline.tracks.choice import chosen
from pipeline.values import Sentence, Span, Timeline, Transcript
from reelify.cut.compilation import key_moments, worth_of
from reelify.cut.handing import point_marks, reason_marks, write_plans
from reelify.cut.keywords import key_spans, on_result
from reelify.cut.posting import Post, remarks, render_post, sizes, suffix, write_subtitles
from reelify.hearing import heard_by
from reelify.highlights_workflow import cut_of, evidence_of
from reelify.looks.platforms import best_cut, post_name, too_long
from reelify.requests import Clip, RankRequest, SpokenRequest
from reelify.score.judging import score_clip
from reelify.score.ranking import Entry, Ranked, meaning, rank
from reelify.score.reading import read
from reelify.score.semantics import Vocabulary
from reelify.score.titles import labels
from reelify.tighten_workflow import Tight, tight
from reelify.values import Labels, ViralScore
from reelify.words import get_ready, score_words, spoken_of, vocabulary_of


@dataclass(frozen=True, slots=True)
class Judged:
    """A clip with its score; ``transcript`` is on the clip's clock."""

    clip: Clip
    info: MediaInfo
    span: Span
    score: ViralScore
    transcript: Transcript
    entry: Entry
    labels: Labels = field(default_factory=Labels)


@dataclass(frozen=True, slots=True)
class RankedClip:
    """A judged clip with its place and its files."""

    judged: Judged
    place: Ranked
    path: Path | None = None
    poster: Path | None = None
    subtitles: Mapping[str, Path] = field(default_factory=dict)
    shapes: Mapping[str, Path] = field(default_factory=dict)
    remarks: tuple[Message, ...] = ()
    layouts: tuple[Layout, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    fit: Span | None = None
    post_name: str = ""
    spared: Tight | None = None
    plans: Mapping[str, Path] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The contract's JSON and what the page shows beside it."""
        judged, score = self.judged, self.judged.score
        return {
            "source": str(judged.clip.source),
            "title": judged.clip.name,
            "suggested": judged.labels.to_json(),
            "path": str(self.path) if self.path else None,
            "poster": str(self.poster) if self.poster else None,
            **{form: str(path) for form, path in (*self.subtitles.items(), *self.plans.items())},
            "start": round(judged.span.start, 3),
            "end": round(judged.span.end, 3),
            "duration": round(judged.span.duration, 3),
            "viral_score": round(score.total, 4),
            "keywords": list(dict.fromkeys(hit.keyword for hit in score.keywords)),
            "transcript": judged.transcript.text,
            "language": judged.transcript.language,
            "parts": {name: round(value, 4) for name, value in score.parts.items()},
            "evidence": [
                {"part": p.part, "text": p.text, "start": round(p.start, 3), "points": round(p.points * score.confidence, 5)}
                for p in score.evidence
            ],
            "confidence": round(score.confidence, 4),
            "hits": [
                {"keyword": h.keyword, "found": h.found, "category": h.category, "start": round(h.start, 3)}
                for h in score.keywords
            ],
            "sentences": [
                {"start": round(s.start, 3), "end": round(s.end, 3), "text": s.text} for s in judged.transcript.sentences
            ],
            "moments": [
                {"start": round(m.span.start, 3), "end": round(m.span.end, 3), "worth": round(m.worth, 4)}
                for m in key_moments(
                    judged.transcript.sentences, worth_of(judged.transcript.sentences, score.evidence)
                )
            ],
            "shapes": {shape: str(path) for shape, path in self.shapes.items()},
            "layouts": [shot.to_json() for shot in self.layouts],
            "sizes": dict(self.sizes),
            "best_cut": {"start": round(self.fit.start, 3), "end": round(self.fit.end, 3)} if self.fit else None,
            "post_name": self.post_name,
            "kept": self.place.kept,
            "reasons": list(self.place.reasons),
            "doubts": [*self.remarks, *score.doubts, *judged.transcript.doubts],
            **(self.spared.to_json() if self.spared else {}),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class RankResult:
    """Best first; ``closest`` is filled when nothing passes; ``skipped`` names what could not be judged and why."""

    clips: tuple[RankedClip, ...]
    closest: tuple[RankedClip, ...] = ()
    skipped: tuple[tuple[Clip, UserError], ...] = ()
    notes: tuple[Message, ...] = ()

    def said(self) -> dict[str, Transcript]:
        """What is said in the clips, by file and in its seconds; what two clips share stands once."""
        judged = [clip.judged for clip in (*self.clips, *self.closest)]
        files = dict.fromkeys(str(one.clip.source) for one in judged)
        return {file: _together([one for one in judged if str(one.clip.source) == file]) for file in files}

    def to_json(self) -> dict[str, Any]:
        """The contract's JSON; messages stay messages until somebody reads them."""
        total = len(self.clips) + len(self.closest) + len(self.skipped)
        n_kept = sum(clip.place.kept for clip in self.clips)
        found = message("result.viral_selected", n=n_kept, total=total)
        return {
            "status": "success",
            "viral_clips": [clip.to_json() for clip in self.clips],
            "message": found if self.clips or not self.notes else self.notes[0],
            "notes": list(self.notes),
            "closest": [clip.to_json() for clip in self.closest],
            "skipped": [
                {"source": str(clip.source), "title": clip.name, "error": error.short_code, "message": error.message}
                for clip, error in self.skipped
            ],
        }


def _together(judged: Sequence[Judged]) -> Transcript:
    """The transcripts of clips of one file as one."""
    found: list[Sentence] = []
    for sentence in sorted(
        (s for one in judged for s in moved(one.transcript, Span(0.0, one.span.duration), one.span.start).sentences),
        key=lambda s: (s.start, -s.end),
    ):
        if not found or sentence.start >= found[-1].end - 0.05:
            found.append(sentence)
    languages = [one.transcript.language for one in judged if one.transcript.language]
    return Transcript(languages[0] if languages else "", judged[0].info.duration, tuple(found))


def rank_clips(
    engine: Engine,
    request: RankRequest,
    report: Report = no_report,
    on_judged: Callable[[RankResult], None] | None = None,
) -> RankResult:
    """Every clip judged, ordered, and what passes rendered; ``on_judged`` gets the order so far after each clip.

    Raises:
        Cancelled: ``report`` stopped the work.
    """
    share = 0.6 if request.render and request.out else 0.98
    engine.ahead(lambda: get_ready(engine, request.language or request.expected))
    stoppable = copy_context()
    engine.ahead(lambda: stoppable.run(_look_ahead, engine, request))
    limit = engine.settings.min_viral_score if request.min_score is None else request.min_score
    judged: list[Judged] = []
    skipped: list[tuple[Clip, UserError]] = []
    result = RankResult(())
    for _ in _judge_all(engine, request, judged, skipped, part_of(report, 0.0, share)):
        result = _ordered(judged, skipped, limit, request.all)
        if on_judged is not None:
            on_judged(result)
    clips = _finish_all(engine, request, _remarked(engine, request, result.clips), part_of(report, share, 1.0))
    report(1.0, message("progress.done"))
    return replace(result, clips=clips)


def _look_ahead(engine: Engine, request: RankRequest) -> None:
    """What is heard and seen in every clip, for another core while its words are written down; what fails here fails again there."""
    for clip in request.clips:
        with contextlib.suppress(UserError):
            info = engine.probe(clip.source)
            engine.evidence(clip.source, stream=chosen(info, request.track).heard)


def _ordered(
    judged: Sequence[Judged], skipped: Sequence[tuple[Clip, UserError]], limit: float, keep_all: bool
) -> RankResult:
    ranking = rank([j.entry for j in judged], min_score=limit)
    chosen, left_out = (
        tuple(RankedClip(judged[p.index], p) for p in ranking.items if (p.kept or keep_all) is wanted)
        for wanted in (True, False)
    )
    return RankResult(chosen, left_out, tuple(skipped), ranking.notes)


def _judge_all(
    engine: Engine, request: RankRequest, judged: list[Judged], skipped: list[tuple[Clip, UserError]], report: Report
) -> Iterator[None]:
    """Fills ``judged`` and ``skipped`` with one clip at each step."""
    vocabularies: dict[str, Vocabulary] = {}
    for n, clip in enumerate(request.clips):
        stage = part_of(report, n / len(request.clips), (n + 1) / len(request.clips))
        stage(0.0, message("progress.judging", n=n + 1, total=len(request.clips), name=clip.name))
        try:
            judged.append(judge(engine, clip, request, vocabularies, stage))
        except UserError as error:
            skipped.append((clip, error))
        yield


def judge(
    engine: Engine, clip: Clip, asked: SpokenRequest, vocabularies: dict[str, Vocabulary], report: Report = no_report
) -> Judged:
    """One clip's score, in the language and of the track that are ``asked`` for. ``vocabularies`` holds the settings' words by language
    and is filled as needed.

    Raises:
        UserError: the clip cannot be read.
    """
    info = engine.probe(clip.source)
    span = _within(clip, info)
    sound = chosen(info, asked.track)
    whole = _heard(engine, info, asked, sound.heard, part_of(report, 0.0, 0.6))
    raw = engine.evidence(clip.source, part_of(report, 0.6, 0.95), sound.heard)
    said = between(whole, span)
    known = vocabulary_of(engine, said.language, vocabularies)
    spoken = spoken_of(engine, said.sentences, said.language)
    score = score_clip(spoken, known, evidence_of(raw, info, said), span)
    entry = Entry(clip.name, score, meaning(spoken), span.start)
    named = labels(read(spoken, known))
    return Judged(clip, info, span, score, moved(whole, span), entry, named)


def _within(clip: Clip, info: MediaInfo) -> Span:
    span = clip.span or Span(0.0, info.duration)
    end = min(span.end, info.duration)
    if not 0.0 <= span.start < end:
        raise BadRequest("error.bad_span", start=span.start, end=span.end)
    return Span(span.start, end)


def _heard(engine: Engine, info: MediaInfo, asked: SpokenRequest, stream: int, report: Report) -> Transcript:
    if not info.audio:
        return Transcript("", info.duration)
    try:
        return heard_by(engine, info.path, asked, stream, report)
    except NoAudio:
        return Transcript("", info.duration)


def _remarked(engine: Engine, request: RankRequest, clips: tuple[RankedClip, ...]) -> tuple[RankedClip, ...]:
    """``clips`` with what is to be said of their sound and captions, their sizes, and what the place they go to does not take."""
    return tuple(_with_remarks(engine, request, clip) for clip in clips)


def _with_remarks(engine: Engine, request: RankRequest, clip: RankedClip) -> RankedClip:
    judged, place = clip.judged, request.place
    said = remarks(engine, [str(judged.clip.source)], request, judged.transcript)
    plan = cut_of(judged.clip.source, judged.span)
    fit = None
    if place is not None and plan.duration > place.longest:
        sentences = judged.transcript.sentences
        fit = best_cut(place, sentences, list(worth_of(sentences, judged.score.evidence)), judged.span.duration)
    more = too_long(place, plan.duration, fit) if place else ()
    name = post_name(request.platform, judged.clip.name, request.aspect)
    return replace(
        clip, remarks=(*said, *more), sizes=sizes(engine, plan, request), post_name=name,
        fit=Span(fit.start + judged.span.start, fit.end + judged.span.start) if fit else None,
    )  # fmt: skip


def _finish_all(
    engine: Engine, request: RankRequest, chosen: tuple[RankedClip, ...], report: Report
) -> tuple[RankedClip, ...]:
    if not request.render or request.out is None or not chosen:
        return chosen
    request.out.mkdir(parents=True, exist_ok=True)
    done = []
    for n, clip in enumerate(chosen, 1):
        judged = clip.judged
        stage = part_of(report, (n - 1) / len(chosen), n / len(chosen))
        stage(0.0, message("progress.rendering_clip", n=n, total=len(chosen)))
        spared, said = _spared(engine, request, judged)
        path = request.out / f"clip_{n}_viral{suffix(request, judged.info.video is not None)}"
        post = Post(spared.plan, said, _keys(judged, spared.plan))
        posted = render_post(engine, post, path, request, stage)
        marks = _marks(clip, spared.plan, request.interface)
        plans = write_plans(engine, spared.plan, path, marks, said, (posted.size, posted.crops))
        made = replace(clip, path=path, poster=posted.poster, shapes=posted.shapes, layouts=posted.layouts)
        done.append(replace(made, subtitles=write_subtitles(said, path), spared=spared, plans=plans))
    return tuple(done)


def _marks(clip: RankedClip, plan: Timeline, language: str) -> list[tuple[float, str, str]]:
    """Why a clip was chosen, at its beginning, and the words that earned points, where they are said in the result."""
    judged, source = clip.judged, str(clip.judged.clip.source)
    marks = reason_marks(0.0, judged.labels.title or judged.clip.name, clip.place.reasons, language)
    for at, name, note in point_marks(judged.score.evidence, judged.span.start, language):
        found = on_result(plan, source, [Span(at, at + 0.2)])
        marks += [(found[0].start, name, note)] if found else []
    return marks


def _keys(judged: Judged, plan: Timeline) -> tuple[Span, ...]:
    """When the words are said in the result of ``plan`` that earned points."""
    at = judged.span.start
    spans = key_spans(judged.transcript, judged.score.evidence)
    return on_result(plan, str(judged.clip.source), [Span(s.start + at, s.end + at) for s in spans])


def _spared(engine: Engine, request: RankRequest, judged: Judged) -> tuple[Tight, Transcript]:
    """The plan of a clip after tightening, and what is said in it on its own clock."""
    plan, source = cut_of(judged.clip.source, judged.span), str(judged.clip.source)
    if not (request.tighten or request.struck):
        return Tight(plan), judged.transcript
    heard = _heard(engine, judged.info, request, chosen(judged.info, request.track).heard, no_report)
    spared = tight(engine, plan, request, {source: heard})
    return spared, through(spared.plan, {source: heard})


__all__ = ["RankResult", "rank_clips", "score_words"]
