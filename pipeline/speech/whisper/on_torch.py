"""openai-whisper on torch, with the bundled weights: chunks decoded in batches, word times from cross-attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.compute import cards
from pipeline.compute.device import threads
from pipeline.progress import breathe
from pipeline.speech.values import APPEND, CAREFUL_BEAM, PREPEND, Chunk, Heard, HeardWord
from pipeline.speech.whisper import beam
from pipeline.speech.whisper.decoder import Rules, Writer, Written
from pipeline.speech.whisper.encoder import FRAME, context, encode, places
from pipeline.speech.whisper.fixed import rows_within
from pipeline.speech.whisper.prompted import given, prompt
from pipeline.speech.whisper.recorded import RecordedWriter
from pipeline.speech.whisper.warping import first_frames
from pipeline.speech.whisper.weights import alignment_heads, dimensions, read_variables, state_dict
from pipeline.values import Span

SMOOTHING = 7
"""Width of the median filter over attention, frames; the published method's own."""
ALONE = 512
"""Widest model (tiny, base) whose search is left to one thread: several wait for each other longer than they compute."""
KEPT = 8
"""Chunks whose encoding is kept after their language was asked for."""


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
    """A :class:`pipeline.speech.values.Recogniser`; loads its model when made.

    Raises:
        ModelUnavailable: as :func:`load`.
    """

    def __init__(self, folder: Path, kind: str, batch: int = 8) -> None:
        import torch

        self._half = kind != "cpu"
        self.model = load(folder, kind)
        self.batch = rows_within(cards.free(kind), self.model.dims) if self._half else batch
        self._writer = Writer(self.model, torch.float16 if self._half else torch.float32)
        self._recorded = RecordedWriter(self._writer)
        self._kept: list[tuple[Chunk, Any]] = []
        for block in self.model.decoder.blocks:
            _with_heads_kept(block.cross_attn)

    def languages(self, chunks: Sequence[Chunk]) -> list[Mapping[str, float]]:
        """The probability of each language for each chunk; English alone for an English-only model."""
        import torch

        if not self.model.is_multilingual:
            return [{"en": 1.0} for _ in chunks]
        with torch.inference_mode():
            encoded = self._encoded(chunks)
            self._keep(chunks, encoded)
            return self._likely(self._together(encoded))

    def within(self, chunk: Chunk, spans: Sequence[Span]) -> list[Mapping[str, float]]:
        """The same for parts of a chunk: from its states on a processor, each by itself on a card."""
        import torch

        if self._half or not self.model.is_multilingual:
            return self.languages([chunk.part(span) for span in spans])
        with torch.inference_mode():
            (states,) = self._encoded([chunk])
            return self._likely([states[:, places(chunk, span, states.shape[1])] for span in spans])

    def _likely(self, encoded: Sequence[Any]) -> list[Mapping[str, float]]:
        """The probability of each language for each row of encoded sounds."""
        import torch
        from whisper.tokenizer import get_tokenizer

        t = get_tokenizer(True, num_languages=self.model.num_languages)
        rules = Rules((t.sot,), t.eot, t.no_speech, (), (), 0)
        following = torch.cat([self._writer.after(self._writer.sound(e), rules) for e in encoded])
        likely = following[:, list(t.all_language_tokens)].float().softmax(-1).tolist()
        return [dict(zip(t.all_language_codes, row, strict=True)) for row in likely]

    def listen(
        self, chunks: Sequence[Chunk], language: str, *, careful: bool = False, names: Sequence[str] = ()
    ) -> list[Heard]:
        """The words of each chunk, decoded as one batch; ``names`` may be among them."""
        import torch

        if not chunks:
            return []
        tokenizer = self._tokenizer(language)
        rules = _rules(tokenizer, self.model.dims.n_text_ctx // 2, prompt(tokenizer.encode, names))
        with torch.inference_mode():
            encoded = self._encoded(chunks, whole=careful)
            if not careful:
                self._keep(chunks, encoded)
            if self._half:
                texts = self._on_card(encoded, rules, careful)
            elif careful:
                texts = self._searched(encoded, language, rules)
            else:
                texts = self._writer.write([self._writer.sound(e) for e in encoded], rules)
            with threads(1):
                return _heard(tokenizer, rules, texts, chunks)

    def align(self, chunks: Sequence[Chunk], texts: Sequence[str], language: str) -> list[tuple[HeardWord, ...]]:
        """When each word of ``texts``, one a chunk, is said in it."""
        import torch

        tokenizer = self._tokenizer(language)
        rules = _rules(tokenizer, self.model.dims.n_text_ctx // 2)
        known = [given(tokenizer.encode, text) for text in texts]
        with torch.inference_mode():
            encoded = self._encoded(chunks) if chunks else []
            read = [
                self._writer.read(self._writer.sound(part), rules, tokens)
                for part, tokens in zip(encoded, known, strict=True)
            ]
            with threads(1):
                return [heard.words for heard in _heard(tokenizer, rules, read, chunks)]

    def _tokenizer(self, language: str) -> Any:
        from whisper.tokenizer import get_tokenizer

        known = {"num_languages": self.model.num_languages, "language": language, "task": "transcribe"}
        return get_tokenizer(self.model.is_multilingual, **known)

    def _keep(self, chunks: Sequence[Chunk], encoded: Sequence[Any]) -> None:
        """What ``chunks`` were encoded to is there for their next hearing."""
        new = {id(c) for c in chunks}
        old = [(c, e) for c, e in self._kept if id(c) not in new]
        self._kept = [*old, *zip(chunks, encoded, strict=True)][-max(self.batch, KEPT) :]

    def _on_card(self, encoded: Sequence[Any], rules: Rules, careful: bool) -> list[Written]:
        """The texts of all sounds as one batch."""
        sound = self._writer.sound(self._together(encoded)[0])
        if careful:
            return beam.search(self._writer, sound, rules, CAREFUL_BEAM)
        # A recording is made for one start of texts; few chunks are heard with names, and with others each time.
        return self._writer.write([sound], rules) if rules.prompt else self._recorded.write(sound, rules)

    def _searched(self, encoded: Sequence[Any], language: str, rules: Rules) -> list[Written]:
        """Texts found by openai-whisper's search for the likeliest of many, one sound at a time: on a processor a batch is no quicker."""
        import torch
        from whisper import DecodingOptions, decode

        hands = 1 if self.model.dims.n_text_state <= ALONE else torch.get_num_threads()
        told = list(rules.start[1 : rules.prompt]) or None
        options = DecodingOptions(
            language=language, beam_size=CAREFUL_BEAM, without_timestamps=True, fp16=self._half, prompt=told
        )
        texts = []
        for part in encoded:
            breathe()
            with threads(hands):
                result = decode(self.model, part, options)[0]
                text = self._writer.read(self._writer.sound(part), rules, result.tokens)
            text.total, text.no_speech = result.avg_logprob * (len(result.tokens) + 1), result.no_speech_prob
            texts.append(text)
        return texts

    def _together(self, encoded: Sequence[Any]) -> Sequence[Any]:
        """``encoded`` as the decoder takes it: all as one on a GPU, where all are of one length."""
        import torch

        return [torch.cat(list(encoded))] if self._half else encoded

    def _encoded(self, chunks: Sequence[Chunk], *, whole: bool = False) -> list[Any]:
        """The encoder's output (1, frame, width) for each chunk; what was encoded to tell the language is not encoded again.

        A GPU is given the ``whole`` window of all chunks at once, a processor what each of them needs.
        """
        import torch

        window = self.model.dims.n_audio_ctx
        if self._half:
            missing = self._missing(chunks, [window] * len(chunks))
            new = encode(self.model, [c for c, _ in missing], window, torch.float16).split(1) if missing else ()
        else:
            missing = self._missing(chunks, [window if whole else context(c, window) for c in chunks])
            new = self._beside(missing)
        found = {id(c): e for c, e in [*self._kept, *((c, e) for (c, _), e in zip(missing, new, strict=True))]}
        return [found[id(c)] for c in chunks]

    def _missing(self, chunks: Sequence[Chunk], frames: Sequence[int]) -> list[tuple[Chunk, int]]:
        """Chunks whose encoding of so many frames is not kept."""
        known = {id(c): e.shape[1] for c, e in self._kept}
        return [(c, n) for c, n in zip(chunks, frames, strict=True) if known.get(id(c)) != n]

    def _beside(self, wanted: Sequence[tuple[Chunk, int]]) -> list[Any]:
        """Encodings of chunks on a processor, as many beside each other as share its threads evenly."""
        import torch

        def encoded(one: tuple[Chunk, int]) -> Any:
            return encode(self.model, [one[0]], one[1], torch.float32)

        n = torch.get_num_threads()
        lanes = max((d for d in range(1, len(wanted) + 1) if n % d == 0), default=1)
        beside = len(wanted) // lanes * lanes if lanes > 1 else 0
        with threads(n // lanes), ThreadPoolExecutor(lanes) as pool:
            found = list(pool.map(encoded, wanted[:beside]))
        return [*found, *map(encoded, wanted[beside:])]


def _rules(tokenizer: Any, longest: int, told: Sequence[int] = ()) -> Rules:
    """What openai-whisper's own decoding holds to when no time tokens are asked for; ``told`` are tokens of names."""
    t = tokenizer
    never = {*t.non_speech_tokens, t.transcribe, t.translate, t.sot, t.sot_prev, t.sot_lm, t.no_speech}
    before = (t.sot_prev, *told) if told else ()
    start = (*before, *t.sot_sequence, t.no_timestamps)
    return Rules(start, t.eot, t.no_speech, tuple(sorted(never)), (*t.encode(" "), t.eot), longest, len(before))


def _heard(tokenizer: Any, rules: Rules, texts: Sequence[Written], chunks: Sequence[Chunk]) -> list[Heard]:
    """``texts`` as words with times; what tells them is brought from the device once for all."""
    said = [[n for n, t in enumerate(text.tokens) if t < rules.end] for text in texts]
    spoken = [n for n, tokens in enumerate(said) if tokens]
    begun = len(rules.start)
    likeness = []
    for n in spoken:
        rows = [*range(rules.prompt, begun), *(begun + at for at in said[n]), begun + len(texts[n].tokens)]
        frames = max(2, int(chunks[n].duration / FRAME))
        likeness.append(_likeness(texts[n].attention[:, rows, :frames], begun - rules.prompt - 1))
    times = dict(zip(spoken, map(_token_times, _fetched(likeness)), strict=True))
    found = []
    for n, text in enumerate(texts):
        tokens, sure = [text.tokens[at] for at in said[n]], np.asarray([text.sure[at] for at in said[n]], np.float32)
        words = _timed(tokenizer, tokens, times[n], sure) if tokens else ()
        found.append(Heard(words, text.log_probability, text.no_speech))
    return found


def _likeness(scores: Any, skip: int) -> Any:
    """How well each text token (and the end) goes with each frame, from the attention ``scores`` (head, token, frame) of alignment
    heads, smoothed; the first ``skip`` tokens are the prompt's."""
    attention = scores.float().softmax(-1)
    spread, mean = attention.std(-2, keepdim=True, correction=0), attention.mean(-2, keepdim=True)
    smooth = _smoothed((attention - mean) / spread.clamp_min(1e-9))
    return smooth.mean(0)[skip:-1]


def _fetched(found: Sequence[Any]) -> list[NDArray[np.float64]]:
    """Tables (token, frame) of a device as arrays, in one transfer: each would wait for the card."""
    import torch

    if not found:
        return []
    flat = torch.cat([table.flatten() for table in found]).cpu().double().numpy()
    ends = np.cumsum([table.numel() for table in found])[:-1]
    return [part.reshape(tuple(table.shape)) for part, table in zip(np.split(flat, ends), found, strict=True)]


def _token_times(likeness: NDArray[np.float64]) -> NDArray[np.float64]:
    """When each row's token begins, seconds, by time warping."""
    return np.asarray(first_frames(likeness) * FRAME, np.float64)


def _smoothed(x: Any) -> Any:
    """The median of :data:`SMOOTHING` neighbours along the last axis, mirrored at its ends.

    Of a few numbers more than half of all, neither the greatest nor the least can be the median: they leave, the next number
    comes, and the last three's middle is the median. No sorting, and every step is done for all places at once.
    """
    from torch.nn.functional import pad

    half = SMOOTHING // 2
    if x.shape[-1] <= half:
        return x
    wide = pad(x, (half, half), mode="reflect")
    windows = [wide[..., n : n + x.shape[-1]] for n in range(SMOOTHING)]
    held, coming = windows[: half + 2], windows[half + 2 :]
    while len(held) > 1:
        held = [*_without_extremes(held), *coming[:1]]
        coming = coming[1:]
    return held[0]


def _without_extremes(items: list[Any]) -> list[Any]:
    """All but the least and the greatest at each place, in any order."""
    rest = list(items)
    for n in range(len(rest) - 1):
        rest[n], rest[n + 1] = rest[n].minimum(rest[n + 1]), rest[n].maximum(rest[n + 1])
    rest.pop()
    for n in range(len(rest) - 1, 0, -1):
        rest[n], rest[n - 1] = rest[n].maximum(rest[n - 1]), rest[n].minimum(rest[n - 1])
    return rest[1:]


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
