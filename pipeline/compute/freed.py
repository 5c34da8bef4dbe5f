"""Memory that was freed goes back to the system.

The C library keeps what a job's threads have freed, in as many heaps as there were threads at once, for the next one: after
some jobs a service held 900 MB of which it used 600, and the figure crept up whenever a heap was cut up differently. Nothing
leaks; but who looks at a service, and a limit of its container, sees only what is held.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable


def give_back() -> None:
    """Returns what the C library keeps of freed memory; does nothing where it has no such call (only glibc has)."""
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], object]:
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows has no global one
        return lambda _: None
    return trim
