"""One visual language for all tabs: fonts that are really bundled, colours as CSS variables, light and dark."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

ASSETS = Path(__file__).resolve().parent.parent.parent / "assets" / "page"

# Gradio 6.31 bundles wrong subsets for weight 600; regular and bold have all Latin letters.
_SANS = gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700))
_MONO = gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700))

THEME = gr.themes.Default(
    primary_hue=gr.themes.colors.indigo,
    neutral_hue=gr.themes.colors.slate,
    font=[_SANS, "system-ui", "sans-serif"],
    font_mono=[_MONO, "ui-monospace", "monospace"],
    radius_size=gr.themes.sizes.radius_md,
)


def asset(name: str) -> str:
    """The text of a style sheet or script of the page."""
    return (ASSETS / name).read_text(encoding="utf-8")


def script(*names: str) -> str:
    """Several scripts as one, in this order; they share their names."""
    return "\n".join(asset(name) for name in names)
