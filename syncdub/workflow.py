"""From two files to one: analyse (or take a given plan), make the dub's track, write the file, measure what was
written."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pipeline.media import decode
from pipeline.media.languages import own_name
from pipeline.media.values import MediaInfo
from pipeline.messages import Message, message, say
from pipeline.progress import Report, no_report, part_of
from pipeline.settings import Settings
from pipeline.tracks.carriage import carriage
from pipeline.tracks.mux import Mux, NewTrack, check_output, mux
from pipeline.values import Span
from syncdub.making.dub_subtitles import dub_subtitles
from syncdub.making.measure import RATE, Fetch, Residual, measure, windows
from syncdub.making.nudge import nudge
from syncdub.making.plan import placed
from syncdub.making.soundtrack import Pair, Track, Wish, audio_of, make_track, segment_at, with_durations
from syncdub.plan_file import load_plan, moved
from syncdub.requests import SyncRequest
from syncdub.values import PlacedPlan, Segment, SyncPlan

if TYPE_CHECKING:
    from pipeline.engine import Engine

N_EXECUTION = 8
SURE_OF_LANGUAGE = 0.8
"""Probability from which a heard language becomes a tag."""
COPY_TRUST_MS = 5.0
"""A copied track further than this from the plan was not what its timestamps said; it is made again, sample by
sample."""


class Prober(Protocol):
    """What making a file needs of an engine."""

    @property
    def settings(self) -> Settings: ...

    def probe(self, path: Path | str) -> MediaInfo: ...


@dataclass(frozen=True, slots=True)
class SyncResult:
    """A plan and what became of it: ``output`` is ``None`` when the sync was refused.

    ``residual`` is measured between both tracks of the finished file, ``execution`` between the finished dub track
    and the dub file placed by the plan. ``copied`` says the dub's packets were kept.
    """

    plan: SyncPlan
    output: Path | None = None
    residual: Residual | None = None
    execution: Residual | None = None
    copied: bool = False
    codec: str = ""
    doubts: tuple[Message, ...] = ()

    @property
    def refused(self) -> bool:
        return self.output is None

    def to_json(self) -> dict[str, Any]:
        """The contract's JSON of ``sync``; messages stay messages."""
        body = self.plan.to_json()
        body["doubts"] = list(dict.fromkeys((*self.plan.doubts, *self.doubts)))
        body["output"] = None if self.output is None else str(self.output)
        body["residual_ms"] = self.residual.to_json() if self.residual else {"median": None, "p95": None}
        body["execution_ms"] = self.execution.to_json() if self.execution else None
        body["track"] = {"copied": self.copied, "codec": self.codec}
        return body


def sync(engine: Engine, request: SyncRequest, report: Report = no_report) -> SyncResult:
    """One file with both sound tracks in sync, or a refusal that says why in its doubts.

    Raises:
        BadRequest, NotFound, Forbidden, DiskFull: the output cannot be written there.
        NotFound, UnreadableMedia, UnsupportedFormat, NoAudio: an input cannot be used, or its picture cannot be kept.
        BadRequest: the plan cannot be moved as ``nudges`` say.
        FFmpegFailed: the result could not be made or did not pass its examination.
    """
    from syncdub.analysis import analyse

    check_output(request.output, (request.original, request.dub, *request.subtitles))
    carriage(request.original)
    if request.plan is not None:
        return execute(engine, moved(load_plan(request.plan), request.nudges), request, report)
    plan = analyse(engine, request, part_of(report, 0.0, 0.6))
    return execute(engine, plan, request, part_of(report, 0.6, 1.0), heard_languages(engine, request, plan))


def execute(
    engine: Prober, plan: SyncPlan, request: SyncRequest, report: Report = no_report, heard: Heard | None = None
) -> SyncResult:
    """``plan`` carried out: the second half of :func:`sync`, with the same errors; ``heard`` tags tracks that say no language."""
    if plan.verdict == "refuse" or not plan.segments:
        return SyncResult(plan)
    heard = heard or Heard()
    pair = Pair(engine.probe(request.original), engine.probe(request.dub))
    if not _language(plan, pair, request):
        request = replace(request, language=heard.dub)
    plan = with_durations(plan, pair)
    if request.nudge_ms:
        plan = nudge(plan, request.nudge_ms)
    check_output(request.output, (request.original, request.dub), pair.original.size + pair.dub.size)
    work = engine.settings.temp_dir
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sync-", dir=work) as folder:
        playable, order = placed(plan), _Order(request, pair, heard)
        result = _made(playable, order, Path(folder), report)
        if result.copied and not _trusted(result.execution):
            result = _made(playable, order, Path(folder), report, may_copy=False)
    return replace(result, plan=plan)


def _trusted(execution: Residual | None) -> bool:
    return execution is None or execution.bias is None or abs(execution.bias) <= COPY_TRUST_MS


@dataclass(frozen=True, slots=True)
class Heard:
    """What languages the analysis heard in both tracks, ISO 639-1; empty where it is not sure."""

    original: str = ""
    dub: str = ""


def heard_languages(engine: Engine, request: SyncRequest, plan: SyncPlan) -> Heard:
    """The languages of both tracks; the transcripts are remembered, nothing is heard twice."""
    if request.quick or not plan.segments:
        return Heard()
    found = [
        engine.transcript(str(path), None, stream)
        for path, stream in ((request.original, plan.original_stream), (request.dub, plan.dub_stream))
    ]
    return Heard(*(t.language if t.language_probability >= SURE_OF_LANGUAGE else "" for t in found))


@dataclass(frozen=True, slots=True)
class _Order:
    """What is made of which files; ``heard`` are the languages of their tracks."""

    request: SyncRequest
    pair: Pair
    heard: Heard


def _made(plan: PlacedPlan, order: _Order, folder: Path, report: Report, *, may_copy: bool = True) -> SyncResult:
    request, pair = order.request, order.pair
    wish = Wish(request.fill, request.codec, may_copy)
    track = make_track(plan, pair, wish, folder, part_of(report, 0.0, 0.5))
    language = _language(plan, pair, request)
    lines = dub_subtitles(plan, pair.dub, request.subtitles, language, folder)
    added = NewTrack(track.path, "a", language, _title(plan, pair, request))
    contents = Mux(
        request.original,
        request.output,
        added,
        lines.tracks,
        plan.original_stream,
        request.default,
        title=request.name,
        fonts=lines.fonts,
        original_language=order.heard.original,
    )
    left_out = mux(contents, part_of(report, 0.5, 0.85))
    residual, execution = measured(plan, pair, request.output, part_of(report, 0.85, 1.0))
    return SyncResult(
        plan, request.output, residual, execution, track.copied, track.codec, (*track.doubts, *lines.doubts, *left_out)
    )


def measured(plan: PlacedPlan, pair: Pair, output: Path, report: Report = no_report) -> tuple[Residual, Residual]:
    """(offset of the dub track against the original track, the same against the dub file placed by the plan) of a
    finished file.

    Where the tracks share no sound, the first is the second, and its ``method`` says so.
    """
    number = len(pair.original.audio)
    finished, original = reader(output, number), reader(output, plan.original_stream)
    places = windows(plan.segments)
    said = message("progress.measuring")
    few = places[:: max(1, len(places) // N_EXECUTION)]
    source = placed_source(Path(pair.dub.path), plan.dub_stream, plan.segments)
    execution = measure(source, finished, few, "dub_source")
    report(0.3, said)
    shared = measure(original, finished, places, "shared_sound")
    report(1.0, said)
    return (shared if shared.method != "none" else execution), execution


def reader(path: Path, stream: int) -> Fetch:
    """A :data:`~syncdub.making.measure.Fetch` of an audio track."""

    def fetch(start: float, seconds: float) -> Any:
        audio = decode.load_audio(path, rate=RATE, stream=stream, span=Span(start, start + seconds))
        n = round(seconds * RATE)
        return np.pad(audio.samples[:n], (0, max(0, n - len(audio.samples))))

    return fetch


def placed_source(path: Path, stream: int, segments: Sequence[Segment]) -> Fetch:
    """A :data:`~syncdub.making.measure.Fetch` of the dub file on the original's clock; a change of speed is a plain
    resampling here."""
    plain = reader(path, stream)

    def fetch(start: float, seconds: float) -> Any:
        import soxr  # type: ignore[import-untyped]

        segment = segment_at(segments, start + seconds / 2)
        if segment is None:
            return np.zeros(round(seconds * RATE), np.float32)
        dub_start = segment.dub_start + (start - segment.original_start) / segment.rate
        samples = plain(dub_start, seconds / segment.rate)
        return samples if segment.rate == 1.0 else soxr.resample(samples, RATE, RATE * segment.rate)

    return fetch


def _language(plan: SyncPlan, pair: Pair, request: SyncRequest) -> str:
    tagged = audio_of(pair.dub, plan.dub_stream).language
    return request.language or (tagged if tagged != "und" else "")


def _title(plan: PlacedPlan, pair: Pair, request: SyncRequest) -> str:
    """``Español (sincronizado +1,250 s)``: what it is and what was done, in the person's language."""
    name = own_name(_language(plan, pair, request)) or say(message("track.dub"), request.interface)
    offset = plan.segments[0].offset_ms / 1000 if plan.verdict in {"aligned", "shift"} else None
    if offset is None:
        return say(message("track.synced", language=name), request.interface)
    sign = "+" if offset >= 0 else "−"
    return say(message("track.shifted", language=name, sign=sign, offset=abs(offset)), request.interface)


__all__ = ["SyncResult", "Track", "execute", "measured", "sync"]
