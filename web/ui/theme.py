"""One visual language for all tabs: fonts that are really bundled, colours as CSS variables, light and dark."""

from __future__ import annotations

import gradio as gr

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

CSS = """
:root { --s-ink: #0f172a; --s-soft: #475569; --s-line: #cbd5e1; --s-card: #ffffff; --s-back: #f1f5f9; --s-accent: #4338ca;
  --s-good: #047857; --s-warn: #b45309; --s-bad: #b91c1c; --s-c1: #4338ca; --s-c2: #0e7490; --s-c3: #b45309; --s-c4: #be185d; }
.dark { --s-ink: #f1f5f9; --s-soft: #a9b6c9; --s-line: #3b4a61; --s-card: #172033; --s-back: #0f172a; --s-accent: #a5b4fc;
  --s-good: #34d399; --s-warn: #fbbf24; --s-bad: #fca5a5; --s-c1: #a5b4fc; --s-c2: #67e8f9; --s-c3: #fbbf24; --s-c4: #f9a8d4; }
.gradio-container { max-width: 1720px !important; margin: 0 auto !important; }
.studio { color: var(--s-ink); font-size: 15px; line-height: 1.45; }
.studio * { box-sizing: border-box; }
.studio a { color: var(--s-accent); }
.studio .soft { color: var(--s-soft); }
.studio button:focus-visible, .studio a:focus-visible, .studio [tabindex]:focus-visible { outline: 3px solid var(--s-accent); outline-offset: 2px; }
.studio-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 16px; padding: 4px 2px; }
.studio-head h1 { font-size: 22px; font-weight: 700; margin: 0; }
.studio-head p { margin: 0; color: var(--s-soft); flex: 1 1 260px; }
.studio-head nav { display: flex; gap: 10px; align-items: center; }
.studio-badge { display: inline-block; padding: 1px 8px; border: 1px solid var(--s-line); border-radius: 99px; font-size: 13px; color: var(--s-soft); }
.studio-empty { border: 1px dashed var(--s-line); border-radius: 10px; padding: 28px 20px; color: var(--s-soft); text-align: center; }
.studio-empty ol { text-align: left; display: inline-block; margin: 8px 0 0; }
.studio-progress { border: 1px solid var(--s-line); border-radius: 10px; padding: 12px 14px; background: var(--s-card); }
.studio-progress .bar { height: 8px; border-radius: 99px; background: var(--s-back); overflow: hidden; margin-top: 8px; }
.studio-progress .bar i { display: block; height: 100%; background: var(--s-accent); transition: width .4s; }
.studio-note { border-left: 4px solid var(--s-warn); padding: 8px 12px; background: var(--s-card); border-radius: 6px; margin: 6px 0; }
.studio-note.bad { border-color: var(--s-bad); } .studio-note.good { border-color: var(--s-good); }
.studio-files a { display: inline-block; margin: 2px 10px 2px 0; }
footer { opacity: .85; }
@media (max-width: 640px) { .gradio-container { padding: 6px !important; } .studio { font-size: 16px; } }
"""
