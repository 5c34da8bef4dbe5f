"""A dictionary as a file of sorted lines, ``spelling<TAB>lemma``: opened at once, searched where it lies, shared by all processes."""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path

BLOCK = 1 << 14
"""Bytes that are searched as a whole once the block of a spelling is known: four microseconds."""


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
        self._begins: list[int] = []
        self._first: list[bytes] = []

    def __getitem__(self, spelling: str) -> str:
        text, wanted = self._text, spelling.encode("utf-8", "surrogatepass")
        if not self._first:
            self._divide()
        block = bisect_right(self._first, wanted) - 1
        if block >= 0:
            begin, end = self._begins[block], self._begins[block + 1]
            if self._first[block] != wanted:
                begin = text.find(b"\n%s\t" % wanted, begin, end) + 1
            if begin or (block == 0 and self._first[0] == wanted):
                return text[begin + len(wanted) + 1 : text.find(b"\n", begin, end)].decode()
        raise KeyError(spelling)

    def _divide(self) -> None:
        """Where blocks begin, each with a line, and the spelling it begins with."""
        text = self._text
        begins = [0]
        while (cut := text.find(b"\n", begins[-1] + BLOCK) + 1) and cut < len(text):
            begins.append(cut)
        self._first = [text[begin : text.find(b"\t", begin)] for begin in begins] if len(text) else [b""]
        self._begins = [*begins, len(text)]

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
