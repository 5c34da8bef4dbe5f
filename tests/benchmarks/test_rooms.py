"""The picture of the house shows every room, and arrows only where there are imports."""

from __future__ import annotations

import re

from benchmarks import ROOT, rooms
from tests.test_layering import FILES, PACKAGES, arrows, module_of, name


def real() -> dict[str, set[str]]:
    """Rooms with the rooms they need, as the layering test reads them."""
    known = {module_of(f): rooms.room_of(module_of(f)) for f in FILES if f.name != "__init__.py"}
    found: dict[str, set[str]] = {room: set() for room in known.values()}
    for file in (f for f in FILES if f.name != "__init__.py"):
        found[known[module_of(file)]] |= {known[m] for m in arrows(file) if m in known}
    return {room: needs - {room} for room, needs in found.items()}


def test_page_and_picture_show_every_room() -> None:
    wanted = {f.parent.relative_to(ROOT).as_posix() for f in FILES if name(f) != "app.py"} | {"app.py"}
    page = rooms.PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([\w/.]+)` \| ", page.partition(rooms.BEGIN)[2], re.MULTILINE)) == wanted
    drawn = set(re.findall(r'font-weight="bold" fill="#1e293b">([^<]+)<', rooms.PICTURE.read_text(encoding="utf-8")))
    halls = {*PACKAGES, "app.py"}
    assert drawn >= {room.partition("/")[2] for room in wanted - halls}
    assert "python -m benchmarks.rooms" in page


def test_the_graph_is_that_of_the_imports() -> None:
    drawn, imports = rooms.rooms(), real()
    assert drawn.keys() == imports.keys()
    for room, needs in drawn.items():
        assert needs <= imports[room], room  # the layering test also counts names in strings


def test_everybody_stands_above_whom_he_needs() -> None:
    graph = {
        "p/a": frozenset({"p/b", "p/c"}),
        "p/b": frozenset({"p/c"}),
        "p/c": frozenset[str](),
        "p": frozenset({"p/a"}),
    }
    assert rooms.floors(frozenset(graph), graph) == [["p/a"], ["p/b"], ["p/c"], ["p"]]
    assert rooms.arrows(frozenset(graph), graph) == [("p/a", "p/b"), ("p/b", "p/c")]


def test_every_room_and_module_has_its_place_inside_the_picture() -> None:
    picture = rooms.Picture(rooms.rooms())
    for room, box in picture.boxes.items():
        band = picture.bands[room.split("/")[0]]
        assert band.x <= box.x
        assert box.x + box.width <= band.x + band.width
        assert band.y <= box.y
        assert box.y + box.height <= band.y + band.height
    boxes = list(picture.boxes.values())
    for i, one in enumerate(boxes):
        for two in boxes[i + 1 :]:
            beside = one.x + one.width <= two.x or two.x + two.width <= one.x
            assert beside or one.y + one.height <= two.y or two.y + two.height <= one.y
    text = picture.svg()
    assert all(
        f">{module.rsplit('.', 1)[-1][:12]}" in text
        for module in rooms.modules()
        if module.count(".") > 1 and not module.endswith("__main__")
    )
