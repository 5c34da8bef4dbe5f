"""The transcript that somebody wrote: found beside a file or inside it, or given; believed where it lies on what is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadRequest, ModelUnavailable, StudioError
from pipeline.media import channels, ffmpeg
from pipeline.media.languages import iso639_1
from pipeline.media.values import MediaInfo
from pipeline.messages import Message
from pipeline.speech.sentences import Spoken, sentences, to_sentence
from pipeline.text.languages.known import LANGUAGES
from pipeline.values import Transcript, Word
from pipeline.written.aligning import Aligner, aligned
from pipeline.written.placing import STEP, agreement, words_of_lines
from pipeline.written.reading import FORMS, LARGEST, Line, lines_of

BELIEVED = 0.3
"""Agreement from which lines are those of this sound: subtitles of another cut or of another film have under 0.15."""
SURE = 0.5
LATE = 0.7
"""Seconds by which subtitles may be early or late; with more they are another release's."""
ENOUGH = 20
"""Words from which a language is guessed."""


@dataclass(frozen=True, slots=True)
class Found:
    """Lines and where they come from: ``language`` ISO 639-1 or empty, ``name`` for people."""

    lines: tuple[Line, ...]
    language: str
    name: str


def candidates(info: MediaInfo, given: Path | None) -> list[str]:
    """What may be read: paths, and ``#n`` for tracks inside; empty where there is nothing."""
    inside = [f"#{t.index}" for t in info.others if t.kind == "subtitle" and t.text and not t.forced]
    return [str(given)] if given is not None else [*map(str, beside(Path(info.path))), *inside]


def written(
    info: MediaInfo,
    stream: int,
    language: str | None,
    given: Path | None = None,
    spoken: Callable[[], str] = str,
    align: Aligner | None = None,
) -> Transcript | None:
    """The transcript of audio track number ``stream`` as it was written down; ``None`` where there is none that can be believed.

    ``given`` is a file that somebody named: it is taken at its word, with a doubt where it does not lie on what is heard. What was
    found must be in the ``language`` asked for, or in that of the track; where both are unknown, in that which ``spoken()`` hears.
    With ``align`` each word is timed as it is heard, else words share the sound of their line.

    Raises:
        BadRequest: ``given`` cannot be read.
    """
    if not info.audio or not 0 <= stream < len(info.audio):
        return None
    wanted = language or iso639_1(info.audio[stream].language)
    voice: NDArray[np.float32] | None = None
    for found in _given(given, wanted) if given is not None else _there(info, wanted or spoken()):
        voice = _voice(info, stream) if voice is None else voice
        good, late = agreement(found.lines, voice)
        fits = (good >= BELIEVED and abs(late) <= LATE) or good >= SURE
        if fits or given is not None:
            doubts = () if fits else (Message("doubt.subtitles_elsewhere", {"name": found.name, "seconds": late}),)
            code = language or found.language or wanted
            words = words_of_lines(found.lines, voice, code, _timed(found, voice, info, stream, code, align))
            return _transcript(found, words, max(info.duration, len(voice) * STEP), info, code, doubts)
    return None


def _given(path: Path, language: str) -> Iterator[Found]:
    lines = lines_of(path.read_bytes(), path.suffix.lower(), language, path.name)
    yield Found(lines, _tag(path) or guessed(lines), path.name)


def _there(info: MediaInfo, wanted: str) -> Iterator[Found]:
    """What lies beside the file, then what is inside, in the language of what is heard. Broken files are passed over."""
    for path in beside(Path(info.path)):
        try:
            lines = lines_of(path.read_bytes(), path.suffix.lower(), _tag(path) or wanted, path.name)
        except (OSError, BadRequest):
            continue
        language = _tag(path) or guessed(lines)
        if (language and language == wanted) or (language and not wanted):
            yield Found(lines, language, path.name)
    for track in info.others:
        if track.kind == "subtitle" and track.text and not track.forced:
            tagged = iso639_1(track.language)
            if not wanted or tagged != wanted:
                continue
            try:
                yield Found(_inside(info, track.index), tagged, track.title or f"#{track.index}")
            except StudioError:
                continue


def beside(path: Path) -> list[Path]:
    """The subtitle files that are called as ``path`` is, with or without a language before the suffix, the surest form first."""
    if not path.parent.is_dir():
        return []
    stem = path.stem + "."
    try:
        names = [p for p in path.parent.iterdir() if p.name.startswith(stem) and p.suffix.lower() in FORMS]
    except OSError:
        return []
    fitting = [p for p in names if p.stem == path.stem or iso639_1(p.stem[len(path.stem) + 1 :].split(".")[-1])]
    return sorted(
        (p for p in fitting if p.is_file() and p.stat().st_size <= LARGEST),
        key=lambda p: (FORMS.index(p.suffix.lower()), p.name),
    )


def _tag(path: Path) -> str:
    """The language that a file's name says."""
    return iso639_1(path.stem.rpartition(".")[2]) if "." in path.stem else ""


def guessed(lines: Iterable[Line]) -> str:
    """The language of lines by their small words; empty where that is not clear."""
    words = [w.strip(".,;:!?¡¿\"'()").casefold() for line in lines for w in line.text.split()]
    if len(words) < ENOUGH:
        return ""
    scores = {
        code: sum(w in small for w in words) / len(words)
        for code, known in LANGUAGES.items()
        if (small := known.connectors | known.dangling | known.negators | known.anaphora | known.address)
    }
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    clear = ranked and ranked[0][1] >= 0.12 and (len(ranked) < 2 or ranked[0][1] > 1.4 * ranked[1][1])
    return ranked[0][0] if clear else ""


def _inside(info: MediaInfo, index: int) -> tuple[Line, ...]:
    offset = ["-itsoffset", f"{info.container_start - info.origin:.6f}"]
    what = ["-map", f"0:{index}", "-c:s", "srt", "-f", "srt", "-"]
    return lines_of(ffmpeg.capture([*offset, *ffmpeg.safe_input(info.path), *what]), ".srt", "", f"#{index}")


def _voice(info: MediaInfo, stream: int) -> NDArray[np.float32]:
    """The probability of a voice every :data:`STEP` seconds of a track."""
    from pipeline.speech.voice import VoiceDetector, windows_of

    detector = VoiceDetector()
    parts: list[NDArray[np.float32]] = []
    for time, samples in windows_of(channels.heard(info, stream=stream)):
        if not parts:  # a track may begin after its picture
            parts.append(np.zeros(max(0, round(time / STEP)), np.float32))
        parts.append(detector(samples))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _timed(
    found: Found, voice: NDArray[np.float32], info: MediaInfo, stream: int, language: str, align: Aligner | None
) -> dict[int, list[Word]]:
    """The words of the lines that are heard as they are written; of none where nobody can listen."""
    if align is None or not language:
        return {}
    try:
        return aligned(found.lines, channels.heard(info, stream=stream), voice, language, align)
    except ModelUnavailable:
        return {}


def _transcript(
    found: Found, words: Sequence[Word], end: float, info: MediaInfo, language: str, doubts: tuple[Message, ...]
) -> Transcript:
    said = tuple(to_sentence(group) for group in sentences([Spoken(w) for w in words if w.start < end]))
    note = Message("doubt.written_by_people", {"name": found.name})
    return Transcript(language, info.duration, tuple(replace(s, confidence=1.0) for s in said), 1.0, (note, *doubts))
