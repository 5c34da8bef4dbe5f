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
from syncdub.languages import dub_language, short
from syncdub.making.dub_subtitles import Lines, dub_subtitles
from syncdub.making.measure import RATE, Fetch, Residual, measure, windows
from syncdub.making.nudge import nudge
from syncdub.making.plan import placed
from syncdub.making.shorter import ShorterFilm, cut_json, shorter_film, shorter_name
from syncdub.making.soundtrack import Pair, Track, Wish, audio_of, make_track, segment_at, with_durations
from syncdub.plan_file import load_plan, moved
from syncdub.requests import SyncRequest
from syncdub.several import dubs_of
from syncdub.values import PlacedPlan, Segment, SyncPlan

if TYPE_CHECKING:
    from pipeline.engine import Engine

N_EXECUTION = 8
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
    and the dub file placed by the plan. ``copied`` says the dub's packets were kept, ``language`` how its track is tagged.
    """

    plan: SyncPlan
    output: Path | None = None
    residual: Residual | None = None
    execution: Residual | None = None
    copied: bool = False
    codec: str = ""
    language: str = ""
    doubts: tuple[Message, ...] = ()
    others: tuple[SyncResult, ...] = ()
    """What became of further dubs of the film."""
    gone: tuple[Span, ...] = ()
    """What was cut out of the film, its own clock."""

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
        body["track"] = {"copied": self.copied, "codec": self.codec, "language": self.language}
        if self.gone:
            body["cut"] = cut_json(self.gone, self.plan.original_duration)
        if self.others:
            body["others"] = [other.to_json() for other in self.others]
        return body


def sync(engine: Engine, request: SyncRequest, report: Report = no_report) -> SyncResult:
    """One file with all sound tracks in sync, or a refusal that says why in its doubts. A dub that is refused stops no other.

    Raises:
        BadRequest, NotFound, Forbidden, DiskFull: the output cannot be written there.
        NotFound, UnreadableMedia, UnsupportedFormat, NoAudio: an input cannot be used, or its picture cannot be kept.
        BadRequest: the plan cannot be moved as ``nudges`` say.
        FFmpegFailed: the result could not be made or did not pass its examination.
    """
    check_output(request.output, [Path(file) for file in request.files()])
    carriage(request.original)
    with dubs_of(engine, request, part_of(report, 0.0, 0.05)) as dubs:
        step = 0.55 / len(dubs)
        spans = [part_of(report, 0.05 + step * n, 0.05 + step * (n + 1)) for n in range(len(dubs))]
        planned = [_planned(engine, each, told) for each, told in zip(dubs, spans, strict=True)]
        return execute_all(engine, planned, part_of(report, 0.6, 1.0))


def _planned(engine: Engine, request: SyncRequest, report: Report) -> Planned:
    """Where a dub belongs: as its plan says, else by analysis."""
    from syncdub.analysis import analyse

    if request.plan is not None:
        return Planned(moved(load_plan(request.plan), request.nudges), request)
    return Planned(analyse(engine, request, report), request)


def execute(engine: Prober, plan: SyncPlan, request: SyncRequest, report: Report = no_report) -> SyncResult:
    """``plan`` carried out: the second half of :func:`sync`, with the same errors."""
    return execute_all(engine, [Planned(plan, request)], report)


def execute_all(engine: Prober, planned: Sequence[Planned], report: Report = no_report) -> SyncResult:
    """Every plan that is not refused carried out into one file; the result is the first one's, with the ``others``."""
    refused = tuple(SyncResult(p.plan) for p in planned if p.refused)
    orders = [_order(engine, p) for p in planned if not p.refused]
    if not orders:
        return replace(refused[0], others=refused[1:])
    output = orders[0].request.output
    files = [Path(info.path) for o in orders for info in (o.pair.original, o.pair.dub)]
    check_output(output, files, orders[0].pair.original.size + sum(o.pair.dub.size for o in orders))
    with tempfile.TemporaryDirectory(prefix="sync-", dir=_work_of(engine)) as folder:
        cut = _shorter(engine, orders, Path(folder), part_of(report, 0.0, 0.6)) if orders[0].request.cut_gaps else None
        orders = _on_its_clock(orders, cut) if cut else orders
        rest = part_of(report, 0.6, 1.0) if cut else report
        results = _made(orders, Path(folder), rest)
        if any(r.copied and not _trusted(r.execution) for r in results):
            results = _made(orders, Path(folder), rest, may_copy=False)
    first, *others = (replace(r, plan=o.whole) for r, o in zip(results, orders, strict=True))
    if cut:
        first = replace(first, gone=cut.gone, doubts=(*cut.doubts, *first.doubts))
    return replace(first, others=(*others, *refused))


def _shorter(engine: Prober, orders: Sequence[_Order], folder: Path, report: Report) -> ShorterFilm | None:
    """The film without what no dub has."""
    first = orders[0]
    plans = [o.placed for o in orders]
    return shorter_film(first.pair.original, plans, first.request.codec, folder, engine.probe, report)


def _on_its_clock(orders: Sequence[_Order], cut: ShorterFilm) -> list[_Order]:
    """The same orders for the shorter film, which says in its title that it is one."""
    film = Path(cut.film.path)
    name = shorter_name(orders[0].request.name or orders[0].request.original.stem, orders[0].request.interface)
    return [
        replace(o, pair=Pair(cut.film, o.pair.dub), placed=plan, request=replace(o.request, original=film, name=name))
        for o, plan in zip(orders, cut.plans, strict=True)
    ]


def _work_of(engine: Prober) -> Path:
    work = engine.settings.temp_dir
    work.mkdir(parents=True, exist_ok=True)
    return work


def _order(engine: Prober, planned: Planned) -> _Order:
    """What is made for a plan: with the files' own lengths, languages, and the shift by hand."""
    request = planned.request
    pair = Pair(engine.probe(request.original), engine.probe(request.dub))
    tagged = audio_of(pair.dub, planned.plan.dub_stream).language
    language, doubts = dub_language(request.language, tagged, planned.plan.languages[1])
    request = replace(request, language=language)
    plan = with_durations(planned.plan, pair)
    if request.nudge_ms:
        plan = nudge(plan, request.nudge_ms)
    return _Order(request, pair, doubts, plan, placed(plan), engine.settings.device)


def _trusted(execution: Residual | None) -> bool:
    return execution is None or execution.bias is None or abs(execution.bias) <= COPY_TRUST_MS


@dataclass(frozen=True, slots=True)
class Planned:
    """A dub with where it belongs."""

    plan: SyncPlan
    request: SyncRequest

    @property
    def refused(self) -> bool:
        return self.plan.verdict == "refuse" or not self.plan.segments


@dataclass(frozen=True, slots=True)
class _Order:
    """What is made of which files: the ``whole`` plan and as it is ``placed``; ``doubts`` are those of the dub's language, which the
    request names."""

    request: SyncRequest
    pair: Pair
    doubts: tuple[Message, ...]
    whole: SyncPlan
    placed: PlacedPlan
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class _Parts:
    """A dub's track and subtitles, ready to go into the file."""

    track: Track
    added: NewTrack
    lines: Lines


def _made(orders: Sequence[_Order], folder: Path, report: Report, *, may_copy: bool = True) -> list[SyncResult]:
    """The film with all dubs; what became of each."""
    step = 0.5 / len(orders)
    parts = [
        _parts(order, folder / str(n), part_of(report, step * n, step * (n + 1)), may_copy=may_copy)
        for n, order in enumerate(orders)
    ]
    first, request = orders[0], orders[0].request
    contents = Mux(
        request.original,
        request.output,
        parts[0].added,
        tuple(t for p in parts for t in p.lines.tracks),
        first.placed.original_stream,
        request.default,
        title=request.name,
        fonts=tuple({f.name: f for p in parts for f in p.lines.fonts}.values()),
        original_language=first.whole.languages[0],
        also=tuple(p.added for p in parts[1:]),
    )
    left_out = mux(contents, part_of(report, 0.5, 0.85))
    results = []
    for n, (order, part) in enumerate(zip(orders, parts, strict=True)):
        share = part_of(report, 0.85 + 0.15 * n / len(orders), 0.85 + 0.15 * (n + 1) / len(orders))
        residual, execution = measured(order.placed, order.pair, request.output, share, place=n)
        doubts = (*order.doubts, *part.track.doubts, *part.lines.doubts, *(left_out if n == 0 else ()))
        made = (part.track.copied, part.track.codec, short(order.request.language))
        results.append(SyncResult(order.placed, request.output, residual, execution, *made, doubts))
    return results


def _parts(order: _Order, folder: Path, report: Report, *, may_copy: bool) -> _Parts:
    folder.mkdir(exist_ok=True)
    plan, pair, request = order.placed, order.pair, order.request
    track = make_track(plan, pair, Wish(request.fill, request.codec, may_copy, order.device), folder, report)
    lines = dub_subtitles(plan, pair.dub, request.subtitles, request.language, folder)
    flags = audio_of(pair.dub, plan.dub_stream).flags
    return _Parts(track, NewTrack(track.path, "a", request.language, _title(plan, request), flags=flags), lines)


def measured(
    plan: PlacedPlan, pair: Pair, output: Path, report: Report = no_report, place: int = 0
) -> tuple[Residual, Residual]:
    """(offset of the dub track against the original track, the same against the dub file placed by the plan) of a
    finished file, whose dub number ``place`` it is.

    Where the tracks share no sound, the first is the second, and its ``method`` says so.
    """
    number = len(pair.original.audio) + place
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


def _title(plan: PlacedPlan, request: SyncRequest) -> str:
    """``Español (sincronizado +1,250 s)``: what it is and what was done, in the person's language."""
    name = own_name(request.language) or say(message("track.dub"), request.interface)
    offset = plan.segments[0].offset_ms / 1000 if plan.verdict in {"aligned", "shift"} else None
    if offset is None:
        return say(message("track.synced", language=name), request.interface)
    sign = "+" if offset >= 0 else "−"
    return say(message("track.shifted", language=name, sign=sign, offset=abs(offset)), request.interface)


__all__ = ["SyncResult", "Track", "execute", "measured", "sync"]
