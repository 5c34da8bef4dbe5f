"""What went wrong when ffmpeg fails, from its own words: a table of signs, each with a message that says what to do."""

from __future__ import annotations

import re

KILLED = -9
"""Exit code of a process the system ended: out of memory, nearly always."""
SIGNS: tuple[tuple[str, str], ...] = (
    (r"time limit", "error.ffmpeg.time_limit"),
    (r"too many open files", "error.ffmpeg.many_files"),
    (r"nvenc|nvcuda|cuda|no capable devices found|\bhwaccel\b|vaapi", "error.ffmpeg.card"),
    (r"cannot allocate memory|out of memory|bad_alloc", "error.ffmpeg.memory"),
    (r"file too large|file size limit", "error.ffmpeg.file_size"),
    (r"read-only file system|permission denied|operation not permitted", "error.ffmpeg.not_writable"),
    (r"input/output error|stale file handle|transport endpoint is not connected", "error.ffmpeg.disk"),
    (r"no such file or directory", "error.ffmpeg.gone"),
    (r"not on whitelist|not in whitelist|protocol not found", "error.ffmpeg.foreign"),
    (r"unknown encoder|encoder .{0,40}not found|no such filter|unrecognized option|option not found", "error.ffmpeg.incomplete"),
    (r"codec not currently supported in container|could not find tag for codec|incorrect codec parameters", "error.ffmpeg.container"),
    (r"decoder .{0,60}not found|unknown decoder|no decoder|unsupported codec|codec .{0,20}is not supported", "error.ffmpeg.codec"),
    (r"non.monoton|timestamps are unset|non-increasing|can't write packet with unknown timestamp|: [-.\d]+ after [-.\d]+$",
     "error.ffmpeg.clock"),
    (r"picture size .{0,30}is invalid|not divisible by|max_pixels|invalid frame dimensions", "error.ffmpeg.picture_size"),
    (r"moov atom not found|invalid data found|ebml header|end of file|partial file|could not find codec parameters|"
     r"error while decoding|header missing|truncat", "error.ffmpeg.damaged"),
    (r"^the result|streams without packets|streams \{", "error.ffmpeg.unproven"),
)  # fmt: skip
"""(sign in ffmpeg's log, letters of any size; message), the more telling first: a card's failure may also be out of memory."""


def reason(log: str, code: int = 1) -> str:
    """The message for a failure with this ``log`` and exit ``code``; ``error.ffmpeg_failed`` where nothing is recognised."""
    if code == KILLED:
        return "error.ffmpeg.memory"
    found = (key for sign, key in SIGNS if re.search(sign, log, re.IGNORECASE | re.MULTILINE))
    return next(found, "error.ffmpeg_failed")
