"""openai-whisper on torch, with the bundled weights: chunks decoded in batches, word times from cross-attention."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.speech_values import APPEND, CAREFUL_BEAM, PREPEND, Chunk, Heard, HeardWord
from pipeline.whisper_weights import alignment_heads, dimensions, read_variables, state_dict

BATCH = {"cpu": 4, "cuda": 32}
FRAME = 0.02
"""Seconds a position of the encoder's output stands for."""
SMOOTHING = 7
"""Width of the median filter over attention, frames; the published method's own."""


def load(folder: Path, kind: str) -> Any:
    """An openai-whisper model on device ``kind`` from a CTranslate2 ``folder``.

    Raises:
        ModelUnavailable: the file is damaged, quantised or not a Whisper.
    """
    import torch
    from whisper.model import ModelDimensions, Whisper

    arrays = read_variables(folder / "model.bin")
    model = Whisper(ModelDimensions(**dimensions(arrays)))
    model.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in state_dict(arrays).items()})
    heads = alignment_heads(folder)
    if heads:
        mask = torch.zeros(model.dims.n_text_layer, model.dims.n_text_head, dtype=torch.bool)
        for layer, head in heads:
            mask[layer, head] = True
        model.register_buffer("alignment_heads", mask.to_sparse(), persistent=False)
    return model.to(kind).eval()


def _with_heads_kept(attention: Any) -> None:
    """Cross-attention whose keys and values are brought into heads once for a sound, not once for each token of its text."""
    from torch.nn.functional import scaled_dot_product_attention
    from whisper.model import MultiHeadAttention

    plain, heads = attention.qkv_attention, attention.n_head
    kept: dict[str, Any] = {}

    def parted(x: Any) -> Any:
        return x.view(*x.shape[:2], heads, -1).permute(0, 2, 1, 3)

    def attend(q: Any, k: Any, v: Any, mask: Any = None) -> tuple[Any, Any]:
        if not MultiHeadAttention.use_sdpa or mask is not None:
            out: tuple[Any, Any] = plain(q, k, v, mask)
            return out
        if kept.get("of") is not k:
            kept.update(of=k, keys=parted(k).contiguous(), values=parted(v).contiguous())
        found = scaled_dot_product_attention(parted(q), kept["keys"], kept["values"])
        return found.permute(0, 2, 1, 3).flatten(start_dim=2), None

    attention.qkv_attention = attend


class OpenAIWhisper:
    """A :class:`pipeline.speech_values.Recogniser`; loads its model when made.

    Raises:
        ModelUnavailable: as :func:`load`.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self.batch = BATCH[kind]
        self._half = kind == "cuda"
        self.model = load(folder, kind)
        for block in self.model.decoder.blocks:
            _with_heads_kept(block.cross_attn)

    def languages(self, chunks: Sequence[Chunk]) -> list[Mapping[str, float]]:
        """The probability of each language for each chunk; English alone for an English-only model."""
        import torch

        if not self.model.is_multilingual:
            return [{"en": 1.0} for _ in chunks]
        with torch.inference_mode():
            _, found = self.model.detect_language(self._encode(chunks).float())
        return list(found)

    def listen(self, chunks: Sequence[Chunk], language: str, *, careful: bool = False) -> list[Heard]:
        """The words of each chunk, decoded as one batch."""
        import torch
        from whisper import DecodingOptions, decode
        from whisper.tokenizer import get_tokenizer

        if not chunks:
            return []
        # openai-whisper searches beams for one sound at a time only, so the batch is decoded greedily.
        options = DecodingOptions(
            language=language, beam_size=CAREFUL_BEAM if careful else None, without_timestamps=True, fp16=self._half
        )
        tokenizer = get_tokenizer(
            self.model.is_multilingual, num_languages=self.model.num_languages, language=language, task="transcribe"
        )
        with torch.inference_mode():
            encoded = self._encode(chunks)
            groups = encoded.split(1) if careful else [encoded]
            results = [result for group in groups for result in decode(self.model, group, options)]
            tokens = [[t for t in r.tokens if t < tokenizer.eot] for r in results]
            words = self._words(tokenizer, encoded, tokens, chunks)
        return [Heard(w, float(r.avg_logprob), float(r.no_speech_prob)) for r, w in zip(results, words, strict=True)]

    def _encode(self, chunks: Sequence[Chunk]) -> Any:
        import torch
        from whisper.audio import N_FRAMES, N_SAMPLES, log_mel_spectrogram, pad_or_trim

        sounds = torch.from_numpy(np.stack([pad_or_trim(c.samples, N_SAMPLES) for c in chunks])).to(self.model.device)
        mel = pad_or_trim(log_mel_spectrogram(sounds, self.model.dims.n_mels), N_FRAMES)
        return self.model.embed_audio(mel.half() if self._half else mel)

    def _words(
        self, tokenizer: Any, encoded: Any, tokens: Sequence[list[int]], chunks: Sequence[Chunk]
    ) -> list[tuple[HeardWord, ...]]:
        """Words with times for all chunks from one pass of the decoder over their padded tokens."""
        import torch

        start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        longest = max(len(t) for t in tokens)
        rows = [[*start, *t, *[tokenizer.eot] * (longest - len(t) + 1)] for t in tokens]
        with self._attention() as seen:
            logits = self.model.decoder(torch.tensor(rows, device=self.model.device), encoded)
        chosen = logits[:, len(start) - 1 :, : tokenizer.eot].float().softmax(-1)
        found: list[tuple[HeardWord, ...]] = []
        for row, (text, chunk) in enumerate(zip(tokens, chunks, strict=True)):
            if not text:
                found.append(())
                continue
            positions = torch.arange(len(text), device=chosen.device)
            sure = chosen[row, positions, torch.tensor(text, device=chosen.device)].cpu().numpy()
            weights = torch.stack(
                [seen[layer][row, head] for layer, head in self.model.alignment_heads.indices().T.tolist()]
            )
            frames = max(2, int(chunk.duration / FRAME))
            times = _token_times(weights[:, : len(start) + len(text) + 1, :frames], len(start) - 1)
            found.append(_timed(tokenizer, text, times, sure))
        return found

    @contextlib.contextmanager
    def _attention(self) -> Iterator[dict[int, Any]]:
        """Cross-attention scores (batch, head, token, frame) of each decoder layer, filled by a forward pass."""
        from whisper.model import disable_sdpa

        seen: dict[int, Any] = {}

        def keep(layer: int) -> Any:
            def hook(_module: Any, _inputs: Any, outputs: Any) -> None:
                seen[layer] = outputs[-1]

            return hook

        hooks = [b.cross_attn.register_forward_hook(keep(n)) for n, b in enumerate(self.model.decoder.blocks)]
        try:
            with disable_sdpa():
                yield seen
        finally:
            for hook in hooks:
                hook.remove()


def _token_times(scores: Any, skip: int) -> NDArray[np.float64]:
    """When each text token (and the end) begins, seconds, by time warping over the smoothed attention of ``scores``
    (head, token, frame); the first ``skip`` tokens are the prompt's."""
    from whisper.timing import dtw_cpu, median_filter

    attention = scores.float().softmax(-1)
    spread, mean = attention.std(-2, keepdim=True, correction=0), attention.mean(-2, keepdim=True)
    smooth = median_filter((attention - mean) / spread.clamp_min(1e-9), SMOOTHING)
    matrix = smooth.mean(0)[skip:-1]
    rows, frames = dtw_cpu(-matrix.double().cpu().numpy())
    first = np.concatenate([[True], np.diff(rows) > 0])
    times = frames[first] * FRAME
    return np.asarray(times, np.float64)


def _timed(
    tokenizer: Any, text: list[int], times: NDArray[np.float64], sure: NDArray[np.float32]
) -> tuple[HeardWord, ...]:
    from whisper.timing import WordTiming, merge_punctuations

    words, groups = tokenizer.split_to_word_tokens([*text, tokenizer.eot])
    timings, at = [], 0
    for word, group in zip(words[:-1], groups[:-1], strict=True):
        end = min(at + len(group), len(times) - 1)
        timings.append(WordTiming(word, list(group), times[at], times[end], float(sure[at : at + len(group)].mean())))
        at = end
    merge_punctuations(timings, PREPEND, APPEND)
    return tuple(HeardWord(float(t.start), float(t.end), t.word, t.probability) for t in timings if t.word.strip())
