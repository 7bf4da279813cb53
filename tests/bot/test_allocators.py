"""What a restore needs of memory does not grow with its parts: that is the allocators' doing."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from bot import allocators

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's own choice is left alone")
ARROW, HEAPS = allocators.ARROW[0], allocators.HEAPS[0]
BEGIN = """
import sys
from bot.__main__ import main
assert "pyarrow" not in sys.modules, "too early: it has chosen already"
sys.argv = ["restorebot", "app", "--help"]
try:
    main()
except SystemExit:
    pass
"""


def said(program: str, chosen: Mapping[str, str]) -> str:
    around = {name: value for name, value in os.environ.items() if name not in (ARROW, HEAPS)}
    ran = subprocess.run(
        [sys.executable, "-c", BEGIN + program], env={**around, **chosen}, check=True, capture_output=True, text=True
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.parametrize(("chosen", "used"), [({}, "jemalloc"), ({ARROW: "system"}, "system")])
def test_arrow_allocates_as_it_should_unless_somebody_says_otherwise(chosen: Mapping[str, str], used: str) -> None:
    program = "import pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    assert said(program, chosen).splitlines()[-1] == used


def test_python_does_not_look_through_a_commands_own_code_for_garbage() -> None:
    program = "import gc; print(gc.get_freeze_count(), len(gc.get_objects()), *gc.get_threshold())"
    left_out, looked_through, *threshold = map(int, said(program, {}).splitlines()[-1].split())
    assert tuple(threshold) == allocators.LOOKS
    assert left_out > 10 * looked_through


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="this library of C has no heaps of threads")
@pytest.mark.parametrize(("chosen", "heaps"), [({}, int(allocators.HEAPS[1])), ({HEAPS: "3"}, 3)])
def test_threads_share_heaps_unless_somebody_says_otherwise(chosen: Mapping[str, str], heaps: int) -> None:
    program = """
import ctypes
import threading

together = threading.Barrier(8)
threads = [threading.Thread(target=lambda: (together.wait(), bytearray(1_000), together.wait())) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
glibc = ctypes.CDLL(None)
glibc.malloc_info(0, ctypes.c_void_p.in_dll(glibc, "stdout"))
glibc.fflush(None)
"""
    assert said(program, chosen).count("<heap ") == heaps
