"""The colours of the page and their contrast, read from its variables: ``python -m benchmarks.contrast [--write]``.

Contrast as WCAG 2.2 defines it: relative luminance of both colours, (lighter + 0.05) / (darker + 0.05). ``--write`` puts the table into
``docs/design.md``. Exits with 1 where a pair has less than it needs.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass

from benchmarks import ROOT

TOKENS = ROOT / "assets" / "page" / "look" / "1-tokens.css"
SHEET = ROOT / "docs" / "design.md"
BEGIN, END = "<!-- colours: python -m benchmarks.contrast -->", "<!-- /colours -->"


@dataclass(frozen=True)
class Pair:
    """A colour, the grounds it stands on, the least contrast, and what it is for."""

    name: str
    grounds: tuple[str, ...]
    least: float
    use: str


PAIRS = (
    Pair("ink", ("card", "back", "tint"), 4.5, "text"),
    Pair("soft", ("card", "back"), 4.5, "text beside"),
    Pair("accent", ("card", "back", "tint"), 4.5, "links, chosen things, bars"),
    Pair("on-accent", ("accent", "accent-strong"), 4.5, "text of primary buttons"),
    Pair("edge", ("card", "back"), 3.0, "edges of controls"),
    Pair("good", ("card",), 4.5, "done"),
    Pair("warn", ("card",), 3.0, "line of a remark"),
    Pair("bad", ("card",), 4.5, "wrong, Stop"),
    Pair("c1", ("back", "card"), 3.0, "curve, hook"),
    Pair("c2", ("back", "card"), 3.0, "music and effects, story"),
    Pair("c3", ("back", "card"), 3.0, "sound events, meaning"),
    Pair("c4", ("back", "card"), 3.0, "picture, engagement"),
)


def schemes(text: str) -> dict[str, dict[str, str]]:
    """The variables of both schemes: ``{"light": {"ink": "#0f172a", …}, "dark": …}``."""
    blocks = {"light": r":root \{(.*?)\n\}", "dark": r"\.dark \{(.*?)\n\}"}
    return {
        scheme: dict(re.findall(r"--s-([\w-]+): (#[0-9a-f]{6})", found[1]))
        for scheme, pattern in blocks.items()
        if (found := re.search(pattern, text, re.DOTALL))
    }


def contrast(one: str, two: str) -> float:
    """Contrast of two colours (``#rrggbb``), from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(two)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def least(pair: Pair, colours: dict[str, str]) -> float:
    """The contrast of a colour on the ground where it has least."""
    return min(contrast(colours[pair.name], colours[ground]) for ground in pair.grounds)


def rows(found: dict[str, dict[str, str]]) -> list[str]:
    """The lines of the table."""
    light, dark = found["light"], found["dark"]
    head = ["| variable | light | dark | for | contrast light / dark |", "|---|---|---|---|---|"]
    return head + [
        f"| `--s-{p.name}` | {light[p.name]} | {dark[p.name]} | {p.use} (on {', '.join(p.grounds)}; ≥ {p.least:g}) "
        f"| {least(p, light):.1f} / {least(p, dark):.1f} |"
        for p in PAIRS
    ]


def main() -> int:
    """Prints the table; 1 where a colour cannot be read on its ground."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(sys.argv[1:])
    found = schemes(TOKENS.read_text(encoding="utf-8"))
    lines = rows(found)
    print("\n".join(lines))
    if options.write:
        text = SHEET.read_text(encoding="utf-8")
        before, after = text[: text.index(BEGIN)], text[text.index(END) + len(END) :]
        SHEET.write_text(f"{before}{BEGIN}\n{chr(10).join(lines)}\n{END}{after}", encoding="utf-8")
    weak = [p.name for p in PAIRS for colours in found.values() if least(p, colours) < p.least]
    if weak:
        print(f"too weak: {', '.join(weak)}")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
