"""How often credentials may be wrong: what slows a guesser down and never locks out who knows the password.

A wrong password counts against its account at the address that sent it (:data:`AT_ONE_ADDRESS`) and against the account wherever it
comes from (:data:`IN_ALL`). Over one of these the answer is 429 without saying whether this guess was right. Requests without
credentials count nothing, nor do other accounts. Credentials that were right from an address before pass always: nobody else's
guessing locks their owner out; who signs in for the first time from where the account is being guessed waits until that ends.
Independent of ``RATE_LIMIT``.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

AT_ONE_ADDRESS, IN_ALL = parse("20/minute"), parse("200/minute")
BUCKETS = 4096
"""Accounts are counted in so many groups: unknown names cost no memory, and behave as known ones do."""
REMEMBERED = 4096
"""Pairs of address and credentials that were right, the longest unused forgotten first."""


class Guesses:
    """Counts wrong credentials; used by the event loop alone."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._right: OrderedDict[str, None] = OrderedDict()

    def wait(self, address: str, account: str, credentials: str) -> int:
        """Seconds until these credentials are looked at; 0 for at once."""
        mark = _mark(address, credentials)
        if mark in self._right:
            self._right.move_to_end(mark)
            return 0
        for limit, key in _counters(address, account):
            if not self._window.test(limit, key):
                return max(1, round(self._window.get_window_stats(limit, key).reset_time - time.time()))
        return 0

    def wrong(self, address: str, account: str) -> None:
        """These credentials were wrong."""
        for limit, key in _counters(address, account):
            self._window.hit(limit, key)

    def right(self, address: str, credentials: str) -> None:
        """These were right: they pass from now on."""
        self._right[_mark(address, credentials)] = None
        while len(self._right) > REMEMBERED:
            self._right.popitem(last=False)

    def forget(self) -> None:
        """Start anew."""
        self._window.storage.reset()
        self._right.clear()


def _counters(address: str, account: str) -> tuple[tuple[RateLimitItem, str], ...]:
    group = str(int.from_bytes(hashlib.blake2b(account.encode(), digest_size=4).digest(), "big") % BUCKETS)
    return (AT_ONE_ADDRESS, f"{address} {group}"), (IN_ALL, group)


def _mark(address: str, credentials: str) -> str:
    return hashlib.blake2b(f"{address} {credentials}".encode(), digest_size=16).hexdigest()
