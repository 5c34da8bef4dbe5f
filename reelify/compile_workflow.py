"""The cutting job: stretches of one or several files become one clip ready to post; nothing is analysed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.engine import Engine
from pipeline.errors import BadRequest
from pipeline.framing.layouts import Layout
from pipeline.messages import Message, message, say
from pipeline.progress import Report, no_report, part_of
from pipeline.speech.clock import moved, through
from pipeline.tracks.choice import chosen
from pipeline.values import Cut, Sentence, Span, Timeline, Transcript
from reelify.cut.compilation import compile_moments, worth_of
from reelify.cut.handing import write_plans
from reelify.cut.keywords import key_spans, on_result
from reelify.cut.posting import Post, remarks, render_post, suffix, write_subtitles
from reelify.cut.rewriting import rewritten_in
from reelify.hearing import heard_by
from reelify.looks.platforms import too_long
from reelify.rank_workflow import judge
from reelify.requests import Clip, CompileRequest
from reelify.tighten_workflow import Tight, tight

CARD_DURATION = 2.0


@dataclass(frozen=True, slots=True)
class CompileResult:
    """The finished clip, its plan and its subtitles."""

    path: Path
    plan: Timeline
    poster: Path | None = None
    subtitles: Mapping[str, Path] = field(default_factory=dict)
    exports: Mapping[str, Path] = field(default_factory=dict)
    doubts: tuple[Message, ...] = ()
    spared: Tight | None = None
    shapes: Mapping[str, Path] = field(default_factory=dict)
    layouts: tuple[Layout, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; paths are files in the request's folder."""
        return {
            "status": "success",
            "output": str(self.path),
            "poster": str(self.poster) if self.poster else None,
            "duration": round(self.plan.duration, 3),
            "layouts": [shot.to_json() for shot in self.layouts],
            "shapes": {shape: str(path) for shape, path in self.shapes.items()},
            "cuts": [
                {"source": c.source, "start": round(c.span.start, 3), "end": round(c.span.end, 3), "at": round(c.at, 3)}
                for c in self.plan.cuts
            ],
            **{form: str(path) for form, path in (*self.subtitles.items(), *self.exports.items())},
            "message": message("result.clip_made", seconds=self.plan.duration),
            "doubts": list(self.doubts),
            **(self.spared.to_json() if self.spared else {}),
        }


def compile_clip(engine: Engine, request: CompileRequest, report: Report = no_report) -> CompileResult:
    """Joins the pieces with short cross-fades and renders them.

    Raises:
        UserError: a piece cannot be read, or is not in its file.
    """
    report(0.0, message("progress.cutting"))
    plan = _smart_plan(engine, request) if request.smart else joined(request.clips, engine, request.crossfade)
    heard = _heard(engine, plan, request, part_of(report, 0.02, 0.25))
    spared = tight(engine, plan, request, heard, part_of(report, 0.25, 0.3))
    plan = spared.plan
    request.out.mkdir(parents=True, exist_ok=True)
    seen = any(engine.probe(c.source).video for c in plan.cuts)
    size = None
    if seen and request.card:
        plan, size = _with_card(engine, plan, request)
    said = through(plan, heard)
    transcript = replace(said, sentences=tuple(_corrected(s, request.corrections) for s in said.sentences))
    path = request.out / f"{request.name}{suffix(request, seen)}"
    post = Post(plan, transcript, _keys(engine, plan, request), size)
    posted = render_post(engine, post, path, request, part_of(report, 0.3, 1.0))
    sources = list(dict.fromkeys(str(clip.source) for clip in request.clips))
    notes = remarks(engine, sources, request, transcript)
    if request.place:
        notes += too_long(request.place, plan.duration, None)
    marks = [
        (r.at, r.removal.text or say(Message(f"ui.tighten.{r.removal.kind}"), request.interface), "")
        for r in spared.receipts
        if r.gone
    ]
    plans = write_plans(engine, plan, path, marks, transcript, (posted.size, posted.crops))
    files = write_subtitles(transcript, path)
    return CompileResult(path, plan, posted.poster, files, plans, notes, spared, posted.shapes, posted.layouts)


def joined(pieces: Sequence[Clip], engine: Engine, crossfade: float) -> Timeline:
    """The pieces one after the other, touching."""
    cuts: list[Cut] = []
    at = 0.0
    for piece in pieces:
        duration = engine.probe(piece.source).duration
        span = piece.span or Span(0.0, duration)
        span = Span(max(0.0, span.start), min(span.end, duration))
        if span.duration <= 0:
            raise BadRequest("error.bad_span", start=span.start, end=span.end)
        cuts.append(Cut(str(piece.source), span, at))
        at += span.duration
    shortest = min(c.span.duration for c in cuts)
    return Timeline(tuple(cuts), crossfade=min(crossfade, shortest / 2) if len(cuts) > 1 else 0.0)


def _with_card(engine: Engine, plan: Timeline, request: CompileRequest) -> tuple[Timeline, tuple[int, int]]:
    """The plan behind a card with a title, and the size of both; the card stays beside it for the exported plans."""
    from pipeline.render.drawn import title_card
    from pipeline.render.options import RenderOptions
    from pipeline.render.work import canvas_of

    first = next(info for c in plan.cuts if (info := engine.probe(c.source)).video)
    canvas = canvas_of(first, RenderOptions(aspect=request.aspect))
    size = (canvas.width, canvas.height)
    path = title_card(request.card, request.out / "card.mp4", size, float(canvas.fps), CARD_DURATION)
    card = Cut(str(path), Span(0.0, engine.probe(path).duration), 0.0)
    return replace(plan, cuts=(card, *(replace(c, at=c.at + card.span.duration) for c in plan.cuts))), size


def _smart_plan(engine: Engine, request: CompileRequest) -> Timeline:
    piece, settings = request.clips[0], engine.settings
    judged = judge(engine, piece, request, {})
    sentences = moved(judged.transcript, Span(0.0, judged.span.duration), judged.span.start).sentences
    worth = worth_of(sentences, judged.score.evidence, judged.span.start)
    longest = min(settings.max_clip_duration, request.place.longest) if request.place else settings.max_clip_duration
    limits = (min(settings.min_clip_duration, longest), longest)
    plan = compile_moments(str(piece.source), sentences, worth, limits)
    return plan if plan.cuts else joined(request.clips, engine, request.crossfade)


def _heard(engine: Engine, plan: Timeline, request: CompileRequest, report: Report) -> dict[str, Transcript]:
    """What is said in each source, as somebody corrected it, on the source's clock."""
    heard: dict[str, Transcript] = {}
    for source in dict.fromkeys(c.source for c in plan.cuts):
        if request.listen and (info := engine.probe(source)).audio:
            whole = heard_by(engine, source, request, chosen(info, request.track).heard, report)
            heard[source] = rewritten_in(whole, source, request.texts)
    return heard


def _keys(engine: Engine, plan: Timeline, request: CompileRequest) -> tuple[Span, ...]:
    """When the words are said that earn points, where the captions colour them."""
    if not (request.captions and request.style.key):
        return ()
    found: list[Span] = []
    for clip in request.clips:
        judged = judge(engine, clip, request, {})
        spans = key_spans(judged.transcript, judged.score.evidence)
        there = [Span(s.start + judged.span.start, s.end + judged.span.start) for s in spans]
        found += on_result(plan, str(clip.source), there)
    return tuple(sorted(set(found)))


def _corrected(sentence: Sentence, corrections: Mapping[str, str]) -> Sentence:
    """The sentence with every word that is a key of ``corrections`` (punctuation aside) replaced, times kept."""
    if not corrections:
        return sentence
    words = tuple(replace(w, text=_word(w.text, corrections)) for w in sentence.words)
    text = " ".join(w.text.strip() for w in words) if words else _word(sentence.text, corrections)
    return replace(sentence, words=words, text=text)


def _word(text: str, corrections: Mapping[str, str]) -> str:
    bare = text.strip().strip('.,;:!?¡¿…"«»“”()')
    return text.replace(bare, corrections[bare]) if bare and bare in corrections else text
