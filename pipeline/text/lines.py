"""A dictionary as a file of sorted lines, ``spelling<TAB>lemma``: opened at once, searched where it lies, shared by all processes."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path

MANY = 20000
"""Questions from which on all lines are read into memory: a search costs some twenty microseconds, reading all half a second."""


def write_lines(table: Mapping[str, str], target: Path) -> None:
    """Writes ``table``, none of whose texts holds a tab or a line end, in the order of its spellings in UTF-8."""
    lines = sorted((spelling.encode(), lemma.encode()) for spelling, lemma in table.items())
    target.write_bytes(b"".join(b"%s\t%s\n" % line for line in lines))


class Lines(Mapping[str, str]):
    """The table that :func:`write_lines` wrote."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as stream:
            empty = file.stat().st_size == 0  # which cannot be mapped
            self._text = b"" if empty else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self._asked = 0
        self._all: dict[str, str] = {}

    def __getitem__(self, spelling: str) -> str:
        if self._asked >= MANY:
            self._all = self._all or dict(self.pairs())
            return self._all[spelling]
        self._asked += 1
        wanted, text = spelling.encode("utf-8", "surrogatepass"), self._text
        low, high = 0, len(text)  # both at the beginning of a line, or at the end of all
        while low < high:
            begin = text.rfind(b"\n", low, (low + high) // 2) + 1 or low
            tab = text.find(b"\t", begin, high)
            end = text.find(b"\n", tab, high)
            found = text[begin:tab]
            if found == wanted:
                return text[tab + 1 : end].decode()
            low, high = (end + 1, high) if found < wanted else (low, begin)
        raise KeyError(spelling)

    def __iter__(self) -> Iterator[str]:
        return (spelling for spelling, _ in self.pairs())

    def __len__(self) -> int:
        return self._text[:].count(b"\n")

    def __bool__(self) -> bool:
        return len(self._text) > 0

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every spelling and its lemma, in order."""
        for line in self._text[:].decode().split("\n")[:-1]:
            spelling, _, lemma = line.partition("\t")
            yield spelling, lemma
