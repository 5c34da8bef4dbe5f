"""Clips from what is said: whole thoughts with what they refer to before and the reaction they get after. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.evidence.sound_events import BY_LABEL
from pipeline.messages import Message
from pipeline.values import Event, Sentence, Span
from reelify.moments.boundaries import FADE_OUT, LEAD_IN
from reelify.moments.candidates import COMFORTABLE, TAIL
from reelify.values import Evidence, Thought

WORTH_TELLING = 0.15
"""Viral score of its words from which a thought may be a clip. Half the threshold of a clip that stands alone, for here the best of one
talk are looked for, and what is gone through is left out by what it is."""
SPONSOR = 0.4
"""Routine from which a passage that most resembles a sponsor's text is one."""
GONE_THROUGH = 0.5
"""Share of a clip's words that is routine, from which it is none, whatever is heard: nobody wants the sponsor's text or the greeting."""
REACTION_WITHIN = 2.5
"""Seconds after a thought within which an audience reacts to it."""
LONGEST_REACTION = 12.0
BACKWARDS = 2
"""Sentences that are taken in before a thought that begins on what came before it."""
ALONE = 0.7
"""What a thought's words count in a clip mostly filled with something else."""


def clips(evidence: Evidence, low: float, high: float) -> list[Span]:
    """A span for every thought worth telling and for every thought that got a reaction, ``low`` to ``high`` seconds long."""
    sentences = evidence.transcript.sentences if evidence.transcript else ()
    if not sentences:
        return []
    reactions = [e for e in evidence.events if e.label in BY_LABEL and evidence.has_audio]
    out = []
    for thought in evidence.thoughts:
        answered = reaction_to(thought, reactions)
        if telling(thought) or answered is not None:
            out.append(_clip(evidence, sentences, thought, answered, (low, high)))
    return out


def telling(thought: Thought) -> bool:
    """Whether a thought may be a clip for its words."""
    routine = SPONSOR if thought.kind == "sponsor" else GONE_THROUGH
    return thought.worth >= WORTH_TELLING and thought.routine <= routine


def reaction_to(thought: Thought, reactions: Sequence[Event]) -> Event | None:
    """The last reaction that begins while a thought is told or right after it."""
    inside = [e for e in reactions if thought.span.start + 1.0 <= e.start <= thought.span.end + REACTION_WITHIN]
    return max(inside, key=lambda e: (e.start, e.score), default=None)


def _clip(
    evidence: Evidence,
    sentences: Sequence[Sentence],
    thought: Thought,
    answered: Event | None,
    limits: tuple[float, float],
) -> Span:
    low, high = limits
    first, last = _with_what_it_refers_to(evidence, thought), thought.last
    end = sentences[last].end
    if answered is not None:
        end = max(end, min(answered.end, answered.start + LONGEST_REACTION) + TAIL / 2)
        while first < last and end - sentences[first].start > max(low, min(high, COMFORTABLE)):
            first += 1
    while last > first and sentences[last].end - sentences[first].start > high:
        last -= 1
    end = end if end - sentences[first].start <= high else sentences[last].end
    first, last, end = _long_enough(evidence, sentences, (first, last), end, limits)
    return _padded(evidence, sentences, first, end, limits)


def _with_what_it_refers_to(evidence: Evidence, thought: Thought) -> int:
    """The sentence a clip begins with: "and that was it" needs what was before, unless that is gone through."""
    before = next((t for t in evidence.thoughts if t.last == thought.first - 1), None)
    if not thought.hanging or before is None or before.routine > GONE_THROUGH:
        return thought.first
    return max(before.first, thought.first - BACKWARDS)


def _long_enough(
    evidence: Evidence, sentences: Sequence[Sentence], run: tuple[int, int], end: float, limits: tuple[float, float]
) -> tuple[int, int, float]:
    """``run`` with whole sentences around it until it lasts ``low`` seconds, from the side that tells more."""
    (first, last), (low, high) = run, limits
    worth = sentence_worth(evidence, len(sentences))
    while end - sentences[first].start < low:
        sides = [(worth[i], i == last + 1, i) for i in (first - 1, last + 1) if 0 <= i < len(sentences)]
        fitting = [
            s
            for s in sides
            if max(end, sentences[s[2]].end) - min(sentences[first].start, sentences[s[2]].start) <= high
        ]
        if not fitting:
            break
        _, after, index = max(fitting)
        first, last = (first, index) if after else (index, last)
        end = max(end, sentences[last].end)
    return first, last, end


def sentence_worth(evidence: Evidence, n: int) -> list[float]:
    """What the thought each sentence belongs to is worth, less its routine, (n,)."""
    out = [0.0] * n
    for thought in evidence.thoughts:
        for i in range(thought.first, min(n, thought.last + 1)):
            out[i] = thought.worth - thought.routine
    return out


def _padded(
    evidence: Evidence, sentences: Sequence[Sentence], first: int, end: float, limits: tuple[float, float]
) -> Span:
    """A little silence on both sides, never past the middle of a pause; into the silence where sentences did not suffice."""
    start = sentences[first].start
    before = sentences[first - 1].end if first else 0.0
    after = min((s.start for s in sentences if s.start >= end - 1e-6), default=evidence.duration)
    begin = max(0.0, start - min(LEAD_IN, max(0.0, start - before) / 2))
    close = min(evidence.duration, end + min(FADE_OUT, max(0.0, after - end) / 2))
    lacking = limits[0] - (close - begin)
    if lacking > 0:
        close = min(evidence.duration, close + lacking)
        begin = max(0.0, min(begin, close - limits[0]))
    return Span(begin, min(close, begin + limits[1]))


def inside(evidence: Evidence, span: Span, share: float = 0.8) -> Iterator[Thought]:
    """Thoughts of which at least ``share`` lies in ``span``."""
    for thought in evidence.thoughts:
        if span.overlap(thought.span) >= share * max(0.1, thought.span.duration):
            yield thought


def words_part(evidence: Evidence, span: Span) -> float:
    """What is said in ``span`` is worth, 0 to 1: its best thought, less the more it is filled up with something else."""
    return max(
        (
            t.worth * (ALONE + (1.0 - ALONE) * min(1.0, t.span.duration / max(1.0, span.duration)))
            for t in inside(evidence, span)
            if telling(t)
        ),
        default=0.0,
    )


def routine_part(evidence: Evidence, span: Span) -> float:
    """Share of what is said in ``span`` that is gone through, 0 to 1."""
    shares = [(span.overlap(t.span), t.routine) for t in evidence.thoughts]
    spoken = sum(s for s, _ in shares)
    return sum(s * r for s, r in shares) / spoken if spoken > 0 else 0.0


def best(evidence: Evidence, span: Span) -> Thought | None:
    """The thought a clip is about."""
    return max(inside(evidence, span, 0.5), key=lambda t: (t.worth, -t.first), default=None)


def reason(evidence: Evidence, span: Span) -> tuple[float, Message] | None:
    """What the words of a clip are, where they are worth telling."""
    thought = best(evidence, span)
    if thought is None or not telling(thought):
        return None
    code = f"reason.kind.{thought.kind}" if thought.kind in KINDS else "reason.words"
    return thought.worth, Message(code, {"at": thought.span.start})


KINDS = frozenset({"story", "claim", "number", "confession", "tip", "joke", "answer", "suspense", "emotion", "offer"})


def fewer(evidence: Evidence, n_found: int, n_asked: int) -> Message | None:
    """Why there are fewer clips than asked."""
    if n_found >= n_asked or not evidence.thoughts:
        return None
    return Message("doubt.fewer_clips", {"n": n_found, "asked": n_asked})
