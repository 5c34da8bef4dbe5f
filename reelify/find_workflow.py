"""Search and chapters over files: what is said and heard is remembered or listened to, then decided in :mod:`reelify.find`."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.compute.remembered import digest
from pipeline.engine import Engine
from pipeline.errors import NoSpeech, UserError
from pipeline.evidence.crowd import crowd_of
from pipeline.evidence.sound_events import EVENTS
from pipeline.messages import Message, languages, message, say
from pipeline.progress import Report, no_report, part_of
from pipeline.text.dictionaries import folded_lemmas, readings
from pipeline.text.inflection import fold
from pipeline.tracks.choice import chosen
from pipeline.values import Transcript
from reelify.find.chapters import divided
from reelify.find.listing import CHAPTER_FORMS, Chapter
from reelify.find.meanings import APART, NO_WORDS, Words, words_joined
from reelify.find.searching import Hit, Index, Passage, Query
from reelify.hearing import heard_by
from reelify.requests import ChaptersRequest, FindRequest
from reelify.score.reading import read
from reelify.score.titles import labels
from reelify.thoughts_workflow import part_of_speech
from reelify.words import spoken_of, vocabulary_of

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
LONG = 7
"""Letters from which a word is one of content."""
KEPT = 256
"""Files whose index is kept ready."""


@dataclass(frozen=True, slots=True)
class FindResult:
    """Hits, best first; ``skipped`` files could not be read."""

    query: str
    hits: tuple[Hit, ...]
    skipped: tuple[tuple[Path, UserError], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; times are seconds of the source."""
        return {
            "status": "success",
            "query": self.query,
            "hits": [
                {
                    "source": h.passage.source, "start": round(h.passage.start, 3), "end": round(h.passage.end, 3), "score": h.score,
                    "text": Message(f"event.{h.passage.label}") if h.passage.label else h.passage.text,
                    "kind": "sound" if h.passage.label else "speech",
                }
                for h in self.hits
            ],
            "skipped": [{"source": str(p), "error": e.short_code, "message": e.message} for p, e in self.skipped],
            "message": message("result.found", n=len(self.hits)),
        }  # fmt: skip


def find(engine: Engine, request: FindRequest, report: Report = no_report) -> FindResult:
    """Where in its files something is said or heard; each file is listened to once, ever."""
    indexes: list[Index] = []
    spoken: list[str] = []
    skipped: list[tuple[Path, UserError]] = []
    for n, path in enumerate(request.sources):
        stage = part_of(report, n / len(request.sources), (n + 1) / len(request.sources))
        try:
            heard, events = _known(engine, path, request, stage)
        except UserError as error:
            skipped.append((path, error))
            continue
        spoken.append(heard.language)
        indexes.append(_indexed(engine, str(path), digest(path), heard, events))
    asked = query_of(engine, request.query, tuple(dict.fromkeys(code for code in spoken if code)))
    return FindResult(request.query, tuple(joined(indexes).search(asked, request.count)), tuple(skipped))


def _known(engine: Engine, path: Path, request: FindRequest, report: Report) -> tuple[Transcript, tuple[Any, ...]]:
    info = engine.probe(path)
    sound = chosen(info, request.track)
    said = (
        heard_by(engine, path, request, sound.heard, part_of(report, 0.0, 0.6)) if info.audio else Transcript("", 0.0)
    )
    events = engine.evidence(path, part_of(report, 0.6, 1.0), sound.heard).events if request.sounds else ()
    return said, tuple(events)


@functools.lru_cache(maxsize=KEPT)
def _indexed(engine: Engine, source: str, identity: str, heard: Transcript, events: tuple[Any, ...]) -> Index:
    return index_of(engine, source, heard, events)


def index_of(engine: Engine, source: str, heard: Transcript, events: Sequence[Any] = ()) -> Index:
    """What is said and heard in one file, ready to be searched."""
    said = [
        Passage(source, s.start, s.end, s.text, tuple(_equivalents(w, heard.language) for w in words_of(s.text)))
        for s in heard.sentences
    ]
    sounds = [Passage(source, e.start, e.end, "", (), e.label, e.score) for e in events]
    vectors, words = meanings(engine, [p.text for p in said])
    none = np.zeros((len(sounds), vectors.shape[1]), np.float32)
    return Index((*said, *sounds), np.concatenate([vectors, none]), words)


def meanings(engine: Engine, texts: Sequence[str]) -> tuple[NDArray[np.float32], Words]:
    """Vectors (n, 1024) of texts: that of the whole, and that of its words apart; and the words. A sentence in other words is near by the
    one or by the other: the encoder reads a question as a question, its words do not."""
    said = [[w.casefold() for w in words_of(text)] for text in texts]
    known = sorted({word for words in said for word in words})
    if not known:
        return np.zeros((len(texts), 1), np.float32), NO_WORDS
    whole, each = engine.meaning(list(texts)), engine.meaning(known)
    place = {word: n for n, word in enumerate(known)}
    rows = np.repeat(np.arange(len(said)), [len(words) for words in said])
    kept = Words(tuple(known), each, rows, np.array([place[w] for words in said for w in words], np.intp))
    # Short words are those of grammar, in all languages that are written with letters.
    apart = each * np.array([min(len(w), LONG) ** 2 for w in known], np.float32)[:, None]
    sums = np.stack([apart[[place[w] for w in words]].sum(0) if words else np.zeros_like(apart[0]) for words in said])
    sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return np.concatenate([whole, np.sqrt(np.float32(APART)) * sums], axis=1), kept


def joined(indexes: Sequence[Index]) -> Index:
    """Several files as one; the last ones asked for are kept ready."""
    return _joined(tuple(indexes))


@functools.lru_cache(maxsize=4)
def _joined(indexes: tuple[Index, ...]) -> Index:
    filled = [i for i in indexes if i.passages]
    if len(filled) == 1:
        return filled[0].prepared()
    width = max((i.vectors.shape[1] for i in filled), default=1)
    parts = [
        i.vectors if i.vectors.shape[1] == width else np.zeros((len(i.passages), width), np.float32) for i in filled
    ]
    vectors = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
    words = words_joined([(i.words, len(i.passages)) for i in filled])
    return Index(tuple(p for i in filled for p in i.passages), vectors, words).prepared()


def words_of(text: str) -> list[str]:
    """The words of a text."""
    return WORD.findall(text)


@functools.lru_cache(maxsize=1 << 17)
def _equivalents(word: str, language: str) -> frozenset[str]:
    """What stands for a word, whatever its inflection: itself and its dictionary forms, folded."""
    return frozenset({fold(word), *folded_lemmas(word, language)})


def query_of(engine: Engine, text: str, spoken: Sequence[str]) -> Query:
    """A query in any of the languages ``spoken``; names of sounds are those of the page in every language."""
    labels_asked, rest = set(), []
    names = _sound_names()
    for word in words_of(text):
        label = names.get(fold(word))
        if label:
            labels_asked.add(label)
        else:
            rest.append(word)
    words = tuple(
        frozenset({fold(w)}).union(*(readings(fold(w), code) | set(folded_lemmas(w, code)) for code in spoken))
        for w in rest
    )
    if not rest:
        return Query(words, None, frozenset(labels_asked))
    vectors, apart = meanings(engine, [" ".join(rest)])
    return Query(words, vectors[0], frozenset(labels_asked), apart.known, apart.vectors)


@functools.lru_cache(maxsize=1)
def _sound_names() -> dict[str, str]:
    """The words that name each sound, folded, in every language of the page, in one and in many."""
    found: dict[str, str] = {}
    for event in EVENTS:
        for language in languages():
            for word in words_of(say(Message(event.name), language)):
                found |= {
                    fold(word): event.label,
                    fold(word).removesuffix("s"): event.label,
                    fold(word) + "s": event.label,
                }
        found[event.label] = event.label
    return found


@dataclass(frozen=True, slots=True)
class ChaptersResult:
    """Chapters and the files they were written to, by form."""

    source: Path
    language: str
    chapters: tuple[Chapter, ...]
    files: dict[str, Path] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "status": "success",
            "source": str(self.source),
            "language": self.language,
            "chapters": [{"start": round(c.start, 3), "end": round(c.end, 3), "title": c.title} for c in self.chapters],
            "files": {name: str(path) for name, path in self.files.items()},
            "message": message("result.chapters", n=len(self.chapters)),
        }


def chapters(engine: Engine, request: ChaptersRequest, report: Report = no_report) -> ChaptersResult:
    """The chapters of a video by what is said and where the picture cuts, or its author's own where a file beside it has them; written
    into ``request.out`` where it is given.

    Raises:
        NoSpeech: nothing is said.
        UserError: the file cannot be read.
    """
    info = engine.probe(request.source)
    stream = chosen(info, request.track).heard
    said = (
        heard_by(engine, request.source, request, stream, part_of(report, 0.0, 0.6))
        if info.audio
        else Transcript("", 0.0)
    )
    if not said.sentences:
        raise NoSpeech(name=request.called(request.source))
    shots = engine.evidence(request.source, part_of(report, 0.6, 0.95), stream).shots
    given = crowd_of(request.source, info.duration).chapters
    found = tuple(Chapter(*row) for row in given) if given else titled(engine, said, info.duration, shots)
    files: dict[str, Path] = {}
    if request.out is not None:
        from pipeline.atomic import write_text

        request.out.mkdir(parents=True, exist_ok=True)
        for form in CHAPTER_FORMS.values():
            files[form.name] = request.out / f"{request.source.stem}.chapters{form.suffix}"
            write_text(files[form.name], form.write(found, said.language))
    report(1.0, message("progress.done"))
    return ChaptersResult(request.source, said.language, found, files)


def titled(engine: Engine, said: Transcript, duration: float, shots: Sequence[Any] = ()) -> tuple[Chapter, ...]:
    """A transcript's chapters, each called by its own words; no two alike."""
    spoken = spoken_of(engine, said.sentences, said.language)
    vectors = spoken.vectors if spoken.vectors is not None else engine.meaning([s.text for s in said.sentences])
    known = vocabulary_of(engine, said.language, {})
    out: list[Chapter] = []
    for one in divided(said.sentences, np.asarray(vectors), duration, shots):
        title = labels(read(part_of_speech(spoken, one.first, one.last), known)).title
        taken = {c.title.casefold() for c in out}
        for sentence in said.sentences[one.first : one.last + 1]:
            if title and title.casefold() not in taken:
                break
            title = sentence.text[:60].rstrip(" ,;:")
        out.append(Chapter(one.start, one.end, title or f"{len(out) + 1}"))
    return tuple(out)
