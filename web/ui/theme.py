"""One visual language for all tabs: fonts that are really bundled, colours as CSS variables, light and dark."""

from __future__ import annotations

import gradio as gr

from pipeline import places

ASSETS = places.brought("assets", "page")

# Gradio 6.31 bundles wrong subsets for weight 600; regular and bold have all Latin letters.
_SANS = gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700))
_MONO = gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700))

THEME = gr.themes.Default(
    primary_hue=gr.themes.colors.indigo,
    neutral_hue=gr.themes.colors.slate,
    font=[_SANS, "system-ui", "sans-serif"],
    font_mono=[_MONO, "ui-monospace", "monospace"],
    radius_size=gr.themes.sizes.radius_md,
).set(
    # Contrast of at least 4.5 : 1 (WCAG 2.2 AA) where the stock theme has less.
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_700",
    button_primary_background_fill_dark="*primary_600",
    button_primary_background_fill_hover_dark="*primary_700",
    button_primary_text_color="white",
    button_primary_text_color_hover="white",
    button_primary_text_color_dark="white",
    button_primary_text_color_hover_dark="white",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    input_placeholder_color="*neutral_500",
    input_placeholder_color_dark="*neutral_400",
)


def asset(name: str) -> str:
    """The text of a style sheet or script of the page."""
    return (ASSETS / name).read_text(encoding="utf-8")


def style() -> str:
    """The style sheet: the files of ``assets/page/look`` in the order of their names, but for the variables."""
    found = sorted((ASSETS / "look").glob("*.css"))[1:]
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


def head() -> str:
    """The variables for the page's head: Gradio moves the rules of a style sheet below its own elements, where ``:root`` is not."""
    return f"<style>{asset('look/1-tokens.css')}</style>"


def script(*names: str) -> str:
    """Several scripts as one, in this order; they share their names."""
    return "\n".join(asset(name) for name in names)
