"""The result as a text that reads the same in a terminal and as Markdown."""

import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import lxml.etree
import pyarrow as pa

from tests.bench.figures import RATED, Bar, Measured, Values


def report(command: str, rounds: int, kinds: Sequence[tuple[Sequence[Measured], Sequence[Bar]]]) -> str:
    return (
        "\n".join([*_head(command, rounds), *_bars([bar for _, bars in kinds for bar in bars]), *_rates(kinds)]) + "\n"
    )


def _head(command: str, rounds: int) -> Iterator[str]:
    yield "# Speed and memory"
    yield ""
    yield f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, rounds: {rounds}, both sides of a ratio in turns in each."
    yield ""
    yield f"{machine()}."
    yield ""
    yield (
        "Only ratios are comparable between machines. Exports come from `core/samples` and hold no attachments; MB are"
        " 10^6 bytes. Imports and restores are runs of the real command line, timed by the events of the run, from"
        " started to the end of the step named; what was restored was verified by the restore itself."
    )
    yield ""


def _bars(bars: Sequence[Bar]) -> Iterator[str]:
    rows = [
        (
            one.number,
            one.what,
            f"{one.value:.3g}",
            f"≤ {one.limit:g}",
            f"{one.reach:g}",
            "yes" if one.good else "NO",
            one.details,
        )
        for one in bars
    ]
    yield from _table(("bar", "what", "measured", "bar is", "reach", "met", "medians (least to most)"), rows)


def _rates(kinds: Sequence[tuple[Sequence[Measured], Sequence[Bar]]]) -> Iterator[str]:
    rows = []
    for measured, _ in kinds:
        for one in measured:
            journey = one.journeys[0]
            for step in RATED:
                seconds = one.seconds(step)
                rows.append(
                    (
                        one.sample.name,
                        step,
                        str(seconds),
                        f"{one.rows(step) / seconds.middle:,.0f}",
                        f"{journey.megabytes / seconds.middle:.1f}",
                        str(one.peak("import" if step == "import" else "restore")),
                    )
                )
            rows.append((one.sample.name, "verified → published, synced", str(one.seconds("durable")), "", "", ""))
            outside = Values(tuple(journey.outside for journey in one.journeys))
            rows.append((one.sample.name, "both processes outside these", str(outside), "", "", ""))
    yield from _table(("export (MB of XML)", "step", "seconds", "rows/s", "MB/s", "peak PSS of the command, MB"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[index]) for row in (head, *rows)) for index in range(len(head))]
    for row in (head, ["-" * width for width in widths], *rows):
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
