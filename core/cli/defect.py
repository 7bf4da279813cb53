"""An error nobody foresaw: one sentence for the person, and the traceback in a file for who repairs it."""

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from core.cli.context import FAILED, show_error
from core.errors import RestorebotError
from core.settings import load_settings

LOG = "restorebot.log"


def show_defect(error: Exception) -> int:
    """Returns the exit status."""
    if isinstance(error, RestorebotError):  # outside a command, for example in the settings
        show_error(error.code, error.message, error.hint)
        return error.exit_status
    what = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    kept = _keep(error)
    show_error(
        "defect",
        f"Restorebot met something it was not made for ({what}), and stopped.",
        f"The details are in {kept}; `restorebot doctor` says whether anything is left to do."
        if kept
        else "Set RESTOREBOT_DATA_DIR to a folder that can be written, so that the details can be kept.",
    )
    return FAILED


def _keep(error: Exception) -> Path | None:
    """Append the traceback to the log, which only this account can read; it may name content."""
    try:
        folder = load_settings().data_dir
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / LOG
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC restorebot {' '.join(sys.argv[1:])}\n")
            file.write("".join(traceback.format_exception(error)) + "\n")
    except (OSError, RestorebotError):
        return None
    return path
