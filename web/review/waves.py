"""The sounds around a moment as a small drawing: the original, the dub before, the dub after, one under the other."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, LANE = 600, 60
LINE = "#d33"
"""The moment itself."""
COLOURS = ("#7a8699", "#b87d14", "#2f7fd6")
"""Of the original, the dub before and the dub after; on white and on black each has a contrast of 3 or more (WCAG 2.2, 1.4.11)."""


def drawn(lanes: Sequence[Sequence[float]], at: float) -> str:
    """SVG of ``lanes`` (peaks in [0, 1] over the same seconds), with a line at ``at``, a share of their length."""
    height, x = LANE * len(lanes), WIDTH * min(1.0, max(0.0, at))
    paths = "".join(
        f'<path d="{_bars(lane, LANE * n + LANE / 2)}" stroke="{COLOURS[n % len(COLOURS)]}" stroke-width="1.2" fill="none"/>'
        for n, lane in enumerate(lanes)
    )
    line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}" stroke="{LINE}" stroke-dasharray="4 3"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f"{paths}{line}</svg>"
    )


def _bars(peaks: Sequence[float], middle: float) -> str:
    step, reach = WIDTH / max(1, len(peaks)), LANE / 2 - 2
    half = [max(0.5, reach * min(1.0, max(0.0, p))) for p in peaks]
    return "".join(f"M{i * step:.1f} {middle - h:.1f}V{middle + h:.1f}" for i, h in enumerate(half))
