"""One reading of a file's sound: the words so far, how loud it is, and the votes on its language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.messages import Message
from pipeline.speech.passages import Said, Vote
from pipeline.speech.sentences import Spoken
from pipeline.speech.voice import Hearing, Level
from pipeline.values import Span

SURE_LANGUAGE = 0.6
MIXED_SHARE = 0.2
"""Another language in at least this share of the speech is worth a remark."""
BESIDE = 1.0
"""Seconds beside a word of an earlier reading in which a later one's is not believed."""


@dataclass(slots=True)
class Course:
    """One reading of the sound: what is known so far. ``detected``: nobody said which language it is in. ``sung`` looks for what an
    ``earlier`` reading, as loud as this one, left out."""

    hearing: Hearing
    language: str | None
    detected: bool = False
    earlier: Course | None = None
    sung: bool = False
    level: Level = field(default_factory=Level)
    votes: dict[str, float] = field(default_factory=dict)
    own: dict[str, float] = field(default_factory=dict)
    words: list[Spoken] = field(default_factory=list)

    @property
    def known(self) -> tuple[Span, ...]:
        """The places of the words of the reading before this one."""
        return (
            tuple(Span(s.word.start - BESIDE, s.word.end + BESIDE) for s in self.earlier.words) if self.earlier else ()
        )

    @property
    def heard_seconds(self) -> float:
        return sum(self.own.values())

    @property
    def winner(self) -> str:
        """The language with most votes; ties by name."""
        return max(sorted(self.votes), key=lambda code: self.votes[code], default="")

    def add(self, said: Said) -> None:
        """The next passage: its words and its votes."""
        self.words += said.words
        self.count(said.votes)

    def after(self, votes: Sequence[Vote]) -> Course:
        """This course with ``votes`` counted."""
        self.count(votes)
        return self

    def count(self, votes: Sequence[Vote]) -> None:
        """Counts the opinions of chunks by the seconds of voice in them."""
        for vote in votes:
            for code, probability in vote.languages.items():
                self.votes[code] = self.votes.get(code, 0.0) + probability * vote.seconds
            best = max(vote.languages, key=lambda code: vote.languages[code])
            self.own[best] = self.own.get(best, 0.0) + vote.seconds


def language_doubts(course: Course, language: str, probability: float) -> list[Message]:
    """What to remark on a detected ``language``: that it is uncertain, that another is spoken too."""
    doubts = []
    if probability < SURE_LANGUAGE:
        doubts.append(Message("doubt.language_unsure", {"language": language, "probability": round(probability, 2)}))
    others = {code: seconds for code, seconds in course.own.items() if code != language}
    other = max(sorted(others), key=lambda code: others[code], default=None)
    if other is not None and others[other] >= MIXED_SHARE * course.heard_seconds:
        doubts.append(Message("doubt.language_mixed", {"language": language, "other": other}))
    return doubts
