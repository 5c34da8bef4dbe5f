"""Results for other programs: tables as CSV and JSON, files as one ZIP, edit plans for video editors (OTIO, EDL).

The same values always give the same bytes: no dates, no random names.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.atomic import beside
from pipeline.errors import NotFound
from pipeline.values import Cut, Timeline

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is run as a formula by spreadsheets (OWASP, CSV injection)."""
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}
)
NTSC_RATES = {Fraction(24000, 1001): 24, Fraction(30000, 1001): 30, Fraction(60000, 1001): 60}
DROP_FRAME = Fraction(30000, 1001)


def safe_name(name: str, fallback: str = "clip", longest: int = 100) -> str:
    """A file name every system accepts, without folders; accents stay, the ending stays."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    text = re.sub(r"[\x00-\x1f\x7f<>:\"|?*]", "_", text).strip(" .")
    stem, dot, ending = text.rpartition(".") if "." in text[1:] else (text, "", "")
    if stem.lower() in RESERVED or not stem or stem.startswith("-"):
        stem = f"{fallback}{stem if stem.startswith('-') else '_' + stem if stem else ''}"
    return _shortened(stem, longest - len(ending) - 1) + (dot + ending if ending else "")


def _shortened(text: str, n_bytes: int) -> str:
    return text.encode("utf-8")[: max(1, n_bytes)].decode("utf-8", "ignore").rstrip(" .")


def to_csv(rows: Sequence[Mapping[Any, Any]]) -> str:
    """Rows as CSV (comma, header, UTF-8); columns in the order they first appear; text cannot act as a formula."""
    import pandas

    return str(
        pandas.DataFrame([{str(k): _cell(v) for k, v in row.items()} for row in rows]).to_csv(
            index=False, lineterminator="\n"
        )
    )


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = "; ".join(str(v) for v in value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value


def to_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a JSON array of objects, accents readable."""
    import pandas

    frame = pandas.DataFrame(list(rows))
    return str(frame.to_json(orient="records", force_ascii=False, indent=2, double_precision=6))


def to_zip(files: Iterable[Path], out: Path, names: Mapping[Path, str] | None = None) -> Path:
    """The files in one ZIP under safe flat names (numbered when two are equal), stored as they are: media is compressed.

    Raises:
        NotFound: one of them does not exist.
    """
    given = names or {}
    taken: set[str] = set()
    with beside(out) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for file in files:
            if not file.is_file():
                raise NotFound(name=file.name)
            entry = zipfile.ZipInfo(_unused(safe_name(given.get(file, file.name)), taken), ZIP_EPOCH)
            entry.external_attr = 0o644 << 16
            entry.file_size = file.stat().st_size
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=entry.file_size > 2**31) as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)
    return out


def _unused(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".") if "." in name[1:] else (name, "", "")
    candidate, number = name, 2
    while candidate.casefold() in taken:
        candidate, number = f"{stem} ({number}){dot}{ending}", number + 1
    taken.add(candidate.casefold())
    return candidate


def nominal(fps: Fraction) -> int:
    """The counting base of a timecode: 30 for 29.97."""
    return NTSC_RATES.get(fps, round(fps))


def timecode(seconds: float, fps: Fraction) -> str:
    """SMPTE 12M timecode of the frame shown at ``seconds``; drop-frame (``;``) for 29.97 only."""
    base = nominal(fps)
    frame = max(0, round(Fraction(seconds) * fps))
    if fps == DROP_FRAME:
        # Two numbers are left out every minute but the tenth: 17982 frames in ten minutes, 1798 in a minute.
        tens, rest = divmod(frame, 17982)
        frame += 18 * tens + (2 * ((rest - 2) // 1798) if rest > 1 else 0)
    point = ";" if fps == DROP_FRAME else ":"
    hours, minutes, secs = frame // (3600 * base) % 24, frame // (60 * base) % 60, frame // base % 60
    return f"{hours:02d}:{minutes:02d}:{secs:02d}{point}{frame % base:02d}"


def to_edl(timeline: Timeline, fps: Fraction = Fraction(25), title: str = "") -> str:
    """CMX 3600 edit list: every cut as picture and sound; other speeds as M2; source names as comments.

    Cross-fades are not part of a list that every editor reads the same way: joins are written as cuts.
    """
    lines = [f"TITLE: {_ascii(title or timeline.name or 'TIMELINE')[:70]}"]
    lines.append("FCM: DROP FRAME" if fps == DROP_FRAME else "FCM: NON-DROP FRAME")
    for number, cut in enumerate(sorted(timeline.cuts, key=lambda c: (c.at, c.end)), 1):
        source = (timecode(cut.span.start, fps), timecode(cut.span.end, fps))
        record = (timecode(cut.at, fps), timecode(cut.end, fps))
        lines.append(f"{number % 1000:03d}  AX       AA/V  C        {' '.join((*source, *record))}")
        if abs(cut.rate - 1.0) > 1e-9:
            lines.append(f"M2   AX       {float(fps) / cut.rate:05.1f}                {source[0]}")
        lines.append(f"* FROM CLIP NAME: {_ascii(Path(cut.source).name)}")
    return "\n".join(lines) + "\n"


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^\x20-\x7e]", " ", plain).strip() or "CLIP"


def to_otio(timeline: Timeline, fps: Fraction = Fraction(25), durations: Mapping[str, float] | None = None) -> str:
    """OpenTimelineIO: one picture and one sound track, gaps and speeds kept; opens in Resolve, Premiere, Kdenlive, …"""
    import opentimelineio as otio

    rate = float(fps)
    result = otio.schema.Timeline(name=timeline.name or "timeline")
    for kind in (otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio):
        track = otio.schema.Track(name=kind, kind=kind)
        clock = 0
        for cut in sorted(timeline.cuts, key=lambda c: (c.at, c.end)):
            at, end = round(cut.at * rate), round(cut.end * rate)
            if at > clock:
                track.append(otio.schema.Gap(source_range=_range(0, at - clock, rate)))
            at = max(at, clock)
            if end > at:
                track.append(_otio_clip(cut, at, end, rate, (durations or {}).get(cut.source)))
                clock = end
        result.tracks.append(track)
    return str(result.to_json_string(indent=2)) + "\n"


def _range(start: int, n_frames: int, rate: float) -> Any:
    import opentimelineio as otio

    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(n_frames, rate))


def _otio_clip(cut: Cut, at: int, end: int, rate: float, duration: float | None) -> Any:
    import opentimelineio as otio

    begin = cut.span.start + (at / rate - cut.at) / cut.rate
    available = _range(0, round(duration * rate), rate) if duration else None
    media = otio.schema.ExternalReference(target_url=Path(cut.source).absolute().as_uri(), available_range=available)
    clip = otio.schema.Clip(name=Path(cut.source).name, media_reference=media)
    clip.source_range = _range(round(begin * rate), end - at, rate)
    if abs(cut.rate - 1.0) > 1e-9:
        clip.effects.append(otio.schema.LinearTimeWarp(name="speed", time_scalar=1.0 / cut.rate))
    return clip


@dataclass(frozen=True, slots=True)
class PlanForm:
    """A way to hand an edit plan to a video editor; ``name`` is also the file's suffix. ``write(plan, frame rate, title)``."""

    name: str
    write: Callable[[Timeline, Fraction, str], str]


PLANS: Mapping[str, PlanForm] = {
    form.name: form
    for form in (
        PlanForm("otio", lambda plan, fps, title: to_otio(plan, fps)),
        PlanForm("edl", to_edl),
    )
}
"""Every form there is; a new one is one entry."""
