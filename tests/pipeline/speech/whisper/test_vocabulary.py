"""Logits from rounded weights: the greatest is the exact one, whatever is forbidden and however close the others are."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pipeline.speech.whisper.vocabulary import TokenVocabulary

TOKENS, WIDTH = 4000, 64


def made(seed: int, *, rounded: bool = True) -> tuple[TokenVocabulary, Any, Any]:
    """A vocabulary with pairs of nearly equal tokens, its weights, and states with a few great numbers, as decoders have."""
    torch.manual_seed(seed)
    weight = torch.randn(TOKENS, WIDTH) * torch.linspace(0.2, 1.0, TOKENS)[:, None]
    weight[1::2] = weight[::2] + 1e-3 * torch.randn(TOKENS // 2, WIDTH)
    norm = torch.nn.LayerNorm(WIDTH)
    torch.nn.init.uniform_(norm.weight, 0.1, 3.0)
    states = norm(torch.randn(50, WIDTH)).detach()
    states[:, 5] *= 8.0
    vocabulary = TokenVocabulary(weight, norm, lambda x: torch.nn.functional.linear(x, weight), rounded=rounded)
    return vocabulary, weight, states


@pytest.mark.parametrize("seed", range(4))
def test_the_greatest_allowed_is_exact(seed: int) -> None:
    vocabulary, weight, states = made(seed)
    assert vocabulary._rough is not None, "torch has no rounded product here"
    exact = states @ weight.T
    rough, doubt = vocabulary._rough(states)
    places = exact.gather(1, rough.argmax(-1, keepdim=True))[:, 0]
    assert (places < exact.amax(-1) - 1e-3).any(), "rounding must change places, or this tests nothing"
    assert ((rough - exact).abs().amax(-1, keepdim=True) < doubt / 2).all()
    forbidden = torch.zeros(TOKENS, dtype=torch.bool)
    forbidden[exact[:25].argmax(-1)] = True
    found = vocabulary.likeliest(states, forbidden).masked_fill(forbidden, -torch.inf)
    wanted = exact.masked_fill(forbidden, -torch.inf)
    chosen = wanted.gather(1, found.argmax(-1, keepdim=True))[:, 0]
    assert torch.allclose(chosen, wanted.amax(-1), atol=1e-5)
    assert torch.allclose(found.amax(-1), wanted.amax(-1), atol=1e-4)


def test_a_row_does_not_depend_on_the_others() -> None:
    vocabulary, _, states = made(7)
    none = torch.zeros(TOKENS, dtype=torch.bool)
    together = vocabulary.likeliest(states, none)
    for row in (0, 3, 49):
        assert torch.equal(vocabulary.likeliest(states[row : row + 1], none)[0], together[row])


def test_probabilities_of_tokens_are_close() -> None:
    vocabulary, weight, states = made(11)
    none = torch.zeros(TOKENS, dtype=torch.bool)
    found, wanted = (x.softmax(-1) for x in (vocabulary.likeliest(states, none), states @ weight.T))
    assert torch.allclose(found, wanted, atol=0.01)


def test_nothing_is_rounded_where_that_is_not_asked_for() -> None:
    vocabulary, weight, states = made(13, rounded=False)
    assert torch.equal(vocabulary.likeliest(states, torch.zeros(TOKENS, dtype=torch.bool)), states @ weight.T)


def test_a_torch_without_rounded_products_reckons_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> Any:
        raise RuntimeError("no engine")

    monkeypatch.setattr(torch, "quantize_per_channel", missing)
    vocabulary, weight, states = made(17)
    assert torch.equal(vocabulary.likeliest(states, torch.zeros(TOKENS, dtype=torch.bool)), states @ weight.T)
