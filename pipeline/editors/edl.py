"""CMX 3600: the list that every editor reads."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from pipeline.editors.timecode import DROP_FRAME, timecode_of
from pipeline.editors.values import Handover, file_name, placed


def to_edl(given: Handover) -> str:
    """Every cut as picture and sound; other speeds as M2; source names as comments, markers as locators.

    Cross-fades are not part of a list that every editor reads the same way: joins are written as cuts.
    """
    fps = given.fps
    lines = [f"TITLE: {_ascii(given.name.upper() if given.name == 'timeline' else given.name)[:70]}"]
    lines.append("FCM: DROP FRAME" if fps == DROP_FRAME else "FCM: NON-DROP FRAME")
    cuts = placed(given)
    for number, one in enumerate(cuts, 1):
        length = round(Fraction(one.length) / Fraction(one.cut.rate))
        source = (timecode_of(one.first, fps), timecode_of(one.first + length, fps))
        record = (timecode_of(one.at, fps), timecode_of(one.end, fps))
        lines.append(f"{number % 1000:03d}  AX       AA/V  C        {' '.join((*source, *record))}")
        if abs(one.cut.rate - 1.0) > 1e-9:
            lines.append(f"M2   AX       {float(fps) / one.cut.rate:05.1f}                {source[0]}")
        lines.append(f"* FROM CLIP NAME: {_ascii(file_name(one.cut))}")
        for marker in given.markers:
            if one.at <= given.frame(marker.at) < one.end:
                lines.append(f"* LOC: {timecode_of(given.frame(marker.at), fps)} YELLOW  {_ascii(marker.name)[:60]}")
    return "\n".join(lines) + "\n"


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^\x20-\x7e]", " ", plain).strip() or "CLIP"
