"""Subtitles that are pictures, as packets: which show something until when, and the packet that clears the screen. Pure.

PGS (Blu-ray, US 2009/0185789 A1), SPU (DVD, "VobSub") and DVB (ETSI EN 300 743) as libav hands them on: whole display sets without the
headers of their containers. Nothing is recognised or drawn anew; packets are moved, and where a packet needs what an earlier one
defined that is no longer there, it brings that along.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

PGS, SPU, DVB = "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"
NAMES: Mapping[str, str] = {"pgssub": PGS, "dvdsub": SPU, "dvbsub": DVB, PGS: PGS, SPU: SPU, DVB: DVB}
"""The codec by any of the names that FFmpeg gives it."""
LONGEST = 10.0
"""Seconds that a picture is shown where nothing says when it ends."""
TICK = 1024 / 90000
"""Seconds of a unit of an SPU's dates."""
_PDS, _ODS, _PCS, _WDS, _END = 0x14, 0x15, 0x16, 0x17, 0x80
_EPOCH = 0x80
_PAGE, _DISPLAY_END = 0x10, 0x80


@dataclass(frozen=True, slots=True)
class Shown:
    """A packet at ``start`` seconds that shows a picture until ``end``."""

    start: float
    end: float
    data: bytes


Packets = Sequence[tuple[float, float, bytes]]
"""(time, duration or 0, data) in order of time."""


def shown_of(codec: str, packets: Packets) -> tuple[Shown, ...]:
    """Every picture with its end: where the packet says so, else where the next packet replaces or clears it."""
    shows, ends = _READERS[codec]
    whole = _self_contained(packets) if codec == PGS else packets
    out = []
    for n, (start, duration, data) in enumerate(whole):
        if not shows(data):
            continue
        end = ends(start, duration, data)
        following = whole[n + 1][0] if n + 1 < len(whole) else start + LONGEST
        out.append(Shown(start, min(following, end) if end > start else min(following, start + LONGEST), data))
    return tuple(cue for cue in out if cue.end > cue.start)


def cleared(codec: str, data: bytes) -> bytes:
    """The packet that takes away what ``data`` shows; empty where a packet says by itself when it ends (SPU)."""
    if codec == PGS:
        return _pgs_clear(data)
    return _dvb_clear(data) if codec == DVB else b""


def paced(codec: str, data: bytes, rate: float) -> bytes:
    """``data`` with the times inside it (only SPUs have such) ``rate`` times as long."""
    return _spu_paced(data, rate) if codec == SPU and rate != 1.0 else data


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """(type, body) of a PGS display set; what is broken off is left out."""
    out, at = [], 0
    while at + 3 <= len(data):
        kind, size = data[at], int.from_bytes(data[at + 1 : at + 3], "big")
        if at + 3 + size > len(data):
            break
        out.append((kind, data[at + 3 : at + 3 + size]))
        at += 3 + size
    return out


def _joined(parts: Sequence[tuple[int, bytes]]) -> bytes:
    return b"".join(bytes([kind]) + len(body).to_bytes(2, "big") + body for kind, body in parts)


def _composition(data: bytes) -> bytes:
    return next((body for kind, body in segments(data) if kind == _PCS and len(body) >= 11), b"")


def _pgs_shows(data: bytes) -> bool:
    found = _composition(data)
    return bool(found) and found[10] > 0


def _self_contained(packets: Packets) -> list[tuple[float, float, bytes]]:
    """PGS packets that need nothing of those before them: each with the palettes and pictures that it uses, as an epoch's start."""
    known: dict[tuple[int, int], list[bytes]] = {}
    out = []
    for start, duration, data in packets:
        parts = segments(data)
        found = _composition(data)
        if found and found[7] == _EPOCH:
            known = {}
        fresh: set[tuple[int, int]] = set()
        for kind, body in parts:
            key = _defined(kind, body)
            if key is None:
                continue
            if key not in fresh:
                known[key] = []
            fresh.add(key)
            known[key].append(body)
        if found and found[10] > 0 and found[7] != _EPOCH:
            screen = found[:7] + bytes([_EPOCH, 0]) + found[9:]
            windows = [(k, b) for k, b in parts if k == _WDS]
            needed = [(key[0], body) for key, bodies in sorted(known.items()) for body in bodies]
            data = _joined([(_PCS, screen), *windows, *needed, (_END, b"")])
        out.append((start, duration, data))
    return out


def _defined(kind: int, body: bytes) -> tuple[int, int] | None:
    """What a segment defines: a palette by its number, a picture by its number."""
    if kind == _PDS and body:
        return kind, body[0]
    return (kind, int.from_bytes(body[:2], "big")) if kind == _ODS and len(body) >= 2 else None


def _pgs_clear(data: bytes) -> bytes:
    found = _composition(data)
    number = (int.from_bytes(found[5:7], "big") + 1) & 0xFFFF
    screen = found[:5] + number.to_bytes(2, "big") + bytes([0, 0]) + found[9:10] + b"\0"
    windows = [(kind, body) for kind, body in segments(data) if kind == _WDS]
    return _joined([(_PCS, screen), *windows, (_END, b"")])


def _sequences(data: bytes) -> list[tuple[int, int]]:
    """(offset, date) of every control sequence of an SPU."""
    if len(data) < 4:
        return []
    out: list[tuple[int, int]] = []
    at = int.from_bytes(data[2:4], "big")
    while at + 4 <= len(data) and at not in {a for a, _ in out}:
        date, following = struct.unpack(">HH", data[at : at + 4])
        out.append((at, date))
        at = following
    return out


_LENGTHS = {0x00: 0, 0x01: 0, 0x02: 0, 0x03: 2, 0x04: 2, 0x05: 6, 0x06: 4}
"""Bytes of arguments of an SPU's commands."""


def _commands(data: bytes, at: int) -> list[int]:
    out, place = [], at + 4
    while place < len(data) and data[place] != 0xFF and data[place] in _LENGTHS:
        out.append(data[place])
        place += 1 + _LENGTHS[data[place]]
    return out


def _spu_end(start: float, duration: float, data: bytes) -> float:
    stops = [date for at, date in _sequences(data) if 0x02 in _commands(data, at)]
    return start + (stops[0] * TICK if stops else duration)


def _spu_shows(data: bytes) -> bool:
    return any({0x00, 0x01} & set(_commands(data, at)) for at, _ in _sequences(data))


def _spu_paced(data: bytes, rate: float) -> bytes:
    out = bytearray(data)
    for at, date in _sequences(data):
        out[at : at + 2] = min(0xFFFF, round(date * rate)).to_bytes(2, "big")
    return bytes(out)


def _dvb_segments(data: bytes) -> list[tuple[int, int, bytes]]:
    """(type, page, body) of a DVB display set."""
    out, at = [], 0
    while at + 6 <= len(data) and data[at] == 0x0F:
        size = int.from_bytes(data[at + 4 : at + 6], "big")
        out.append((data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big"), data[at + 6 : at + 6 + size]))
        at += 6 + size
    return out


def _dvb_shows(data: bytes) -> bool:
    return any(kind == _PAGE and len(body) > 2 for kind, _, body in _dvb_segments(data))


def _dvb_clear(data: bytes) -> bytes:
    """The same page without regions: its timeout, the next version, state "normal"."""
    page, body = next((p, b) for kind, p, b in _dvb_segments(data) if kind == _PAGE)
    version = ((body[1] >> 4) + 1) & 0x0F
    empty = bytes([body[0], version << 4 | 0x03])

    def segment(kind: int, inside: bytes) -> bytes:
        return bytes([0x0F, kind]) + page.to_bytes(2, "big") + len(inside).to_bytes(2, "big") + inside

    return segment(_PAGE, empty) + segment(_DISPLAY_END, b"")


def _dvb_end(start: float, duration: float, data: bytes) -> float:
    """After the page's timeout at the latest."""
    body = next((b for kind, _, b in _dvb_segments(data) if kind == _PAGE), b"\0")
    return start + (duration or float(body[0]) or LONGEST)


def _replaced(start: float, duration: float, data: bytes) -> float:
    """A PGS picture stays until another packet."""
    return float("inf")


_READERS: Mapping[str, tuple[Callable[[bytes], bool], Callable[[float, float, bytes], float]]] = {
    PGS: (_pgs_shows, _replaced),
    SPU: (_spu_shows, _spu_end),
    DVB: (_dvb_shows, _dvb_end),
}
