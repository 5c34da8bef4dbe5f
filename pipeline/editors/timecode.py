"""Counting frames as editors do."""

from __future__ import annotations

from fractions import Fraction

NTSC_RATES = {Fraction(24000, 1001): 24, Fraction(30000, 1001): 30, Fraction(60000, 1001): 60}
DROP_FRAME = Fraction(30000, 1001)


def nominal(fps: Fraction) -> int:
    """The counting base of a timecode: 30 for 29.97."""
    return NTSC_RATES.get(fps, round(fps))


def timecode(seconds: float, fps: Fraction) -> str:
    """SMPTE 12M timecode of the frame shown at ``seconds``; drop-frame (``;``) for 29.97 only."""
    return timecode_of(max(0, round(Fraction(seconds) * fps)), fps)


def timecode_of(frame: int, fps: Fraction) -> str:
    """SMPTE 12M timecode of a frame."""
    base = nominal(fps)
    if fps == DROP_FRAME:
        # Two numbers are left out every minute but the tenth: 17982 frames in ten minutes, 1798 in a minute.
        tens, rest = divmod(frame, 17982)
        frame += 18 * tens + (2 * ((rest - 2) // 1798) if rest > 1 else 0)
    point = ";" if fps == DROP_FRAME else ":"
    hours, minutes, secs = frame // (3600 * base) % 24, frame // (60 * base) % 60, frame // base % 60
    return f"{hours:02d}:{minutes:02d}:{secs:02d}{point}{frame % base:02d}"


def rational(frame: int | Fraction, fps: Fraction) -> str:
    """Seconds of ``frame`` as FCPXML writes them: ``1001/30000s``, ``0s``."""
    seconds = Fraction(frame) / fps
    return f"{seconds.numerator}s" if seconds.denominator == 1 else f"{seconds.numerator}/{seconds.denominator}s"
