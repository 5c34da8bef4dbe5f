"""Which language a visitor reads, and the page's words in all of them.

Labels made at start go through ``gr.I18n`` and follow the browser. Words made at run time (progress, tables, errors) are put into
:func:`language_of` the request. The visitor's own choice (the switch in the header) is a cookie that the script :data:`HEAD`
shows to both: it answers for ``navigator.language`` before Gradio asks, and travels with every request.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from pipeline.messages import Message, catalogue, choose_language, languages, say

COOKIE = "studio_lang"
HEAD = f"""
<script>
(() => {{
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked && /^[a-z]{{2}}$/.test(asked)) document.cookie = `{COOKIE}=${{asked}};path=/;max-age=31536000;samesite=lax`;
  const saved = asked || (document.cookie.match(/(?:^|; ){COOKIE}=([a-z]{{2}})/) || [])[1];
  const language = saved || (navigator.language || 'en').slice(0, 2);
  if (saved) {{
    Object.defineProperty(navigator, 'language', {{ get: () => saved }});
    Object.defineProperty(navigator, 'languages', {{ get: () => [saved] }});
  }}
  document.documentElement.lang = language;
}})();
</script>
"""


def words() -> gr.I18n:
    """Every template of every language, for labels that the browser puts into words."""
    return gr.I18n(**{tag: dict(catalogue(tag)) for tag in languages()})


def label(code: str) -> Any:
    """A label made at start: the browser shows ``code`` in the visitor's language."""
    return gr.I18n()(code)


def language_of(request: gr.Request | None) -> str:
    """The visitor's choice, else the browser's, else English."""
    if request is None:
        return choose_language(None)
    chosen = (request.cookies or {}).get(COOKIE) if hasattr(request, "cookies") else None
    headers = request.headers or {}
    return choose_language(chosen or headers.get("accept-language"))


def tell(code: str, language: str, **values: Any) -> str:
    """Words made at run time."""
    return say(Message(code, values), language)
