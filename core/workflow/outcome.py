"""What a step or part came to, as a JSON value: the journal holds no exceptions and no pickles."""

import json
import logging
from typing import Any

from core.errors import RestorebotError

log = logging.getLogger(__name__)

#: What became of a part that never began, since a sibling had failed.
SKIPPED: dict[str, Any] = {"skipped": True}


def value_outcome(value: Any) -> dict[str, Any]:
    """As the journal gives it back, so that a first run sees what a replay sees. TypeError for what is no JSON."""
    return {"value": json.loads(json.dumps(value))}


def error_outcome(error: Exception, where: str) -> dict[str, Any]:
    """Any error as JSON. One that is no RestorebotError is a defect: its traceback goes to the log."""
    if not isinstance(error, RestorebotError):
        log.error("unexpected error in %s", where, exc_info=error)
        error = RestorebotError(
            f"An unexpected error ended {where}: {type(error).__name__}: {error}.",
            hint="This is a defect of Restorebot; the log of the worker has the details.",
        )
    details = {name: value for name, value in vars(error).items() if isinstance(value, str | int | float | None)}
    return {"error": {"code": error.code, "text": str(error), "details": details}}


def is_error(outcome: dict[str, Any]) -> bool:
    return "error" in outcome


def unwrap(outcome: dict[str, Any]) -> Any:
    """The value, or the error raised again as its own class."""
    if "error" in outcome:
        raise _rebuilt(outcome["error"])
    return outcome.get("value")


def _rebuilt(stored: dict[str, Any]) -> RestorebotError:
    """Past its constructor, whose parameters differ by class: an error is its text and its attributes."""
    kind = _by_code(RestorebotError, stored["code"]) or RestorebotError
    error = kind.__new__(kind, stored["text"])
    vars(error).update(stored["details"])
    return error


def _by_code(kind: type[RestorebotError], code: str) -> type[RestorebotError] | None:
    if kind.code == code:
        return kind
    return next((found for child in kind.__subclasses__() if (found := _by_code(child, code))), None)
