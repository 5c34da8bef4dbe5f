"""What a program can see of a screen: wider than the window, words in another language, small targets, and what axe finds.

Each check takes a Playwright page and returns what is wrong as text; empty is right. axe-core comes with ``axe-playwright-python``.
"""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe

TOUCH = 44
"""Least side of a target on touch, in CSS pixels (Apple's guidelines and WCAG 2.2, 2.5.5)."""
TEXTS = """() => {
  const found = new Set();
  for (const node of document.querySelectorAll('.gradio-container *')) {
    if (node.closest('script, style, .said, .post, [lang=en], [data-copy]')) continue;
    for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
      if (node.getAttribute(name)) found.add(node.getAttribute(name));
    }
    for (const child of node.childNodes) {
      if (child.nodeType === 3 && child.textContent.trim() && node.checkVisibility()) found.add(child.textContent.trim());
    }
  }
  return [...found];
}"""
ENGLISH = re.compile(
    r"\b(the|to|of|and|for|or|click|clicks?|files?|table|upload|full|screen|reset|more|copy|open|close|number|range|slider|drop|here|start|stop|"
    r"undo|redo|score|offset|download|play|language|remove|filter|search|loading|error message|use via|settings|view|time)\b",
    re.IGNORECASE,
)
NAMES = re.compile(r"\S+\.(mp4|m4a|mkv|mov)\b|highlights_short_films|dubsync_\d_\w+|viral_\d")
TARGETS = "button, a[href], input:not([type=hidden]), select, summary, [role=slider], [role=tab]"
SMALL = """([targets, least]) => [...document.querySelectorAll(targets)]
  .filter(node => node.checkVisibility() && !node.disabled && !node.closest('[aria-hidden=true]'))
  .filter(node => !node.closest('p:not(.line, .studio-files), footer:not(.vcard footer), .sync svg, .tl:not(.strip)'))
  .map(node => [node, (node.matches('input') && node.closest('label') || node).getBoundingClientRect()])
  .filter(([, box]) => box.width && box.height && box.right > 0 && box.left < innerWidth)
  .filter(([, box]) => box.height < least - 0.5 || box.width < least - 0.5)
  .map(([node, box]) => [
    `${node.tagName.toLowerCase()}.${[...node.classList].slice(0, 2).join('.')}#${node.id}`,
    `${Math.round(box.width)}×${Math.round(box.height)}`,
  ].join(' '))"""
"""Links within a paragraph, the footer and what has a larger twin (the strip, the fields beside the plot) are left out."""


def too_wide(page: Any) -> list[str]:
    """What makes the page wider than its window."""
    width = page.viewport_size["width"]
    whole = page.evaluate("document.documentElement.scrollWidth")
    return [f"{whole} px in a window of {width}"] if whole > width else []


def english(page: Any) -> list[str]:
    """English words on a page in another language; names of files do not count."""
    return [text for text in page.evaluate(TEXTS) if ENGLISH.search(NAMES.sub("", text))]


def small_targets(page: Any) -> list[str]:
    """Targets with a side under :data:`TOUCH`."""
    found: list[str] = page.evaluate(SMALL, [TARGETS, TOUCH])
    return sorted(set(found))


def violations(page: Any, only: str = "") -> list[str]:
    """What axe finds, of any impact; ``only`` is one rule."""
    options = {"runOnly": [only]} if only else {}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {node['target']}" for v in found for node in v["nodes"]]
