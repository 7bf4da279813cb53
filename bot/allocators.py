"""How this process allocates memory: told before anything that allocates much is imported, or a thread is started."""

import ctypes
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


def choose() -> None:
    """For this process and those that it starts, unless the environment says otherwise."""
    if sys.platform != "linux":
        return
    os.environ.setdefault(*ARROW)
    name, count = HEAPS
    glibc = ctypes.CDLL(None)
    if name not in os.environ and hasattr(glibc, "mallopt"):  # other libraries of C have it not, and need it not
        glibc.mallopt(_M_ARENA_MAX, int(count))
    os.environ.setdefault(name, count)
