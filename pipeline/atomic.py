"""Files are written beside their final name and take it when they are whole; what the system says of a failed write is mapped here."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import DiskFull, Forbidden, ToolError


@contextlib.contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A path next to ``target``, of the same suffix and this block's alone, that takes its name when the block ends well and disappears
    when it does not."""
    part = target.with_name(f".{target.stem[:80]}.{secrets.token_hex(4)}.part{target.suffix}")
    try:
        yield part
        if part.is_file():
            os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def write_bytes(target: Path, data: bytes) -> Path:
    """``data`` as a file that is never seen half written."""
    with beside(target) as part:
        part.write_bytes(data)
    return target


def write_text(target: Path, text: str) -> Path:
    """``text`` in UTF-8 as a file that is never seen half written."""
    return write_bytes(target, text.encode("utf-8"))


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what the system says about a file that cannot be written into our errors."""
    import av.error

    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        if number in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(detail=str(error), needed=0, free=0) from error
        if number in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise Forbidden("error.not_writable", name=str(path.parent)) from error
        raise ToolError(detail=f"{path}: {error}") from error
