"""Memory that was freed goes back to the system.

The C library keeps what a job's threads have freed, in as many heaps as there were threads at once, for the next one: after
some jobs a service held 900 MB of which it used 600, and the figure crept up whenever a heap was cut up differently. Nothing
leaks; but who looks at a service, and a limit of its container, sees only what is held. So there are no more heaps than cores, and
what is free is given back between jobs. (A fixed limit from which arrays are given back at once costs a third more processor.)
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable

M_ARENA_MAX = -8
"""The number of glibc's parameter (``malloc.h``)."""


def few_heaps() -> None:
    """No more heaps than cores from now on; does nothing where the C library is not glibc."""
    _call("mallopt")(M_ARENA_MAX, os.cpu_count() or 1)


def give_back() -> None:
    """Returns what the C library keeps of freed memory; does nothing where it has no such call (only glibc has)."""
    _call("malloc_trim")(0)


@functools.cache
def _call(name: str) -> Callable[..., object]:
    try:
        found: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # another C library; Windows has no global one
        return lambda *_: None
    return found
