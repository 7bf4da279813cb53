"""How this process allocates memory, and how often it looks for what nobody holds any more: told before anything that
allocates much is imported, or a thread is started."""

import ctypes
import gc
import os
import sys
from typing import Final

#: How Arrow allocates, read when it is first imported. Its own choice takes a fifth more memory for a restore, and a
#: third more time of the kernel, which clears huge pages of which little is used. Builds for Linux have this one.
ARROW: Final = ("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
#: How many heaps there are for all else. Left alone, glibc makes one for each thread, and each keeps what is free
#: between blocks in use: with 3 GB more than the restore itself needs, and more with each part. Restores by two slots
#: were not slower with two.
HEAPS: Final = ("MALLOC_ARENA_MAX", "2")
_M_ARENA_MAX: Final = -8  # malloc.h
#: How many new objects there are before Python looks among them for cycles that nobody holds, and how many such looks
#: before one at what is older. Cycles are rare here. At its own 700 the looks were a tenth of a restore's processor
#: time.
LOOKS: Final = (50_000, 20, 20)


def choose() -> None:
    """For this process and, but for the looks, those that it starts, unless the environment says otherwise."""
    gc.set_threshold(*LOOKS)
    if sys.platform != "linux":
        return
    os.environ.setdefault(*ARROW)
    name, count = HEAPS
    glibc = ctypes.CDLL(None)
    if name not in os.environ and hasattr(glibc, "mallopt"):  # other libraries of C have it not, and need it not
        glibc.mallopt(_M_ARENA_MAX, int(count))
    os.environ.setdefault(name, count)
