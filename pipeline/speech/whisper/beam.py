"""The likeliest of many texts for several sounds at once: openai-whisper's own search, which takes one sound at a time.

The texts of a sound share its keys and values, so a batch of sounds costs little more than one. The rules are those of
``whisper.decoding.BeamSearchDecoder`` with patience 1 and its ranking by mean log probability.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.speech.whisper.decoder import Rules, Sound, Writer, Written
from pipeline.speech.whisper.fixed import Leaves, read_together


@dataclass(slots=True)
class _Search:
    """The texts of one sound: the ``beams`` that go on, best first, and those that ``ended``, each with the sum of its logarithms."""

    beams: list[tuple[tuple[int, ...], float]]
    ended: dict[tuple[int, ...], float] = field(default_factory=dict)

    def over(self, width: int) -> bool:
        """Whether enough texts have ended."""
        return len(self.ended) >= width

    def go_on(self, found: list[tuple[int, tuple[int, ...], float]], width: int, end: int) -> list[int]:
        """Take ``found`` (row it comes from, text, sum), the best first, until ``width`` go on; the rows they come from."""
        self.beams, sources, ended = [], [], {}
        for row, text, total in found:
            if text[-1] == end:
                ended[text[:-1]] = total
            else:
                self.beams.append((text, total))
                sources.append(row)
                if len(sources) == width:
                    break
        for text, total in sorted(ended.items(), key=lambda one: -one[1]):
            if not self.over(width):
                self.ended[text] = total
        return sources

    def best(self, width: int) -> tuple[tuple[int, ...], float]:
        """The text with the greatest mean logarithm a token; unfinished ones count only where too few have ended."""
        candidates = dict(self.ended)
        for text, total in sorted(self.beams, key=lambda one: -one[1]):
            if len(candidates) >= width:
                break
            candidates[text] = total
        return max(candidates.items(), key=lambda one: one[1] / max(1, len(one[0])))


def search(writer: Writer, sound: Sound, rules: Rules, width: int) -> list[Written]:
    """The text of each row of ``sound``, found by a search ``width`` texts wide, with its certainty and attention."""
    leaves = Leaves(writer, rules, sound.rows, sound.keys[0].shape[2], beams=width, timed=False)
    leaves.hear(sound)
    searches, silent = _searched(leaves, width)
    chosen = [one.best(width) for one in searches]
    texts = read_together(writer, sound, rules, [text for text, _ in chosen])
    for text, (_, total), no_speech in zip(texts, chosen, silent, strict=True):
        text.total, text.no_speech = total, no_speech
    return texts


def _searched(leaves: Leaves, width: int) -> tuple[list[_Search], list[float]]:
    """All searches at their ends, and each sound's probability of no speech."""
    import torch

    rules, device = leaves.rules, leaves.places.device
    prompt = len(rules.start)
    searches = [_Search([((), 0.0)] * width) for _ in range(leaves.sounds)]
    given = torch.tensor([rules.start] * leaves.rows, device=device)
    last = leaves.read(given, leaves.places[:prompt])
    first = leaves.writer.logits(last[::width, rules.prompt]).float().softmax(-1)
    silent: list[float] = first[:, rules.no_speech].tolist()
    forbidden = torch.zeros(leaves.writer.embedding.shape[0], dtype=torch.bool, device=device)
    forbidden[list(rules.forbidden)] = True
    not_first = forbidden.clone()
    not_first[list(rules.not_first)] = True
    for step in range(rules.longest):
        logits = leaves.writer.logits(last[:, -1]).float().masked_fill(forbidden if step else not_first, -torch.inf)
        sources = _chosen(searches, logits.log_softmax(-1), width, rules.end)
        if all(one.over(width) for one in searches):
            break
        leaves.cache.copy_(leaves.cache[:, :, torch.tensor(sources, device=device)])
        tokens = [[text[-1] if text else rules.end] for one in searches for text, _ in one.beams]
        last = leaves.read(torch.tensor(tokens, device=device), leaves.places[prompt + step : prompt + step + 1])
    return searches, silent


def _chosen(searches: list[_Search], log: Any, width: int, end: int) -> list[int]:
    """Let every search go on by a token of its likeliest (``log``: row, token); the rows that the texts now come from."""
    values, tokens = (found.tolist() for found in log.topk(width + 1))
    sources: list[int] = []
    for number, one in enumerate(searches):
        at = number * width
        if one.over(width):
            sources += range(at, at + width)
            continue
        found: dict[tuple[int, ...], tuple[int, float]] = {}
        for beam, (text, total) in enumerate(one.beams):
            for value, token in zip(values[at + beam], tokens[at + beam], strict=True):
                found[(*text, token)] = (at + beam, total + value)
        ranked = sorted(((row, text, total) for text, (row, total) in found.items()), key=lambda f: -f[2])
        sources += one.go_on(ranked, width, end)
    return sources
