"""Where every second of the dub belongs: the three witnesses asked in turn, their word fused, the result weighed.

Music and effects come first: they are exact and need no model. The picture speaks where both files have one, in full when the
sound does not carry a result, else at a few places to check it. Meaning finds the lines where nothing else is shared, and
confirms the others; being good to a few tenths of a second it never moves what the exact witnesses placed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.freed import give_back
from pipeline.errors import NoAudio
from pipeline.evidence import fingerprints
from pipeline.evidence.fingerprints import SoundPrint
from pipeline.media.values import AudioStream, MediaInfo
from pipeline.messages import Message, message
from pipeline.progress import Report, no_report, part_of
from pipeline.values import Span, Transcript
from syncdub.exact import pictures
from syncdub.exact.correlation import Search
from syncdub.exact.findings import WHOLE, Finding, weigh
from syncdub.exact.pictures import Spot
from syncdub.exact.soundmatch import Agreement, glance, match
from syncdub.exact.speed import KNOWN, pitch_votes
from syncdub.languages import heard_as, known, language_of, short
from syncdub.meaning.coarse import coarse_lines, confirmed, with_gaps_filled
from syncdub.meaning.meaning import Meaning, meaning
from syncdub.reading.device_search import search_on
from syncdub.reading.finishing import finished
from syncdub.reading.seeing import checked, moments_of, spots_of
from syncdub.reading.tracks import Tracks
from syncdub.requests import AnalyseRequest
from syncdub.values import Match, Pitch, Segment, SyncPlan
from syncdub.verdict import SHORTEST, balance, general_doubts, verdict_of

OnPlan = Callable[[SyncPlan], None]
PITCH_SECONDS, N_PITCH, PITCH_MARGIN = 4.0, 8, 0.02
AUDIBLE_PITCH = 0.002
"""Speed changes under 0.2 % move the pitch by less than three cents: not measurable, not audible."""
MAX_ANCHORS = 4000


class Witnesses(Protocol):
    """What this needs of an engine."""

    @property
    def device(self) -> Any: ...

    def probe(self, path: Path | str) -> MediaInfo: ...

    def transcript(
        self,
        path: Path | str,
        language: str | None = None,
        stream: int = 0,
        report: Report = no_report,
        *,
        timed: bool = True,
    ) -> Transcript: ...

    def spoken(self, path: Path | str, stream: int = 0) -> tuple[str, float]: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...

    def sound_print(self, path: Path | str, stream: int = 0, report: Report = no_report) -> SoundPrint: ...


@dataclass(frozen=True, slots=True)
class _Case:
    """Both files with the chosen tracks, and who watches."""

    request: AnalyseRequest
    original: MediaInfo
    dub: MediaInfo
    streams: tuple[int, int]
    on_plan: OnPlan | None = None

    @property
    def pictured(self) -> bool:
        return self.original.video is not None and self.dub.video is not None


def analyse(
    engine: Witnesses, request: AnalyseRequest, report: Report = no_report, on_plan: OnPlan | None = None
) -> SyncPlan:
    """Where every second of ``request.dub`` belongs in ``request.original``.

    ``on_plan`` gets the map as it grows: at a glance, by all of the sound, with the picture; speech comes last.

    Raises:
        NotFound, UnreadableMedia, UnsupportedFormat: a file cannot be used.
        NoAudio: a file or the wanted track has no sound.
    """
    case = _opened(engine, request, on_plan)
    weights = (0.35, 0.5, 0.6) if not request.quick else (0.7, 0.9, 1.0)
    finding = _by_sound(engine, case, part_of(report, 0.0, weights[0]))
    _tell(case, finding, [])
    finding, spots = _with_picture(engine, case, finding, part_of(report, weights[0], weights[1]))
    tracks = Tracks((request.original, request.dub), case.streams)
    finding = finished(replace(finding, pitch=_pitch(case, finding)), tracks, engine.device.kind)
    report(weights[2], message("progress.placing"))
    _tell(case, finding, spots)
    give_back()  # what the search took, before a recogniser needs as much
    if request.quick:
        said, heard = None, _voted(engine, case) if finding.segments else ("", "")
    else:
        said, heard = _said(engine, case, part_of(report, weights[2], 1.0))
    plan = replace(_plan(case, finding, spots, said), languages=_languages(case, heard))
    report(1.0, message("progress.placed"))
    return plan


def _tell(case: _Case, finding: Finding, spots: list[Spot]) -> None:
    if case.on_plan is not None and finding.segments:
        case.on_plan(_plan(case, finding, spots, None))


def _opened(engine: Witnesses, request: AnalyseRequest, on_plan: OnPlan | None) -> _Case:
    original, dub = engine.probe(request.original), engine.probe(request.dub)
    first = chosen_stream(original, request.original_stream)
    avoid = original.audio[first].language if str(request.original) != str(request.dub) else ""
    return _Case(request, original, dub, (first, chosen_stream(dub, request.dub_stream, avoid)), on_plan)


def chosen_stream(info: MediaInfo, wanted: int | None, avoid: str = "") -> int:
    """Number of the audio track to use: ``wanted``, else the best that is no commentary, preferably not in ``avoid``.

    Raises:
        NoAudio: there is none.
    """
    if not info.audio or (wanted is not None and not 0 <= wanted < len(info.audio)):
        raise NoAudio(name=Path(info.path).name)
    if wanted is not None:
        return wanted

    def rank(item: tuple[int, AudioStream]) -> tuple[bool, bool, bool, int]:
        number, track = item
        return track.commentary, bool(avoid) and track.language == avoid, not track.default, number

    return min(enumerate(info.audio), key=rank)[0]


def _by_sound(engine: Witnesses, case: _Case, report: Report) -> Finding:
    device = engine.device.kind
    prints = []
    for k, (info, stream) in enumerate(zip((case.original, case.dub), case.streams, strict=True)):
        part = part_of(report, 0.4 * k, 0.4 * (k + 1))
        prints.append(engine.sound_print(info.path, stream, part))
    report(0.8, message("progress.comparing_sound"))
    own, dub = prints
    if min(own.duration, dub.duration) < SHORTEST:
        return Finding.refused(message("doubt.too_short"), own.duration, dub.duration)
    return _matched(case, own, dub, search_on(device))


def _matched(case: _Case, own: SoundPrint, dub: SoundPrint, find: Search) -> Finding:
    """What all of the sound says; who watches is shown a glance at it first."""

    def glanced(found: Agreement) -> bool:
        seen = weigh(found, "sound", own.duration, dub.duration, at_a_glance=True)
        _tell(case, seen, [])
        return bool(seen.segments)

    # Most dubs run at the film's pace: shown before any other speed is tried.
    no_more = case.on_plan is None or glanced(glance(own.layers, dub.layers, fingerprints.STEP, find=find))
    found = match(own.layers, dub.layers, fingerprints.STEP, on_first=None if no_more else glanced, find=find)
    return weigh(found, "sound", own.duration, dub.duration)


def _with_picture(engine: Witnesses, case: _Case, finding: Finding, report: Report) -> tuple[Finding, list[Spot]]:
    if not case.pictured:
        return finding, []
    if finding.segments:
        return finding, spots_of(case.original, case.dub, finding.segments, report)
    layers, device = [], engine.device.kind
    for k, info in enumerate((case.original, case.dub)):
        part = part_of(report, 0.45 * k, 0.45 * (k + 1))
        seen = fingerprints.picture_print(info.path, device=device, duration=info.duration, report=part)
        layers.append({"picture": pictures.layer(seen.times, seen.frames)})
    report(0.9, message("progress.comparing_picture"))
    if min(len(x["picture"]) for x in layers) * pictures.STEP < SHORTEST:
        return finding, []
    found = match(layers[0], layers[1], pictures.STEP, kind=1, find=search_on(device))
    seen_finding = weigh(found, "picture", case.original.duration, case.dub.duration)
    return (seen_finding if seen_finding.segments else finding), []


def _pitch(case: _Case, finding: Finding) -> Pitch:
    """Whether the dub's pitch moved with its speed, by comparing spectra of the same moments both ways."""
    if not finding.segments or finding.witness != "sound" or abs(finding.rate - 1.0) < AUDIBLE_PITCH:
        return "unknown"
    moments = moments_of(finding.segments, N_PITCH, PITCH_SECONDS)
    half = PITCH_SECONDS / 2
    ours = [Span(o - half, o + half) for _, o, _ in moments]
    theirs = [Span(d - half / r, d + half / r) for d, _, r in moments]
    votes = []
    for a, b in zip(
        fingerprints.pieces(case.original.path, ours, stream=case.streams[0]),
        fingerprints.pieces(case.dub.path, theirs, stream=case.streams[1]),
        strict=True,
    ):
        for layer in (0, 1):
            if min(float(np.square(x[layer]).mean()) for x in (a, b)) > 1e-8:
                votes.append(pitch_votes(a[layer], b[layer], finding.rate, fingerprints.RATE))
    if not votes:
        return "unknown"
    moved, kept = np.mean(votes, axis=0)
    if abs(moved - kept) < PITCH_MARGIN:
        return "unknown"
    return "shifted" if moved > kept else "kept"


def _rate(segments: Sequence[Segment], found: float) -> float:
    """The speed ``found`` for all segments, or an exact one where that is nearer to what they run at between their small losses."""
    if not segments:
        return 1.0
    seconds = [s.dub_end - s.dub_start for s in segments]
    mean = float(np.average([s.rate for s in segments], weights=seconds))
    return min(
        (found, *map(float, KNOWN)), key=lambda rate: (abs(rate - mean) > abs(found - mean) / 2, abs(rate - mean))
    )


def _languages(case: _Case, heard: tuple[str, str]) -> tuple[str, str]:
    """The languages of both tracks by what the files say and what was ``heard`` on them."""
    original, dub = (i.audio[n].language for i, n in zip((case.original, case.dub), case.streams, strict=True))
    return short(language_of(original, heard[0])), short(language_of(dub, heard[1]))


def _voted(engine: Witnesses, case: _Case) -> tuple[str, str]:
    """The languages that the first minute of speech is in on the tracks whose files do not say it, empty where that is not sure."""
    found = []
    for info, stream in zip((case.original, case.dub), case.streams, strict=True):
        told = known(info.audio[stream].language)
        found.append("" if told else heard_as(*engine.spoken(info.path, stream)))
    return found[0], found[1]


def _said(engine: Witnesses, case: _Case, report: Report) -> tuple[Meaning, tuple[str, str]]:
    """What is said, compared; and the languages heard, empty where that is not sure."""
    own = engine.transcript(case.original.path, None, case.streams[0], part_of(report, 0.0, 0.45), timed=False)
    dub = engine.transcript(case.dub.path, None, case.streams[1], part_of(report, 0.45, 0.9), timed=False)
    report(0.95, message("progress.comparing_meaning"))
    spoken = tuple(heard_as(t.language, t.language_probability) for t in (own, dub))
    return meaning(own, dub, engine.embed), (spoken[0], spoken[1])


def _plan(case: _Case, finding: Finding, spots: list[Spot], said: Meaning | None) -> SyncPlan:
    segments, doubts = list(finding.segments), list(finding.doubts)
    if segments:
        segments, more = checked(segments, spots, case.request.follow)
        doubts += more
    if said is not None and segments and said.another_story:
        segments, doubts = _overruled(segments, doubts, finding)
    elif said is not None and segments:
        segments = with_gaps_filled(confirmed(segments, said.anchors), said, finding.durations)
    elif said is not None:
        segments, doubts = _by_meaning(said, finding)
    anchors = sorted((*finding.anchors, *(said.anchors if said else ())), key=lambda a: a.rank)
    matches: tuple[Match, ...] = said.matches if said else ()
    if segments:
        share = balance(segments, *finding.durations)
        doubts += general_doubts(share, segments, *finding.durations)
    return SyncPlan(
        verdict=verdict_of(segments),
        rate=_rate(segments, finding.rate),
        segments=tuple(segments),
        matches=matches,
        doubts=tuple(dict.fromkeys(doubts)),
        pitch=finding.pitch,
        anchors=tuple(anchors[:MAX_ANCHORS]),
        original_duration=case.original.duration,
        dub_duration=case.dub.duration,
        original_stream=case.streams[0],
        dub_stream=case.streams[1],
        bed=finding.bed,
    )


def _overruled(segments: list[Segment], doubts: list[Message], finding: Finding) -> tuple[list[Segment], list[Message]]:
    """What is left where both files speak of different things: nothing if only a part is shared anyway, else a doubt."""
    told = [*doubts, message("doubt.another_story")]
    if balance(segments, *finding.durations).agreement < WHOLE:
        return [], told
    return segments, told


def _by_meaning(said: Meaning, finding: Finding) -> tuple[list[Segment], list[Message]]:
    segments = coarse_lines(said, finding.durations)
    if not segments:
        return [], [*finding.doubts, message("doubt.meaning_does_not_help")]
    error = max(s.error_ms for s in segments)
    return segments, [message("doubt.coarse", error_ms=error)]
