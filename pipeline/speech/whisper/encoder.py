"""How much Whisper's encoder is given of chunks shorter than its window: the silence that would fill it is mostly left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipeline.speech.values import LONGEST, Chunk
from pipeline.values import Span

FRAME = 0.02
"""Seconds a position of the encoder's output stands for."""
AFTER, LEAST = 3.0, 10.0
"""Seconds of silence kept after a chunk, and of the shortest context. Whisper was trained on whole windows: with half a second
after the voice it wrote loops for 9 of 59 pieces cut in the middle of words, with one second for 6, with two and four for 3, with
the whole window for 2; the word error rate of read text stays the same from two seconds on."""
WINDOW = round(LONGEST / FRAME)
"""Frames of the whole window."""
QUIET, BEFORE_QUIET = 2.0, 0.5
"""Seconds of the silence after a chunk that a part of it is given for its vote on a language, from so long after the chunk's end on. Of
250 parts of 2.5 to 5.5 s in six languages (as they are, by telephone, in noise, over music) 234 were told with it, 210 without, 241
where each was encoded by itself."""
STEP, SHARED = 16, 250
"""Contexts are whole multiples of so many frames: as vector units like them, and where chunks of one length are a batch."""


def context(chunk: Chunk, longest: int = WINDOW, step: int = STEP) -> int:
    """Frames of the encoder's output that ``chunk`` needs, a multiple of ``step`` and at most ``longest``."""
    wanted = math.ceil(max(chunk.duration + AFTER, LEAST) / FRAME)
    return min(longest, math.ceil(wanted / step) * step)


def alike(chunks: Sequence[Chunk]) -> dict[int, list[int]]:
    """The numbers of chunks that are encoded together, by the frames they are given: each chunk's own length decides alone,
    so that its text does not depend on those beside it."""
    found: dict[int, list[int]] = {}
    for number, chunk in enumerate(chunks):
        found.setdefault(context(chunk, step=SHARED), []).append(number)
    return found


def places(chunk: Chunk, span: Span, frames: int) -> list[int]:
    """Which of the ``frames`` that ``chunk`` was encoded to stand for a ``span`` of it (the chunk's own seconds) and silence after it."""
    after = math.ceil((chunk.duration + BEFORE_QUIET) / FRAME)
    said = range(int(span.start / FRAME), min(frames, math.ceil(span.end / FRAME)))
    return [*said, *range(after, min(frames, after + round(QUIET / FRAME)))]


def encode(model: Any, chunks: Sequence[Chunk], frames: int, dtype: Any) -> Any:
    """The encoder's output (chunk, ``frames``, width) of openai-whisper's ``model`` for chunks filled up with silence."""
    import torch
    from torch.nn.functional import gelu
    from whisper.audio import N_SAMPLES, log_mel_spectrogram, pad_or_trim

    encoder = model.encoder
    with torch.inference_mode():
        sounds = [torch.from_numpy(pad_or_trim(c.samples, N_SAMPLES)).to(model.device) for c in chunks]
        # Each by itself: the spectrogram's floor is reckoned from the loudest place of all that it is given.
        mel = torch.stack([log_mel_spectrogram(s, model.dims.n_mels) for s in sounds])
        x = mel[..., : 2 * frames].to(dtype)
        x = gelu(encoder.conv2(gelu(encoder.conv1(x)))).transpose(1, 2)
        x = (x + encoder.positional_embedding[:frames]).to(dtype)
        for block in encoder.blocks:
            x = block(x)
        return encoder.ln_post(x)
