"""Draws the rooms of the house from its imports: ``python -m benchmarks.rooms`` writes ``docs/img/rooms.svg`` and the table of rooms.

A package is a band, a room a box, an arrow says that a module of one room imports one of another (imports inside functions
count, those for types alone do not). Arrows point down: who stands lower knows nothing of who stands higher. Between bands an
arrow from package to package is drawn, inside a band every arrow that is not already said by two others. ``--check`` writes
nothing and fails where the files are not those of today's imports.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from benchmarks import ROOT

PACKAGES = ("web", "reelify", "syncdub", "pipeline")
BANDS = (("app.py",), ("web",), ("reelify", "syncdub"), ("pipeline",))
COLOURS = {"app.py": "#e2e8f0", "web": "#e0e7ff", "reelify": "#dcfce7", "syncdub": "#fef3c7", "pipeline": "#f1f5f9"}
WIDTH, BOX, GAP, LINE = 1180, 158, 22, 17
PICTURE, PAGE = ROOT / "docs" / "img" / "rooms.svg", ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: python -m benchmarks.rooms -->", "<!-- /rooms -->"
Graph = Mapping[str, frozenset[str]]


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name; a room itself (its ``__init__``) is none."""
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    found = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in files if file.name != "__init__.py"
    }
    return found | {"app": ROOT / "app.py"}


def room_of(module: str) -> str:
    """``pipeline.speech.whisper.decoder`` → ``pipeline/speech/whisper``; the hall of a package is its name."""
    return "app.py" if module == "app" else "/".join(module.split(".")[:-1])


def imported(file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of ours that a file needs when it runs."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typing = (n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))
    skip = {id(inner) for node in typing for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skip:
            continue
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        yield from (name for name in names if name in known)


def rooms() -> dict[str, frozenset[str]]:
    """Every room with the rooms it needs."""
    known = modules()
    found: dict[str, set[str]] = {room_of(module): set() for module in known}
    for module, file in known.items():
        found[room_of(module)] |= {room_of(other) for other in imported(file, known)}
    return {room: frozenset(needs - {room}) for room, needs in found.items()}


def floors(names: frozenset[str], graph: Graph) -> list[list[str]]:
    """Rooms of one package from top to bottom: each below everybody who needs it. A hall (the package itself) gives values
    to all its rooms and may gather them too; it has the lowest floor of its own."""
    inside = {n: {m for m in graph[n] if m in names and "/" in m} for n in names if "/" in n}
    floor: dict[str, int] = {}

    def depth(name: str, path: tuple[str, ...] = ()) -> int:
        if name not in floor:
            below = [depth(m, (*path, name)) for m in inside[name] if m not in path]
            floor[name] = 1 + max(below, default=-1)
        return floor[name]

    for name in sorted(inside):
        depth(name)
    tall = max(floor.values(), default=-1)
    rows = [sorted(n for n in inside if floor[n] == level) for level in range(tall, -1, -1)]
    return [*rows, sorted(n for n in names if "/" not in n)]


def arrows(names: frozenset[str], graph: Graph) -> list[tuple[str, str]]:
    """Who needs whom inside a package, without arrows that a longer way says already; the hall is left out, all need it."""
    inside = {n: {m for m in graph[n] if m in names and "/" in m} for n in names if "/" in n}

    def reach(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
        return {m for n in inside[name] - seen for m in {n} | reach(n, seen | {name, n})}

    return [
        (name, other)
        for name in sorted(inside)
        for other in sorted(inside[name])
        if not any(other in reach(between, frozenset({name})) for between in inside[name] - {other})
    ]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the picture, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def foot(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height

    @property
    def head(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y


def purpose(room: str) -> str:
    """The first sentence that a room says of itself."""
    file = ROOT / room / "__init__.py" if room != "app.py" else ROOT / room
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first = re.split(r"(?<=[.:])\s", " ".join(text.split()), maxsplit=1)[0]
    return first.replace("``", "`").rstrip(".:")


def members(room: str) -> list[str]:
    """The modules of a room."""
    if room == "app.py":
        return []
    return [p.stem for p in sorted((ROOT / room).glob("*.py")) if p.name not in {"__init__.py", "__main__.py"}]


def height(room: str) -> float:
    """Of a box: its name, and its modules two to a line."""
    return 30 + LINE * ((len(members(room)) + 1) // 2)


class Picture:
    """The drawing, band by band from the top."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.boxes, self.bands = graph, dict[str, Box](), dict[str, Box]()
        y = 16.0
        for band in BANDS:
            share = (WIDTH - 32 - GAP * (len(band) - 1)) / len(band)
            deep = max(self._band(package, 16 + i * (share + GAP), y, share) for i, package in enumerate(band))
            for package in band:
                box = self.bands[package]
                self.bands[package] = Box(box.x, box.y, box.width, deep)
            y += deep + 40
        self.height = y - 24

    def _band(self, package: str, x: float, y: float, width: float) -> float:
        names = frozenset(r for r in self.graph if r.split("/")[0] == package)
        rows = floors(names, self.graph) if package != "app.py" else [["app.py"]]
        top = y + 34
        for row in (part for floor in rows for part in _wrapped(floor, width)):
            left = x + (width - len(row) * (BOX + GAP) + GAP) / 2
            for i, room in enumerate(row):
                self.boxes[room] = Box(left + i * (BOX + GAP), top, BOX, height(room))
            top += max(height(room) for room in row) + 30
        self.bands[package] = Box(x, y, width, top - y - 14)
        return top - y - 14

    def svg(self) -> str:
        """The picture as text."""
        parts = [self._band_svg(package) for band in BANDS for package in band]
        parts += [self._between(above, below) for above, below in itertools.pairwise(BANDS)]
        parts += [_arrow(self.boxes[a].foot, self.boxes[b].head) for p in PACKAGES for a, b in self._inside(p)]
        parts += [self._room_svg(room, box) for room, box in sorted(self.boxes.items())]
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height:.0f}" font-family="sans-serif" role="img">\n'
            "<title>The rooms of the house and who needs whom; arrows point down</title>\n"
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>\n'
            f'<rect width="{WIDTH}" height="{self.height:.0f}" fill="#ffffff"/>\n'
        )
        return head + "\n".join(part for part in parts if part) + "\n</svg>\n"

    def _inside(self, package: str) -> list[tuple[str, str]]:
        return arrows(frozenset(r for r in self.graph if r.split("/")[0] == package), self.graph)

    def _band_svg(self, package: str) -> str:
        b = self.bands[package]
        return (
            f'<rect x="{b.x:.0f}" y="{b.y:.0f}" width="{b.width:.0f}" height="{b.height:.0f}" rx="10" fill="{COLOURS[package]}"/>'
            f'<text x="{b.x + 14:.0f}" y="{b.y + 23:.0f}" font-size="16" font-weight="bold" fill="#0f172a">{package}</text>'
        )

    def _between(self, above: tuple[str, ...], below: tuple[str, ...]) -> str:
        pairs = [
            (a, b) for a in above for b in below
            if any(r.split("/")[0] == a and any(n.split("/")[0] == b for n in needs) for r, needs in self.graph.items())
        ]  # fmt: skip
        drawn = []
        for a, b in pairs:
            x = max(self.bands[a].x, self.bands[b].x) + min(self.bands[a].width, self.bands[b].width) / 2
            drawn.append(_arrow((x, self.bands[a].y + self.bands[a].height), (x, self.bands[b].y), wide=True))
        return "\n".join(drawn)

    def _room_svg(self, room: str, box: Box) -> str:
        title = room.partition("/")[2] or ("web/studio.py" if room == "app.py" else "hall")
        lines = [
            f'<g><title>{escape(purpose(room))}</title><rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" '
            f'height="{box.height:.0f}" rx="6" fill="#ffffff" stroke="#94a3b8"/>',
            f'<text x="{box.x + 9:.0f}" y="{box.y + 19:.0f}" font-size="13.5" font-weight="bold" fill="#1e293b">{title}</text>',
        ]
        for i, name in enumerate(members(room)):
            x, y = box.x + 9 + (i % 2) * (box.width - 12) / 2, box.y + 36 + LINE * (i // 2)
            shown = name if len(name) <= 13 else name[:12] + "…"
            lines.append(f'<text x="{x:.0f}" y="{y:.0f}" font-size="10.5" fill="#475569">{shown}</text>')
        return "".join(lines) + "</g>"


def _wrapped(row: list[str], width: float) -> list[list[str]]:
    n = max(1, int((width - 20 + GAP) // (BOX + GAP)))
    return [row[i : i + n] for i in range(0, len(row), n)]


def _arrow(start: tuple[float, float], end: tuple[float, float], wide: bool = False) -> str:
    (x0, y0), (x1, y1) = start, end
    bend = max(18.0, abs(y1 - y0) / 2)
    return (
        f'<path d="M{x0:.0f} {y0:.0f}C{x0:.0f} {y0 + bend:.0f} {x1:.0f} {y1 - bend:.0f} {x1:.0f} {y1 - 1:.0f}" fill="none" '
        f'stroke="#64748b" stroke-width="{2.5 if wide else 1.1}" marker-end="url(#tip)"/>'
    )


def listing(graph: Graph) -> str:
    """The rooms as a table: what each is for, and which rooms it needs."""
    lines = ["| room | what it is for | needs |", "|---|---|---|"]
    for package in ("app.py", *PACKAGES):
        for room in sorted(r for r in graph if r.split("/")[0] == package):
            needs = ", ".join(f"`{n}`" for n in sorted(graph[room]))
            lines.append(f"| `{room}` | {purpose(room)} | {needs or '–'} |")
    return "\n".join(lines)


def page(graph: Graph) -> str:
    """``docs/architecture.md`` with today's table."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{head}{BEGIN}\n{listing(graph)}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """Writes picture and table; with ``--check`` 1 where they are old."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    graph = rooms()
    wanted = {PICTURE: Picture(graph).svg(), PAGE: page(graph)}
    old = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if not options.check:
        for path in old:
            path.write_text(wanted[path], encoding="utf-8")
    print("\n".join(f"{'old' if options.check else 'written'}: {path.relative_to(ROOT)}" for path in old) or "as it is")
    return int(options.check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
