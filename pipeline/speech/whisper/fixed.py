"""Whisper's text decoder in fixed shapes, for a graphics card: texts of one batch keep their rows to the end.

On a card the launches of a step cost more than its arithmetic, and every look of the host at a result is a wait. So nothing here
depends on what was written: keys and values lie in arrays for the longest text, a mask hides what is not written yet, and tokens
and ends stay on the card. A step whose shapes never change can be recorded (:mod:`pipeline.speech.whisper.recorded`).
It computes what :mod:`pipeline.speech.whisper.decoder` computes, and runs on a processor too, which is how it is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.speech.whisper.decoder import Rules, Sound, Writer, Written

SLACK = 8
"""Places after the longest text: so many steps may be made before somebody looks whether all texts have ended."""
SIZES = (8, 16, 32, 64, 96, 128, 192)
"""Rows of a batch; the largest is an hour of speech. The sound of more would wait in the host's memory: 2 MB a chunk."""
SHARE = 1 / 3
"""Of a card's free memory that a batch may take."""


def size_of(rows: int) -> int:
    """The next of :data:`SIZES` for so many rows."""
    return next((size for size in SIZES if size >= rows), rows)


def rows_within(free: int, dims: Any) -> int:
    """How many sounds a card with ``free`` bytes decodes at once, one of :data:`SIZES`; ``dims`` are openai-whisper's.

    Half precision: keys and values of the sound, once as they are made and once where they stay; those of the text; scores of at
    most two alignment heads a layer; the widest layer of the encoder; logits in single precision, four times.
    """
    places = dims.n_text_ctx // 2 + 16
    sound = 2 * 2 * dims.n_text_layer * dims.n_audio_ctx * dims.n_text_state
    text = 2 * dims.n_text_layer * places * dims.n_text_state
    scores = 2 * dims.n_text_layer * places * dims.n_audio_ctx
    encoder = 10 * dims.n_audio_ctx * dims.n_audio_state
    row = 2 * (sound + text + scores + encoder) + 4 * 4 * dims.n_vocab
    return max((size for size in SIZES if size * row <= free * SHARE), default=SIZES[0])


def rows_by_weights(memory: int, weights: int) -> int:
    """How many sounds a card of ``memory`` bytes decodes at once with a Whisper whose file has ``weights`` bytes, one of
    :data:`SIZES`; 0 where the memory is not known.

    For libraries that do not tell the model's sizes: a row takes .41 of the weights of base in half precision and less of larger
    models, as :func:`rows_within` reckons; twice that leaves room for the five texts of a search.
    """
    return max((size for size in SIZES if 0.8 * size * weights <= memory * SHARE), default=0) if memory else 0


class Leaves:
    """Arrays for texts of ``beams`` rows a sound, ``sounds`` sounds of ``frames`` frames: keys and values of texts (layer, of both,
    row, head, token, width), those of the sounds, and scores of alignment heads (row, head, token, frame) where ``timed``."""

    def __init__(self, writer: Writer, rules: Rules, sounds: int, frames: int, *, beams: int = 1, timed: bool = True):
        import torch

        device, dtype = writer.embedding.device, writer.dtype
        heads = writer.layers[0].heads
        each = writer.embedding.shape[1] // heads
        self.writer, self.rules, self.sounds, self.beams, self.rows = writer, rules, sounds, beams, sounds * beams
        self.places = torch.arange(len(rules.start) + rules.longest + 1 + SLACK, device=device)
        n = len(self.places)
        # Zeros: what the mask hides is multiplied by nothing, and nothing times a number that is none is none.
        self.cache = torch.zeros((len(writer.layers), 2, self.rows, heads, n, each), dtype=dtype, device=device)
        self.sound = Sound(
            sounds,
            [torch.zeros((sounds * heads, each, frames), dtype=dtype, device=device) for _ in writer.layers],
            [torch.zeros((sounds * heads, frames, each), dtype=dtype, device=device) for _ in writer.layers],
        )
        self.scores = [
            torch.zeros((self.rows, len(heads_of), n, frames), dtype=dtype, device=device) if timed else None
            for heads_of in writer.aligned
        ]
        self.norms = [tuple(_norm(norm, dtype) for norm in layer.norms) for layer in writer.layers]
        self.norm = _norm(writer.norm, dtype)

    def hear(self, sound: Sound) -> None:
        """Take over what at most as many sounds offer; the other rows keep what they had."""
        for mine, given in zip((*self.sound.keys, *self.sound.values), (*sound.keys, *sound.values), strict=True):
            mine[: len(given)].copy_(given)

    def read(self, tokens: Any, at: Any) -> Any:
        """The decoder's output (row, token, width) for ``tokens`` (row, token) that stand at places ``at`` (token) of their texts."""
        from torch.nn.functional import gelu

        w = self.writer
        x = (w.embedding[tokens] + w.positions[at]).to(w.dtype)
        visible = self.places <= at[:, None]
        for number, layer in enumerate(w.layers):
            before_own, before_cross, before_mlp = self.norms[number]
            x = x + layer.own_out(self._own(number, layer.own(before_own(x)), at, visible))
            x = x + layer.cross_out(self._cross(number, layer.query(before_cross(x)), at))
            x = x + layer.narrow(gelu(layer.wide(before_mlp(x))))
        return self.norm(x)

    def _own(self, number: int, x: Any, at: Any, visible: Any) -> Any:
        """Attention of the tokens at ``at`` to their texts."""
        from torch.nn.functional import scaled_dot_product_attention

        rows, count, width = x.shape
        new = x.view(rows, count, 3, self.cache.shape[3], -1).permute(2, 0, 3, 1, 4)
        kept = self.cache[number]
        kept.index_copy_(3, at, new[1:])
        found = scaled_dot_product_attention(new[0], kept[0], kept[1], attn_mask=visible)
        return found.transpose(1, 2).reshape(rows, count, width // 3)

    def _cross(self, number: int, x: Any, at: Any) -> Any:
        """Attention of the tokens at ``at`` to the sounds; the rows of one sound ask it together."""
        rows, count, width = x.shape
        heads = self.cache.shape[3]
        q = x.view(self.sounds, self.beams, count, heads, -1).permute(0, 3, 1, 2, 4)
        found, seen = self.sound.attend(number, q.reshape(self.sounds, heads, self.beams * count, -1))
        kept = self.scores[number]
        if kept is not None and kept.shape[1]:
            parted = seen.index_select(1, self.writer.aligned[number]).unflatten(2, (self.beams, count))
            kept.index_copy_(2, at, parted.transpose(1, 2).flatten(0, 1))
        found = found.unflatten(2, (self.beams, count)).permute(0, 2, 3, 1, 4)
        return found.reshape(rows, count, width)

    def attention(self, row: int, n_tokens: int) -> Any:
        """Scores of all alignment heads (head, token, frame) for a text of ``n_tokens``, its start and its end included."""
        import torch

        end = len(self.rules.start) + n_tokens + 1
        return torch.cat([kept[row, :, :end] for kept in self.scores if kept is not None])


def _norm(norm: Any, dtype: Any) -> Callable[[Any], Any]:
    """A layer norm in ``dtype``: its sums are made in single precision whatever it is given, so nothing is converted for it."""
    from torch.nn.functional import layer_norm

    weight, bias = norm.weight.detach().to(dtype), norm.bias.detach().to(dtype)
    return lambda x: layer_norm(x, norm.normalized_shape, weight, bias, norm.eps)


def read_together(writer: Writer, sound: Sound, rules: Rules, texts: Sequence[Sequence[int]]) -> list[Written]:
    """Each of ``texts`` as the text of a row of ``sound``: how sure each token is and where it is heard, all in one reading."""
    import torch

    leaves = Leaves(writer, rules, sound.rows, sound.keys[0].shape[2])
    leaves.hear(sound)
    longest, prompt = max(map(len, texts)), len(rules.start)
    filled = [[*rules.start, *t, *[rules.end] * (longest - len(t) + 1)] for t in texts]
    given = torch.tensor(filled, device=leaves.places.device)
    last = leaves.read(given, leaves.places[: given.shape[1]])
    found = []
    for row, tokens in enumerate(texts):
        likely = writer.logits(last[row, prompt - 1 : prompt - 1 + len(tokens)]).float()[:, : rules.end].softmax(-1)
        said = given[row, prompt : prompt + len(tokens)].clamp_max(rules.end - 1)
        sure = likely.gather(1, said[:, None])[:, 0].tolist()
        found.append(Written(tokens=list(tokens), sure=sure, seen=leaves.attention(row, len(tokens))))
    return found
