"""The parts that judge what is told and how: story and routine, readers' choice, curiosity, hook, engagement.

Each is a sum of findings times their fitted worth (:attr:`reelify.score.learned.Learned.worth`), in logits, so signs are the data's: a
question may cost. Genre comes before style: cues in a sentence that is gone through (a greeting, a sponsor's text) hardly count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reelify.score.learned import CHOICE, CURIOSITY, SUBSTANCE
from reelify.score.patterns import DULL, ENGAGEMENT, STORY
from reelify.score.reading import Contribution, PartScore, Reading, saturated, together

MOST, ENOUGH = 4.0, 1.5
"""Logits of one sentence that are believed, and from which a sentence surely tells something: what is told is not ranked by it."""
TOLD_WORDS = 3
"""Words of a sentence that are shown for themselves where a direction weighs words; the rest is shown as the sentence."""
SHOWN = 0.02
PER_WORDS = 60
"""Long passages hold more of everything; over so many words cues are counted per so many."""


def units(reading: Reading) -> dict[str, PartScore]:
    """Every finding with worth 1, by the name its worth is fitted under. What the fit sees is what the score uses."""
    substance = np.clip(reading.verdicts[SUBSTANCE].total, -MOST, MOST)
    opening = _opening(reading)
    out = {
        "story": _by_sentence(reading, np.clip(substance, 0.0, ENOUGH)),
        "routine": _by_sentence(reading, np.minimum(substance, 0.0)),
        "choice": _by_word(reading, CHOICE),
        "curiosity": _by_word(reading, CURIOSITY),
        "hook.story": _opening_with(reading, opening, np.minimum(substance, ENOUGH)),
    }
    return out | {f"cue.{kind}": part for kind, part in _cues(reading).items()}


def parts(reading: Reading) -> dict[str, PartScore]:
    """The named parts; contributions are logits."""
    found = {name: _weighed(part, reading.worth(name)) for name, part in units(reading).items()}
    named: Mapping[str, Sequence[str]] = {
        "hook": ("hook.story",),
        "story": ("story", *(f"cue.{k}" for k in sorted(STORY))),
        "choice": ("choice",),
        "curiosity": ("curiosity",),
        "engagement": tuple(f"cue.{k}" for k in sorted(ENGAGEMENT)),
        "routine": ("routine", *(f"cue.{k}" for k in sorted(DULL))),
    }
    out = {name: together([found[u] for u in names if u in found]) for name, names in named.items()}
    out["choice"] = PartScore(_likely(reading, CHOICE), out["choice"].contributions)
    out["curiosity"] = PartScore(_likely(reading, CURIOSITY), out["curiosity"].contributions)
    out["routine"] = PartScore(float(reading.shares @ (1.0 - reading.told)), out["routine"].contributions)
    return out


def _weighed(part: PartScore, worth: float) -> PartScore:
    return PartScore(part.value, tuple(Contribution(c.text, c.start, c.strength * worth) for c in part.contributions))


def _likely(reading: Reading, name: str) -> float:
    """The direction's opinion of the whole passage as a probability."""
    return float(1.0 / (1.0 + np.exp(-reading.verdicts[name].of(reading.shares))))


def _named(reading: Reading, number: int) -> str:
    kind = reading.kinds[number]
    return f"{reading.sentence(number)} ≈ {kind}" if kind else reading.sentence(number)


def _by_sentence(reading: Reading, logits: NDArray[np.float64]) -> PartScore:
    """Each sentence with what it is, by its share of the passage."""
    return PartScore(0.0, tuple(
        Contribution(_named(reading, n), reading.time(n, -1), float(reading.shares[n] * logits[n]))
        for n in range(len(logits)) if logits[n]
    ))  # fmt: skip


def _by_word(reading: Reading, name: str) -> PartScore:
    """A direction's opinion: the words that weigh most for themselves, all else as the sentence."""
    verdict = reading.verdicts[name]
    out: list[Contribution] = []
    for n, words in enumerate(verdict.words):
        share, root = float(reading.shares[n]), float(np.sqrt(reading.shares[n]))
        telling = [int(i) for i in np.argsort(-np.abs(words), kind="stable")[:TOLD_WORDS] if abs(words[i]) >= SHOWN]
        tokens = reading.speech.facts[n].tokens
        out += [Contribution(tokens[i].text, reading.time(n, i), root * float(words[i])) for i in sorted(telling)]
        rest = root * float(words.sum() - words[telling].sum()) + share * float(verdict.meant[n])
        out.append(Contribution(reading.sentence(n), reading.time(n, -1), rest))
    return PartScore(0.0, tuple(c for c in out if c.strength))


def _opening(reading: Reading) -> list[int]:
    return [n for n in range(len(reading.speech.facts)) if reading.opens(n, 0)][:2]


def _opening_with(reading: Reading, opening: Sequence[int], logits: NDArray[np.float64]) -> PartScore:
    """The mean over the sentences that open the passage."""
    if not opening:
        return PartScore(0.0)
    weights = reading.shares[list(opening)] / max(1e-9, float(reading.shares[list(opening)].sum()))
    return PartScore(0.0, tuple(
        Contribution(reading.sentence(n), reading.time(n, -1), float(weight * logit))
        for n, weight, logit in zip(opening, weights, logits[list(opening)], strict=True) if logit
    ))  # fmt: skip


def _cues(reading: Reading) -> dict[str, PartScore]:
    """Cues by kind, saturating, damped where the sentence is gone through; a call to action counts once."""
    per_length = PER_WORDS / max(PER_WORDS, reading.speech.n_words)
    found: dict[str, list[Contribution]] = {}
    for cue in reading.cues:
        if cue.kind == "call" and "call" in found:
            continue
        told = 1.0 if cue.kind in DULL else float(reading.told[cue.sentence])
        here = Contribution(cue.text, reading.time(cue.sentence, cue.token), cue.weight * told * per_length)
        found.setdefault(cue.kind, []).append(here)
    return {kind: saturated(items, 1.0) for kind, items in found.items()}
