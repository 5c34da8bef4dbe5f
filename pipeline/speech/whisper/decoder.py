"""Whisper's text decoder written for short batches: the likeliest token at each step, and where in the sound it was heard.

It reads the weights of an openai-whisper model and gives the tokens that its own greedy search gives. Keys and values of
the sound are computed once and lie as the products want them; those of the text are written into arrays made beforehand;
a text that has ended leaves the batch. The attention that tells when a word was said is kept on the way, so that nothing
has to be read again for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pipeline.compute.device import Pace, threads
from pipeline.progress import breathe
from pipeline.speech.whisper.vocabulary import TokenVocabulary


@dataclass(frozen=True, slots=True)
class Rules:
    """Token numbers: what a text begins with, what ``end``s it, what is ``forbidden`` everywhere and ``not_first``; at most
    ``longest`` tokens are written. The first ``prompt`` tokens of the start tell of names; the one after is asked for ``no_speech``."""

    start: tuple[int, ...]
    end: int
    no_speech: int
    forbidden: tuple[int, ...]
    not_first: tuple[int, ...]
    longest: int
    prompt: int = 0


@dataclass(slots=True)
class Written:
    """A text as it grows: token numbers, the sum of their natural logarithms of probability (the end's included), each
    token's probability among tokens of text, and for each step, prompt and end included, the scores of attention
    (alignment head, token, frame) of each layer that has such heads, or all of them at once as ``seen``; ``no_speech`` in
    [0, 1]."""

    no_speech: float = 0.0
    tokens: list[int] = field(default_factory=list)
    total: float = 0.0
    sure: list[float] = field(default_factory=list)
    scores: list[list[Any]] = field(default_factory=list)
    seen: Any = None

    @property
    def attention(self) -> Any:
        """All scores of alignment heads (head, token, frame)."""
        import torch

        if self.seen is not None:
            return self.seen
        return torch.cat([torch.cat(layer, 1) for layer in zip(*self.scores, strict=True)])

    @property
    def log_probability(self) -> float:
        """Mean per token, the end included."""
        return self.total / (len(self.tokens) + 1)


@dataclass(slots=True)
class Sound:
    """What the decoder asks of ``rows`` sounds: for each layer keys (row and head, width, frame), already scaled, and values
    (row and head, frame, width)."""

    rows: int
    keys: list[Any]
    values: list[Any]

    def attend(self, layer: int, q: Any) -> tuple[Any, Any]:
        """What queries (row, head, token, width) find, in the same shape, and their scores (row, head, token, frame)."""
        rows, heads, count, width = q.shape
        scores = q.reshape(rows * heads, count, width).bmm(self.keys[layer])
        found = scores.float().softmax(-1).to(q.dtype).bmm(self.values[layer])
        return found.view(rows, heads, count, width), scores.view(rows, heads, count, -1)

    def only(self, rows: Sequence[int]) -> Sound:
        """These rows, in order."""
        if len(rows) == self.rows:
            return self

        def kept(x: Any) -> Any:
            return x.unflatten(0, (self.rows, -1))[rows].flatten(0, 1)

        return Sound(len(rows), [kept(k) for k in self.keys], [kept(v) for v in self.values])


class _Layer:
    """A decoder layer's products."""

    def __init__(self, block: Any, dtype: Any) -> None:
        import torch

        own, cross = block.attn, block.cross_attn
        bias = torch.cat([own.query.bias, torch.zeros_like(own.query.bias), own.value.bias])
        self.own = product(torch.cat([own.query.weight, own.key.weight, own.value.weight]), bias, dtype)
        self.own_out, self.query, self.cross_out, self.wide, self.narrow = (
            product(m.weight, m.bias, dtype) for m in (own.out, cross.query, cross.out, block.mlp[0], block.mlp[2])
        )
        self.norms = (block.attn_ln, block.cross_attn_ln, block.mlp_ln)
        self.cross = cross
        self.heads = int(own.n_head)


def product(weight: Any, bias: Any, dtype: Any) -> Callable[[Any], Any]:
    """``x ↦ x @ weight.T + bias`` for few rows of ``x``, in which reading the weights takes the time.

    On a processor weights that are half precision by their nature (published ones are) are kept so, and the sums are made in
    single precision: the same result, half the reading.
    """
    import torch
    from torch.nn.functional import linear

    weight = weight.detach()
    bias = None if bias is None else bias.detach()
    if weight.device.type != "cpu" or dtype != torch.float32 or not torch.equal(weight.half().float(), weight):
        weight, bias = weight.to(dtype), None if bias is None else bias.to(dtype)
        return lambda x: linear(x, weight, bias)
    try:
        packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)
        dynamic = torch.ops.quantized.linear_dynamic_fp16
        dynamic(weight[:1], packed)
    except RuntimeError:
        return lambda x: linear(x, weight, bias)
    return lambda x: dynamic(x, packed)


class Writer:
    """Writes down encoded sounds with ``model``'s weights; ``dtype`` is what it computes in."""

    def __init__(self, model: Any, dtype: Any) -> None:
        import torch

        decoder = model.decoder
        self.dtype, self.pace = dtype, Pace()
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # packing is slow and single-threaded
            self.layers = list(pool.map(lambda block: _Layer(block, dtype), decoder.blocks))
        self.embedding, self.positions, self.norm = (
            decoder.token_embedding.weight,
            decoder.positional_embedding,
            decoder.ln,
        )
        self.logits = product(decoder.token_embedding.weight, None, dtype)
        rounded = dtype == torch.float32 and self.embedding.device.type == "cpu"
        self.vocabulary = TokenVocabulary(self.embedding, self.norm, self.logits, rounded=rounded)
        layers, heads = model.alignment_heads.indices()
        self.aligned = [heads[layers == number] for number in range(len(self.layers))]

    def sound(self, encoded: Any) -> Sound:
        """What encoded sounds (row, frame, width) offer to the decoder."""
        import torch

        keys, values = [], []
        rows, frames, _ = encoded.shape
        for layer in self.layers:
            k, v = layer.cross.key, layer.cross.value
            scale = (k.weight.shape[0] // layer.heads) ** -0.5
            key = torch.matmul(k.weight.to(self.dtype) * scale, encoded.transpose(1, 2))
            keys.append(key.view(rows * layer.heads, -1, frames))
            values.append(v(encoded).view(rows, frames, layer.heads, -1).transpose(1, 2).flatten(0, 1).contiguous())
        return Sound(rows, keys, values)

    def after(self, sound: Sound, rules: Rules) -> Any:
        """What may follow the start of a text in each row of ``sound``: (row, logits)."""
        last = _Page(self, [sound], rules).further([list(rules.start)] * sound.rows)
        return self.logits(last[:, -1])

    def write(self, sounds: Sequence[Sound], rules: Rules) -> list[Written]:
        """The likeliest text of every row of ``sounds``, token by token."""
        return _Page(self, sounds, rules).written()

    def read(self, sound: Sound, rules: Rules, tokens: Sequence[int]) -> Written:
        """``tokens`` as the text of a ``sound`` of one row: how sure each is and where it is heard."""
        import torch

        page = _Page(self, [sound], rules)
        last = page.further([[*rules.start, *tokens, rules.end]])
        likely = self.logits(last[0, len(rules.start) - 1 : -2]).float()[:, : rules.end].softmax(-1)
        text = page.texts[0]
        text.tokens = list(tokens)
        within = torch.tensor(text.tokens, device=likely.device).clamp_max(rules.end - 1)
        text.sure = likely.gather(1, within[:, None])[:, 0].tolist()
        return text


class _Page:
    """Texts on their way: rows that have not ended, with their keys and values (layer, of both, row, head, token, width)."""

    def __init__(self, writer: Writer, sounds: Sequence[Sound], rules: Rules) -> None:
        import torch

        self.writer, self.rules = writer, rules
        self.sounds = list(sounds)
        self.texts = [Written() for _ in range(sum(s.rows for s in sounds))]
        self.alive = list(self.texts)
        first, heads = sounds[0].keys[0], writer.layers[0].heads
        shape = (len(self.texts), heads, len(rules.start) + rules.longest + 1, first.shape[1])
        self.cache = torch.empty((len(writer.layers), 2, *shape), dtype=writer.dtype, device=first.device)
        self.length = 0
        self.forbidden = torch.zeros(writer.embedding.shape[0], dtype=torch.bool, device=first.device)
        self.forbidden[list(rules.forbidden)] = True

    def written(self) -> list[Written]:
        """All texts, written to their ends."""
        import torch

        last = self.further([list(self.rules.start)] * len(self.alive))
        logits = self.writer.logits(last[:, self.rules.prompt :]).float()
        for text, p in zip(self.alive, logits[:, 0].softmax(-1)[:, self.rules.no_speech].tolist(), strict=True):
            text.no_speech = p
        self.writer.pace.begin(torch.get_num_threads())
        with threads(1):  # sums over all tokens come out the same however many threads work on the rest
            not_first = self.forbidden.clone()
            not_first[list(self.rules.not_first)] = True
            tokens = self._chosen(logits[:, -1], not_first)
            while True:
                found = self._step(tokens)
                if found is None:
                    return self.texts
                tokens = self._chosen(found, self.forbidden)

    def _step(self, tokens: list[int]) -> Any:
        """Reads a token of each row; what may follow it (row, logits) in those that go on, ``None`` where none does."""
        breathe()
        pace, begun = self.writer.pace, time.perf_counter()
        with threads(pace.threads):
            last = self.further([[t] for t in tokens])
            going = [n for n, t in enumerate(tokens) if t != self.rules.end]
            if not going:
                return None
            if len(going) < len(self.alive):
                last = last[going]
                self._keep(going)
            logits = self.writer.vocabulary.likeliest(last[:, -1], self.forbidden)
        pace.took(time.perf_counter() - begun)
        return logits

    def _chosen(self, logits: Any, forbidden: Any) -> list[int]:
        """The likeliest token of each row, noted in its text; the end where a text is long enough."""
        end = self.rules.end
        likely = (logits - logits.amax(-1, keepdim=True)).exp_()
        text_sum = likely[:, :end].sum(-1)
        allowed = likely.masked_fill_(forbidden, 0.0)
        best, token = allowed.max(-1)
        log = (best / allowed.sum(-1)).log()
        sure = likely.gather(1, token[:, None])[:, 0] / text_sum
        tokens: list[int] = token.tolist()
        for n, (text, t, lp, p) in enumerate(zip(self.alive, tokens, log.tolist(), sure.tolist(), strict=True)):
            if len(text.tokens) == self.rules.longest:
                tokens[n] = end
                continue
            text.total += lp
            if t != end:
                text.tokens.append(t)
                text.sure.append(p)
        return tokens

    def _keep(self, rows: list[int]) -> None:
        """Only these rows go on."""
        self.alive = [self.alive[n] for n in rows]
        self.cache = self.cache[:, :, rows]
        kept, at = [], 0
        for sound in self.sounds:
            mine = [n - at for n in rows if at <= n < at + sound.rows]
            at += sound.rows
            if mine:
                kept.append(sound.only(mine))
        self.sounds = kept

    def further(self, tokens: list[list[int]]) -> Any:
        """The decoder's output (row, token, width) for further ``tokens`` of each row."""
        import torch
        from torch.nn.functional import gelu

        w = self.writer
        count = len(tokens[0])
        given = torch.tensor(tokens, device=self.cache.device)
        x = (w.embedding[given] + w.positions[self.length : self.length + count]).to(w.dtype)
        scores: list[list[Any]] = [[] for _ in tokens]
        for number, layer in enumerate(w.layers):
            before_own, before_cross, before_mlp = layer.norms
            x = x + layer.own_out(self._own(number, layer.own(before_own(x))))
            found = self._cross(number, layer.query(before_cross(x)), scores)
            x = x + layer.cross_out(found)
            x = x + layer.narrow(gelu(layer.wide(before_mlp(x))))
        self.length += count
        for text, seen in zip(self.alive, scores, strict=True):
            text.scores.append(seen)
        return w.norm(x)

    def _own(self, number: int, x: Any) -> Any:
        """Attention of the newest tokens to the text so far."""
        from torch.nn.functional import scaled_dot_product_attention

        rows, count, width = x.shape
        new = x.view(rows, count, 3, self.cache.shape[3], -1).permute(2, 0, 3, 1, 4)
        kept = self.cache[number, :, :, :, : self.length + count]
        kept[:, :, :, self.length :] = new[1:]
        found = scaled_dot_product_attention(new[0], kept[0], kept[1], is_causal=count > 1)
        return found.transpose(1, 2).reshape(rows, count, width // 3)

    def _cross(self, number: int, x: Any, scores: list[list[Any]]) -> Any:
        """Attention of the newest tokens to the sounds; adds the scores of alignment heads to ``scores`` of each row."""
        import torch

        rows, count, width = x.shape
        q = x.view(rows, count, self.cache.shape[3], -1).transpose(1, 2)
        found, at = [], 0
        aligned = self.writer.aligned[number]
        for sound in self.sounds:
            out, seen = sound.attend(number, q[at : at + sound.rows])
            found.append(out)
            if len(aligned):
                for n, kept in enumerate(seen.index_select(1, aligned)):
                    scores[at + n].append(kept)
            at += sound.rows
        return (torch.cat(found) if len(found) > 1 else found[0]).transpose(1, 2).reshape(rows, count, width)
