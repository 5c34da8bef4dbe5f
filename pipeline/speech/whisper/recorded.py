"""The likeliest texts of many sounds at once on a graphics card: one step recorded as a CUDA graph and played for each token.

Played from the host, a step of Whisper base is some 180 launches and four waits, 2 to 3 ms whatever the batch; as one graph it is
one launch, and the host looks every :data:`pipeline.speech.whisper.fixed.SLACK` steps whether all texts have ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.speech.whisper.decoder import Rules, Sound, Writer, Written
from pipeline.speech.whisper.fixed import SLACK, Leaves, size_of

WARM = 3
"""Steps before the recording: libraries choose their products and fetch their memory in them."""
log = logging.getLogger(__name__)


class RecordedWriter:
    """Writes down encoded sounds like ``writer.write``, batches filled up to one of a few sizes; keeps the arrays and the recording
    of the last."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._course: _Course | None = None
        self._key: tuple[int, int, Rules] | None = None

    def write(self, sound: Sound, rules: Rules) -> list[Written]:
        """The likeliest text of every row of ``sound``.

        Their ``seen`` is a view of the arrays kept here: good until the next call.
        """
        key = (size_of(sound.rows), sound.keys[0].shape[2], rules)
        if self._course is None or self._key != key:
            self._course = self._key = None  # makes room before the next takes it
            self._course, self._key = _Course(Leaves(self._writer, rules, key[0], key[1])), key
        return self._course.written(sound)


class _Course:
    """A batch on its way. All that changes from step to step lies on the card: ``token`` (row) read next, its place ``at``, which
    texts have ``ended``, how many tokens each has (``count``), and what was written."""

    def __init__(self, leaves: Leaves) -> None:
        import torch

        self.leaves, rules, rows = leaves, leaves.rules, leaves.rows
        device = leaves.places.device
        self.token = torch.full((rows,), rules.end, device=device)
        self.at = torch.zeros(1, dtype=torch.long, device=device)
        self.ended = torch.ones(rows, dtype=torch.bool, device=device)
        self.closed = torch.ones(rows, dtype=torch.bool, device=device)
        self.count = torch.zeros(rows, dtype=torch.long, device=device)
        self.tokens = torch.zeros((rows, rules.longest), dtype=torch.long, device=device)
        self.sure = torch.zeros((rows, rules.longest), device=device)
        self.total = torch.zeros(rows, device=device)
        self.forbidden = torch.zeros(leaves.writer.embedding.shape[0], dtype=torch.bool, device=device)
        self.forbidden[list(rules.forbidden)] = True
        self.not_first = self.forbidden.clone()
        self.not_first[list(rules.not_first)] = True
        self.play = _recorded(self._step, device)

    def written(self, sound: Sound) -> list[Written]:
        """All texts, written to their ends."""
        silent = self._begin(sound)
        steps = self.leaves.rules.longest + 1
        for step in range(steps + SLACK - steps % SLACK):
            if step % SLACK == 0 and bool(self.closed.all()):
                break
            self.play()
        return self._read_off(sound.rows, silent)

    def _begin(self, sound: Sound) -> list[float]:
        """Read the start of all texts and choose their first tokens; each row's probability of no speech."""
        import torch

        leaves, rules = self.leaves, self.leaves.rules
        leaves.hear(sound)
        self.total.zero_()
        self.count.zero_()
        self.ended[: sound.rows] = False
        self.ended[sound.rows :] = True
        self.closed.copy_(self.ended)
        start = torch.tensor([rules.start] * leaves.rows, device=self.token.device)
        last = leaves.read(start, leaves.places[: len(rules.start)])
        logits = leaves.writer.logits(last[:, [rules.prompt, -1]]).float()
        silent: list[float] = logits[:, 0].softmax(-1)[:, rules.no_speech].tolist()
        self._choose(logits[:, 1], self.not_first)
        self.at.fill_(len(rules.start))
        return silent

    def _step(self) -> None:
        """Read a token of each row and choose the next."""
        self.closed.copy_(self.ended)
        last = self.leaves.read(self.token[:, None], self.at)
        self._choose(self.leaves.writer.logits(last[:, -1]).float(), self.forbidden)
        self.at.add_(1)

    def _choose(self, logits: Any, forbidden: Any) -> None:
        """The likeliest token of each row that has not ended; the end where a text is long enough."""
        import torch

        end, longest = self.leaves.rules.end, self.leaves.rules.longest
        likely = (logits - logits.amax(-1, keepdim=True)).exp()
        allowed = likely.masked_fill(forbidden, 0.0)
        best, token = allowed.max(-1)
        log_probability = (best / allowed.sum(-1)).log()
        sure = likely.gather(1, token[:, None])[:, 0] / likely[:, :end].sum(-1)
        going = ~self.ended & (self.count < longest)
        self.total.add_(torch.where(going, log_probability, 0.0))
        writes = going & (token != end)
        place = self.count.clamp_max(longest - 1)[:, None]
        for kept, new in ((self.tokens, token), (self.sure, sure)):
            before = kept.gather(1, place)
            kept.scatter_(1, place, torch.where(writes[:, None], new[:, None], before))
        self.count.add_(writes)
        self.token.copy_(torch.where(writes, token, end))
        self.ended.logical_or_(~writes)

    def _read_off(self, rows: int, silent: Sequence[float]) -> list[Written]:
        counts, totals = self.count.tolist(), self.total.tolist()
        tokens, sure = self.tokens.tolist(), self.sure.tolist()
        return [
            Written(
                silent[n],
                tokens[n][: counts[n]],
                totals[n],
                sure[n][: counts[n]],
                seen=self.leaves.attention(n, counts[n]),
            )
            for n in range(rows)
        ]


def _recorded(step: Callable[[], None], device: Any) -> Callable[[], None]:
    """``step`` as a recording that plays on a card; itself on a processor and where the driver refuses to record."""
    import torch

    if device.type != "cuda":
        return step
    cuda: Any = torch.cuda
    try:
        with cuda.device(device):
            graph = _graph(step, cuda)
    except RuntimeError as error:
        if "out of memory" in str(error).lower():
            raise
        log.warning("decoder steps are not recorded on this card", extra={"detail": str(error)[:200]})
        return step
    played: Callable[[], None] = graph.replay
    return played


def _graph(step: Callable[[], None], cuda: Any) -> Any:
    """A recording of ``step`` by the card at work."""
    aside = cuda.Stream()
    aside.wait_stream(cuda.current_stream())
    with cuda.stream(aside):
        for _ in range(WARM):
            step()
    cuda.current_stream().wait_stream(aside)
    graph = cuda.CUDAGraph()
    with cuda.graph(graph):
        step()
    return graph
