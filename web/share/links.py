"""A link to one file of one job: what it names and until when stand in it, and a mark that only this service can make.

``<job>.<end>.<path>.<mark>``: 32 hexadecimal digits, seconds since the epoch in hexadecimal, the file's path in the job's folder and
HMAC-SHA256 of all before it, both base64url without padding. Nothing is kept: a link ends with its time, its job, its file, the
setting or the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from dataclasses import dataclass

from pipeline.errors import NotFound
from pipeline.settings import Settings
from web.guard.security import secret_key

DAY = 24 * 3600
LONGEST = 1500
"""Characters of a link's name; a longer one is not looked at."""
_FORM = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")


class NoLink(NotFound):
    """A link that is over, was changed, or never was one. All the same to whoever asks."""

    code = "error.link_over"


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link names; ``until`` in seconds since the epoch."""

    job: str
    path: str
    until: int


def signed(settings: Settings, job: str, path: str) -> tuple[str, int]:
    """The link's name for ``path`` in the folder of ``job``, and until when it holds. ``settings.share_days`` is over 0."""
    until = int(time.time() + settings.share_days * DAY)
    body = f"{job}.{until:x}.{_text(path.encode())}"
    return f"{body}.{_mark(settings, body)}", until


def opened(settings: Settings, name: str) -> Shared:
    """What the link called ``name`` names.

    Raises:
        NoLink: it is over or not one of ours, or links are off.
    """
    match = _FORM.fullmatch(name) if len(name) <= LONGEST else None
    if match is None or not settings.share_days:
        raise NoLink()
    body, mark = name.rpartition(".")[::2]
    if not hmac.compare_digest(mark, _mark(settings, body)) or int(match[2], 16) < time.time():
        raise NoLink()
    try:
        path = base64.urlsafe_b64decode(match[3] + "=" * (-len(match[3]) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NoLink() from error
    return Shared(match[1], path, int(match[2], 16))


def _mark(settings: Settings, body: str) -> str:
    key = hmac.digest(secret_key(settings), b"share", hashlib.sha256)  # no mark of anything else can be one of a link
    return _text(hmac.digest(key, body.encode(), hashlib.sha256))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
