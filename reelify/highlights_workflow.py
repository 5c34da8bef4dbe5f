"""The highlights job: from a file to its moments, with reasons, and to finished clips.

Progress, cancellation and files live here; which moments are chosen is decided in :mod:`reelify.moments.highlights`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engine import Engine
from pipeline.errors import NoAudio
from pipeline.evidence.crowd import crowd_of
from pipeline.evidence.sound_events import BY_LABEL
from pipeline.media.values import MediaInfo
from pipeline.messages import Message, message
from pipeline.progress import Report, Sides, no_report, part_of
from pipeline.tracks.choice import chosen
from pipeline.values import Cut, Span, Timeline, Transcript
from reelify.cut.handing import reason_marks, write_plans
from reelify.hearing import Listening, heard_by
from reelify.moments.highlights import find_highlights
from reelify.requests import HighlightsRequest
from reelify.thoughts_workflow import thoughts_of
from reelify.values import Evidence, Highlight, Highlights, Thought
from reelify.words import get_ready, spoken_of, vocabulary_of

if TYPE_CHECKING:
    from pipeline.evidence.gather import RawEvidence

SPEECH_LIKELY = 0.2
HEARD_SPEECH, HEARD_SECONDS = 0.02, 20.0
"""Speech is listened to where the sound detector hears it for this share of a file or so many seconds."""


@dataclass(frozen=True, slots=True)
class HighlightsResult:
    """The clips with the files rendered of them (``None`` where nothing was rendered), what the timeline shows and what is said."""

    source: Path
    duration: float
    highlights: Highlights
    paths: tuple[Path | None, ...] = ()
    posters: tuple[Path | None, ...] = ()
    timeline: Mapping[str, Any] = field(default_factory=dict)
    doubts: tuple[Message, ...] = ()
    plans: Mapping[str, Path] = field(default_factory=dict)
    said: Transcript | None = None
    """What is said, on the source's clock; ``None`` where nobody listened."""

    def to_json(self) -> dict[str, Any]:
        """The contract's JSON; messages stay messages until somebody reads them."""
        clips = [
            _clip_json(clip, path, poster)
            for clip, path, poster in zip(self.highlights.clips, self.paths, self.posters, strict=True)
        ]
        code = "result.clips_found" if clips else "result.no_clips"
        return {
            "status": "success",
            "clips": clips,
            "message": message(code, n=len(clips)),
            "doubts": list(self.doubts),
            "source": str(self.source),
            "timeline": dict(self.timeline),
            "plans": {form: str(path) for form, path in self.plans.items()},
        }


def _clip_json(clip: Highlight, path: Path | None, poster: Path | None) -> dict[str, Any]:
    return {
        "path": str(path) if path else None,
        "poster": str(poster) if poster else None,
        "start": round(clip.start, 3),
        "end": round(clip.end, 3),
        "duration": round(clip.duration, 3),
        "score": round(clip.score, 4),
        "parts": {name: round(value, 4) for name, value in clip.parts.items()},
        **clip.labels.to_json(),
        "reasons": list(clip.reasons),
        "doubts": list(clip.doubts),
    }


def highlights(engine: Engine, request: HighlightsRequest, report: Report = no_report) -> HighlightsResult:
    """The moments of ``request.source`` worth sharing, best first, rendered when asked.

    Raises:
        UserError: the file cannot be read.
        Cancelled: ``report`` stopped the work.
    """
    report(0.0, message("progress.probing"))
    shortest, longest = request.durations(engine.settings)
    info = engine.probe(request.source)
    share = 0.7 if request.render else 1.0
    evidence, raw = collect(engine, info, request, part_of(report, 0.01, share))
    found = find_highlights(evidence, count=request.clips, min_duration=shortest, max_duration=longest)
    paths, posters = _render_all(request, info, found.clips, part_of(report, share, 1.0))
    plans = _plans(engine, request, found.clips) if paths and paths[0] else {}
    report(1.0, message("progress.done"))
    return HighlightsResult(
        source=request.source, duration=info.duration, highlights=found, paths=paths, posters=posters,
        timeline=_timeline_json(info, raw, found), doubts=(*info.doubts, *chosen(info, request.track).notes, *found.doubts),
        plans=plans, said=evidence.transcript,
    )  # fmt: skip


def collect(
    engine: Engine, info: MediaInfo, request: HighlightsRequest, report: Report
) -> tuple[Evidence, RawEvidence]:
    """Everything the decision sees: curves, events, shots and, where somebody speaks, the transcript."""
    stream, listens = chosen(info, request.track).heard, request.transcribe and bool(info.audio)
    sides = Sides(report, (0.4, 0.6) if listens else (1.0, 0.0))
    with Listening(lambda: _transcript(engine, info, request, stream, sides.part(1))) as listening:

        def heard(sound: RawEvidence) -> None:
            if listens and _somebody_speaks(sound, info.duration):
                listening.begin()
                engine.ahead(lambda: get_ready(engine, request.language or ""))

        with sides:
            raw = engine.evidence(info.path, sides.part(0), stream, heard)
            sides.done(0)
            transcript = listening.said() if listens and _somebody_speaks(raw, info.duration) else None
    evidence = evidence_of(raw, info, transcript)
    evidence = replace(evidence, curves={**evidence.curves, **crowd_of(Path(info.path), info.duration).curves})
    return replace(evidence, thoughts=_thoughts(engine, evidence)), raw


def _thoughts(engine: Engine, evidence: Evidence) -> tuple[Thought, ...]:
    """What is said, divided and judged; nothing where nobody speaks."""
    said = evidence.transcript
    if said is None or not said.sentences:
        return ()
    reactions = [e for e in evidence.events if e.label in BY_LABEL]
    spoken = spoken_of(engine, said.sentences, said.language)
    return thoughts_of(spoken, vocabulary_of(engine, said.language, {}), reactions)


def evidence_of(raw: RawEvidence, info: MediaInfo, transcript: Transcript | None) -> Evidence:
    """The decision's view of the raw evidence."""
    return Evidence(
        duration=info.duration, curves={c.name: c for c in raw.curves}, events=raw.events, shots=raw.shots,
        silences=raw.silences, beats=raw.beats, transcript=transcript,
        has_audio=bool(info.audio), has_video=info.video is not None,
    )  # fmt: skip


def _somebody_speaks(raw: RawEvidence, duration: float) -> bool:
    curve = next((c for c in raw.curves if c.name == "speech"), None)
    if curve is None:
        return False
    heard = float((curve.values >= SPEECH_LIKELY).sum()) * curve.step
    return heard >= min(HEARD_SECONDS, max(1.0, HEARD_SPEECH * duration))


def _transcript(
    engine: Engine, info: MediaInfo, asked: HighlightsRequest, stream: int, report: Report
) -> Transcript | None:
    try:
        return heard_by(engine, info.path, asked, stream, report)
    except NoAudio:
        return None


def _render_all(
    request: HighlightsRequest, info: MediaInfo, clips: tuple[Highlight, ...], report: Report
) -> tuple[tuple[Path | None, ...], tuple[Path | None, ...]]:
    nothing: tuple[Path | None, ...] = (None,) * len(clips)
    if not request.render or request.out is None or not clips:
        return nothing, nothing
    from pipeline.render.options import RenderOptions
    from pipeline.render.previews import poster
    from pipeline.render.render import RenderJob, render_many

    request.out.mkdir(parents=True, exist_ok=True)
    suffix = ".mp4" if info.video else ".m4a"
    options = RenderOptions(fast_copy=request.fast, tracks={info.path: chosen(info, request.track).mixed})
    jobs = [
        RenderJob(
            cut_of(request.source, clip.span), request.out / f"clip_{n}{suffix}", options, {str(request.source): info}
        )
        for n, clip in enumerate(clips, 1)
    ]
    render_many(jobs, report)
    pictures = [
        poster(job.out, clip.duration / 3, job.out.with_suffix(".jpg")) if info.video else None
        for job, clip in zip(jobs, clips, strict=True)
    ]
    return tuple(job.out for job in jobs), tuple(pictures)


def _plans(engine: Engine, request: HighlightsRequest, clips: tuple[Highlight, ...]) -> dict[str, Path]:
    """All moments one after the other, best first, each with its reasons, for an editor."""
    assert request.out is not None
    cuts: list[Cut] = []
    marks: list[tuple[float, str, str]] = []
    for n, clip in enumerate(clips, 1):
        at = cuts[-1].end if cuts else 0.0
        cuts.append(Cut(str(request.source), clip.span, at))
        marks += reason_marks(at, f"{n}. {clip.labels.title}".strip(), clip.reasons, request.interface)
    return write_plans(engine, Timeline(tuple(cuts)), request.out / "highlights.mp4", marks)


def cut_of(source: Path, span: Span) -> Timeline:
    """A plan that shows ``span`` of ``source`` and nothing else."""
    return Timeline((Cut(str(source), span, 0.0),))


def _timeline_json(info: MediaInfo, raw: RawEvidence, found: Highlights) -> dict[str, Any]:
    curve = found.curve
    return {
        "duration": round(info.duration, 3),
        "step": curve.step if curve else 0.5,
        "excitement": [round(float(v), 3) for v in curve.values] if curve else [],
        "events": [
            {"start": round(e.start, 2), "end": round(e.end, 2), "label": e.label, "score": round(e.score, 3)}
            for e in raw.events
        ],
        "shots": [round(s.start, 3) for s in raw.shots],
    }  # fmt: skip
