"""The result as a text that reads the same in a terminal and as Markdown."""

import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import lxml.etree
import pyarrow as pa

from tests.bench.figures import Bar, Result, Table

_INTRODUCTION = """\
Ratios only can be compared between machines: each is ours to the peer's, of medians, and both sides took turns in every
round. Ours is timed by the events of real runs, from started to completed and durable, without the start of the
process, which stands in the tables below the bars; the peer's time is that of its command. In the first round both
results were compared, row by row and byte by byte. Exports and files come from generators; MB are 10^6 bytes.
"""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A subject's result, and how long it took to get it."""

    name: str
    result: Result
    seconds: float


def report(command: str, rounds: int, subjects: Sequence[Measured]) -> str:
    head = (
        "# Speed and memory",
        "",
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, rounds: {rounds}.",
        "",
        f"{machine()}.",
        "",
        _INTRODUCTION,
    )
    bars = [bar for one in subjects for bar in one.result.bars]
    lines = [*head, *_lines(_bars(sorted(bars, key=_order)))]
    for one in subjects:
        lines += [f"## {one.name}", "", f"Took {one.seconds / 60:.1f} minutes.", ""]
        for table in one.result.tables:
            lines += _lines(table)
    return "\n".join(lines)


def _order(bar: Bar) -> tuple[int, str]:
    digits = bar.number.rstrip("b")
    return int(digits), bar.number


def _bars(bars: Sequence[Bar]) -> Table:
    return Table(
        head=("bar", "what", "measured", "bar is", "reach", "met", "medians (least to most)"),
        rows=[
            (
                one.number,
                one.what,
                f"{one.value:.3g}" + ("" if one.peer else f" {one.unit}"),
                f"≤ {one.limit:g}",
                f"{one.reach:g}",
                "yes" if one.good else "NO",
                one.details,
            )
            for one in bars
        ],
    )


def _lines(table: Table) -> Iterator[str]:
    widths = [max(len(row[index]) for row in (table.head, *table.rows)) for index in range(len(table.head))]
    for row in (table.head, ["-" * width for width in widths], *table.rows):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
    yield ""


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libxml2 = ".".join(map(str, lxml.etree.LIBXML_VERSION))
    return (
        f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {memory:.0f} GiB, {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}, pyarrow {pa.__version__}, libxml2 {libxml2},"
        f" SQLite of Python {sqlite3.sqlite_version}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
