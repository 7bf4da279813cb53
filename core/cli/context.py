"""What every command shares: the engine, who acts, and how results and errors are shown."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.engine import Engine, build_engine
from core.errors import RestorebotError, SettingError
from core.settings import load_settings

#: Exit statuses. 2 is also what Typer gives for words it does not know.
COMPLETED, FAILED, USAGE, BLOCKED, CANCELLED, INTERRUPTED = 0, 1, 2, 3, 4, 130

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document to standard output and nothing else there.")
]

#: Builds the engine of a command. Tests put their own here, with edges at which the process stops.
EngineFactory = Callable[[], Engine]


def default_engine(role: str = "command") -> Engine:
    settings = load_settings()
    try:
        return build_engine(settings, role=role)
    except OSError as error:
        raise SettingError(
            f"The data folder {settings.data_dir} cannot be used: {error.strerror or error}. Nothing was started.",
            hint="Make it a folder this account can write, or set RESTOREBOT_DATA_DIR to another one.",
        ) from error


@contextmanager
def engine_of(context: typer.Context) -> Iterator[Engine]:
    """The command's engine; errors become one sentence and a hint, without a traceback."""
    factory: EngineFactory | None = context.obj
    try:
        engine = factory() if factory else default_engine(context.command_path.removeprefix("restorebot "))
        try:
            yield engine
        finally:
            engine.close()
    except RestorebotError as error:
        fail(error)


def fail(error: RestorebotError) -> NoReturn:
    """Say what happened, what was not changed and what to do, on standard error, and exit with the error's status."""
    show_error(error.code, error.message, error.hint)
    raise typer.Exit(error.exit_status)


def fail_with(stored: Mapping[str, Any], *, otherwise: str) -> NoReturn:
    """The same for a run's error as the catalog keeps it."""
    show_error(stored.get("code", ""), stored.get("message", otherwise), stored.get("hint", ""))
    raise typer.Exit(FAILED)


def show_error(code: str, message: str, hint: str) -> None:
    """An error as every command shows it, on standard error."""
    console = notes()
    console.print(f"[bold red]error[/] [dim]{escape(code)}[/] {escape(message)}", soft_wrap=True)
    if hint:
        console.print(f"      {escape(hint)}", soft_wrap=True)


def notes() -> Console:
    """Standard error: progress, notes, errors."""
    return Console(stderr=True, highlight=False)


def output() -> Console:
    """Standard output: what was asked for."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def show_json(value: Any) -> None:
    # Piece by piece: the report of a restore may list as many grants as an organization has people.
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=_plain)
    sys.stdout.write("\n")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """A list for people; `empty` says what to do where there is nothing."""
    console = output()
    if not rows:
        console.print(escape(empty))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_text(value)) for value in row))
    console.print(table)


def show_facts(rows: Sequence[tuple[str, object]]) -> None:
    """One thing, as label and value."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(label, escape(_text(value)))
    output().print(table)


def say(sentence: str) -> None:
    """A note to the person; never on standard output, which belongs to results."""
    notes().print(escape(sentence), soft_wrap=True)


def confirmed(question: str, *, word: str = "y") -> bool:
    """Ask on standard error; what is not the word, and an end of the input, is no."""
    sys.stderr.write(f"{question} [{word}/N] " if word == "y" else f"{question} ")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().lower()
    return answer == word or (word == "y" and answer == "yes")


def moment(value: datetime | None) -> str:
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M UTC")


def iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def size(value: int | None) -> str:
    if value is None:
        return ""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return f"{value} bytes"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
