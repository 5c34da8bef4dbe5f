"""What is said in chunks of sound: heard, doubted and heard again, filled up, timed. The same whoever hears the others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby

import numpy as np

from pipeline.speech import guards, turns
from pipeline.speech.passages import Passage, Said, Vote
from pipeline.speech.recognisers import Recognisers
from pipeline.speech.sentences import Spoken
from pipeline.speech.values import Chunk, Heard, HeardWord, Recogniser
from pipeline.speech.whisper import prompted
from pipeline.speech.word_times import holes, on_file_clock, snapped, sound_runs
from pipeline.values import Span

LEAST_SUNG, MOST_SUNG, SUNG_LIKELY = 4, 0.6, -0.75
"""Words of a chunk, and share of them, that must come twice; mean log probability of the first hearing."""


class Ear:
    """:class:`pipeline.speech.passages.Listeners` in this process."""

    def __init__(self, recognisers: Recognisers) -> None:
        self._recognisers = recognisers

    @property
    def batch(self) -> int:
        """Chunks heard at once."""
        return self._recognisers.batch

    def hear(self, passages: Iterable[Passage]) -> Iterator[Said]:
        """What is said in each passage, in order."""
        return map(self.passage, passages)

    def passage(self, passage: Passage) -> Said:
        """What is said in one passage; the same whoever hears the others."""
        if passage.free and not passage.sung:
            return self._in_turns(passage)
        votes = passage.votes or self.votes(passage.chunks) if passage.voting else ()
        if passage.sung:
            return Said(tuple(self._sung_words(passage.chunks, passage.language)), votes)
        return Said(tuple(self._listen(passage.chunks, passage.language, passage.names)), votes)

    def _in_turns(self, passage: Passage) -> Said:
        """A passage whose parts may be in several languages; the parts vote where a chunk is not sure."""
        known = passage.votes or self.votes(passage.chunks)
        unsure = [n for n, vote in enumerate(known) if turns.doubtful(vote.languages, passage.language)]
        parts = {n: self._parted(passage.chunks[n]) for n in unsure}
        plain = {turns.plain(part.languages) for _, votes in parts.values() for part in votes}
        there = {passage.language, *plain} - {""}
        found: list[turns.Turn] = []
        said: list[Vote] = []
        for n, (chunk, vote) in enumerate(zip(passage.chunks, known, strict=True)):
            if n not in parts:
                found.append(turns.Turn(chunk, passage.language, clear=True))
                said.append(vote)
                continue
            spans, votes = parts[n]
            codes = turns.spoken_in([v.languages for v in votes], there)
            found += turns.joined(chunk, spans, codes, [v.languages for v in votes])
            said += votes if len(set(codes)) > 1 else [vote]
        words = chain.from_iterable(self._turns(found, passage.language, passage.names))
        return Said(tuple(words), tuple(said) if passage.voting else ())

    def _parted(self, chunk: Chunk) -> tuple[list[Span], tuple[Vote, ...]]:
        """A chunk's parts and their votes; where somebody changes the language in a part, its halves and theirs. Those that are not plain
        from the whole chunk's states vote by themselves."""
        spans = turns.parts_of(chunk)
        within = self._recognisers.in_batches(spans, lambda one, part: one.within(chunk, part))
        known = {span: _vote(chunk.part(span), vote) for span, vote in zip(spans, within, strict=True)}
        known |= self._alone_of(chunk, [span for span in spans if not turns.plain(known[span].languages)])
        finer = turns.halved(chunk, spans, [known[span].languages for span in spans])
        known |= self._alone_of(chunk, [span for span in finer if span not in known])
        return finer, tuple(known[span] for span in finer)

    def _alone_of(self, chunk: Chunk, spans: Sequence[Span]) -> Mapping[Span, Vote]:
        """What parts of a chunk vote by themselves."""
        return dict(zip(spans, self.votes([chunk.part(span) for span in spans]), strict=True))

    def _turns(self, found: Sequence[turns.Turn], main: str, names: Sequence[str]) -> Iterator[list[Spoken]]:
        """The words of each turn, in order; turns of one language are heard together. Where that is another than the main one and not
        clear, the surer of two hearings decides."""
        for (code, clear), run in groupby(found, key=lambda turn: (turn.language, turn.clear or turn.language == main)):
            group = [turn.chunk for turn in run]
            heard = self._hear(group, code)
            if not clear:
                other = self._hear(group, main)
                code, heard = (main, other) if _sure(other) > _sure(heard) else (code, heard)
            yield self._finished(group, heard, code, names)

    def votes(self, chunks: Sequence[Chunk]) -> tuple[Vote, ...]:
        """Each chunk's opinion on its language."""
        pairs = zip(chunks, self._languages(chunks), strict=True)
        return tuple(_vote(chunk, languages) for chunk, languages in pairs)

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        """When the words of ``texts``, one a chunk, are said in it, on the edges of its sound."""

        def timed(one: Recogniser, part: Sequence[tuple[Chunk, str]]) -> list[tuple[HeardWord, ...]]:
            return one.align([chunk for chunk, _ in part], [text for _, text in part], language)

        found = self._recognisers.in_batches(list(zip(chunks, texts, strict=True)), timed)
        return [snapped(words, sound_runs(chunk)) for chunk, words in zip(chunks, found, strict=True)]

    def alone(self, chunks: Sequence[Chunk], language: str) -> list[str]:
        """What each chunk sounds like by itself, with no sentence around it and nothing else decided about it."""
        return [heard.text for heard in self._hear(chunks, language)]

    def _sung_words(self, group: Sequence[Chunk], code: str) -> list[Spoken]:
        """The words of those chunks of a group in which two hearings agree: whole, and in halves while these can still decide."""
        heard = zip(group, self._hear(group, code), strict=True)
        songs = [_Song(chunk, _timed(chunk, once)) for chunk, once in heard if _sung_likely(once)]
        for half in (0, 1):
            songs = [song for song in songs if len(song.agreed(hoped=True)) >= song.needed]
            parts = [song.halves[half] for song in songs]
            for song, part, again in zip(songs, parts, self._hear(parts, code), strict=True):
                song.hear(part, _timed(part, again))
        return [s for song in songs if len(song.agreed()) >= song.needed for s in song.agreed()]

    def _languages(self, group: Sequence[Chunk]) -> list[Mapping[str, float]]:
        return self._recognisers.in_batches(group, lambda one, part: one.languages(part))

    def _hear(self, group: Sequence[Chunk], language: str, *, careful: bool = False) -> list[Heard]:
        return self._recognisers.in_batches(group, lambda one, part: one.listen(part, language, careful=careful))

    def _named(self, group: Sequence[Chunk], heard: list[Heard], language: str, names: Sequence[str]) -> list[Heard]:
        """``heard`` with ``names`` where a second hearing, which is told of them, finds them."""
        found = [prompted.suspected(h.words, names) if guards.believable(h) else () for h in heard]
        again = [n for n, those in enumerate(found) if those]
        wanted = [name for name in names if any(name in those for those in found)]

        def told(one: Recogniser, part: Sequence[Chunk]) -> list[Heard]:
            return one.listen(part, language, names=wanted)

        seconds = self._recognisers.in_batches([group[n] for n in again], told) if again else []
        for n, second in zip(again, seconds, strict=True):
            if not guards.loops(second.text):
                heard[n] = replace(heard[n], words=prompted.named(heard[n].words, second.words, wanted))
        return heard

    def _listen(self, group: Sequence[Chunk], language: str, names: Sequence[str] = ()) -> list[Spoken]:
        """The words of a group of chunks."""
        return self._finished(group, self._hear(group, language), language, names)

    def _finished(
        self, group: Sequence[Chunk], heard: list[Heard], language: str, names: Sequence[str] = ()
    ) -> list[Spoken]:
        """The words of chunks ``heard`` once: heard with ``names``, doubted and heard again, filled up, timed."""
        if names:
            heard = self._named(group, heard, language, names)
        again = [n for n, h in enumerate(heard) if guards.worth_another(h)]
        for n, second in zip(again, self._hear([group[n] for n in again], language, careful=True), strict=True):
            heard[n] = guards.better(heard[n], second)
        timed = [
            snapped(h.words, sound_runs(c)) if guards.believable(h) else () for c, h in zip(group, heard, strict=True)
        ]
        parts = [(n, span) for n, c in enumerate(group) for span in holes(timed[n], c)]
        cut = [group[n].part(span) for n, span in parts]
        words = [_spoken(c, h, w) for c, h, w in zip(group, heard, timed, strict=True)]
        for (n, _), chunk, late in zip(parts, cut, self._hear(cut, language, careful=True), strict=True):
            if guards.certain(late):
                words[n] = _merged(words[n], _timed(chunk, late))
        return list(chain.from_iterable(words))


def _vote(chunk: Chunk, languages: Mapping[str, float]) -> Vote:
    return Vote(chunk.voiced, languages)


def _sure(heard: Sequence[Heard]) -> float:
    """How sure a hearing of several chunks is: its mean log probability, word by word; what loops or is not believable is left out."""
    words = [(len(h.words), h.log_probability) for h in heard if guards.believable(h) and not guards.loops(h.text)]
    total = sum(n for n, _ in words)
    return sum(n * p for n, p in words) / total if total else -math.inf


class _Song:
    """A chunk heard once, and what a second hearing, in overlapping halves, has confirmed of it."""

    def __init__(self, chunk: Chunk, once: list[Spoken]) -> None:
        self.halves = tuple(
            chunk.part(span) for span in (Span(0.0, chunk.duration * 0.6), Span(chunk.duration * 0.4, chunk.duration))
        )
        self.needed = max(LEAST_SUNG, MOST_SUNG * len(once))
        self._once, self._twice, self._until = once, list[Spoken](), -math.inf

    def hear(self, half: Chunk, twice: list[Spoken]) -> None:
        """The next half's words."""
        self._twice += twice
        self._until = half.end

    def agreed(self, *, hoped: bool = False) -> list[Spoken]:
        """The words that were heard twice; with ``hoped`` also those that the halves still to come may have."""
        found = guards.agreed(self._once, self._twice)
        if not hoped:
            return found
        known = {id(s) for s in found}
        return [s for s in self._once if id(s) in known or s.word.start >= self._until - guards.TOGETHER]


def _timed(chunk: Chunk, heard: Heard) -> list[Spoken]:
    """The words of a hearing on the edges of the sound."""
    return _spoken(chunk, heard, snapped(heard.words, sound_runs(chunk)))


def _spoken(chunk: Chunk, heard: Heard, words: Sequence[HeardWord]) -> list[Spoken]:
    """``words`` on the file's clock with what is known about their surroundings."""
    placed = on_file_clock(words, chunk)
    return [
        Spoken(at, heard.log_probability, heard.no_speech, _voice(chunk, word))
        for at, word in zip(placed, words, strict=True)
    ]


def _voice(chunk: Chunk, word: HeardWord) -> float:
    """The greatest probability of speech while ``word`` lasts."""
    low, high = int(word.start / chunk.voice_step), int(word.end / chunk.voice_step) + 1
    return float(np.max(chunk.voice[low:high], initial=0.0))


def _merged(words: Sequence[Spoken], late: Sequence[Spoken]) -> list[Spoken]:
    """``words`` and those of a stretch that was heard late, in order; a late word never overlaps another's middle."""
    free = [s for s in late if not any(w.word.start < (s.word.start + s.word.end) / 2 < w.word.end for w in words)]
    joined = sorted([*words, *free], key=lambda s: (s.word.start, s.word.end))
    for index in range(len(joined) - 1):
        this, following = joined[index].word, joined[index + 1].word
        if this.end > following.start:
            joined[index] = replace(joined[index], word=replace(this, end=following.start))
    return joined


def _sung_likely(heard: Heard) -> bool:
    """Whether a chunk without a voice deserves a second hearing."""
    enough = len(heard.words) >= LEAST_SUNG and heard.log_probability > SUNG_LIKELY
    return enough and heard.no_speech < guards.NO_SPEECH and not guards.loops(heard.text)
