"""What may follow a text: logits of all tokens, on a processor read from an 8-bit copy of the embedding and made exact where
the greatest may be."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

LEVELS = 63
"""Steps from nothing to the greatest of a state: with seven bits a pair of products stays within 16 bits on any processor."""
EVENED = 0.7
"""How much of a dimension's spread is moved from the states to the weights before both are rounded (SmoothQuant, Xiao et al.
2023, equation 4)."""
SURE = 6.0
"""Standard deviations that a rounded logit is trusted to lie within."""
EXACT = 5.0
"""Logits this close below the greatest are made exact as well: in tests probabilities then differed by less than a hundredth."""


class TokenVocabulary:
    """Logits for states (row, width) of a decoder whose last norm is ``norm`` and whose embedding is ``weight`` (token, width);
    ``exact`` is the product of both."""

    def __init__(self, weight: Any, norm: Any, exact: Callable[[Any], Any], *, rounded: bool) -> None:
        self.exact = exact
        self._weight = weight.detach()
        self._rough = _Rounded.of(self._weight, norm) if rounded else None

    def likeliest(self, x: Any, forbidden: Any) -> Any:
        """Logits (row, token) that are exact for every token that may be the greatest of those not ``forbidden`` (token,
        true or false), and for all near it; the others may be rounded."""
        import torch

        if self._rough is None:
            return self.exact(x).float()
        logits, doubt = self._rough(x)
        best = logits.masked_fill(forbidden, -torch.inf).amax(-1, keepdim=True)
        rows, tokens = (logits >= best - doubt.clamp_min(EXACT)).nonzero(as_tuple=True)
        logits[rows, tokens] = (x[rows] * self._weight[tokens]).sum(-1)
        return logits


class _Rounded:
    """A product of 8-bit weights, each row of its input rounded by itself."""

    def __init__(self, packed: Any, even: Any, lengths: float, step: float) -> None:
        import torch

        self._packed, self._even, self._lengths, self._step = packed, even, lengths, step
        self._product = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32

    @staticmethod
    def of(weight: Any, norm: Any) -> _Rounded | None:
        """``None`` where torch has no such product."""
        import torch

        spread = 3 * norm.weight.detach().abs() + norm.bias.detach().abs()
        widest = weight.abs().amax(0)
        even = (spread**EVENED / widest.clamp_min(1e-9) ** (1 - EVENED)).clamp_min(1e-6)
        evened = weight * even
        steps = (evened.abs().amax(1) / 127).clamp_min(1e-9)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # torch will drop these tensors some day
                zeros = torch.zeros(len(weight), dtype=torch.long)
                rounded = torch.quantize_per_channel(evened, steps.double(), zeros, 0, torch.qint8)
                packed = torch.ops.quantized.linear_prepack(rounded, None)
                found = _Rounded(packed, 1 / even, float(evened.norm(dim=1).amax()), float(steps.amax()))
                found(weight[:1])
        except (RuntimeError, NotImplementedError, AttributeError):
            return None
        return found

    def __call__(self, x: Any) -> tuple[Any, Any]:
        """Logits, and for each row how far two of them may have changed places.

        Rounding moves each number by a standard deviation of its step / √12, independently of the others.
        """
        x = x * self._even
        greatest = x.abs().amax(-1, keepdim=True).clamp_min(1e-9)
        logits = self._product(x / greatest, 1 / LEVELS, LEVELS + 1, self._packed) * greatest
        moved = (greatest / LEVELS * self._lengths) ** 2 + (x.norm(dim=-1, keepdim=True) * self._step) ** 2
        return logits, 2 * SURE * (moved / 12).sqrt()
