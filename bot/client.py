"""The Web API: one client with retries, whose refusals are typed."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)

from core.errors import RestorebotError

#: How long one call may take. A deliverer's lease is longer, so that a call is over before another one delivers.
CALL_SECONDS: Final = 20

#: Slack's own trouble, or ours with it: the same call may go through later.
_PASSING: Final = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "request_timeout", "service_unavailable",
     "team_added_to_org", "accesslimited"}
)  # fmt: skip
_NO_PLACE: Final = frozenset(
    {"channel_not_found", "not_in_channel", "is_archived", "no_permission", "restricted_action", "channel_is_archived",
     "restricted_action_read_only_channel", "cannot_dm_bot", "user_disabled", "mpim_not_allowed", "thread_not_found",
     "user_not_found", "user_not_in_channel"}
)  # fmt: skip
_NO_VIEW: Final = frozenset({"not_found", "view_not_found", "hash_conflict"})


class SlackError(RestorebotError):
    """A call that Slack did not answer as wanted; `reason` is Slack's own word."""

    code = "slack"

    def __init__(self, message: str, *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class SlackBusy(SlackError):
    """Rate limits, errors of Slack's servers, no answer at all: whether the call acted is not known."""

    code = "slack.busy"
    transient = True
    #: seconds that Slack asks to wait
    retry_after: float = 0.0


class NoSuchPlace(SlackError):
    """A channel that is archived, unknown or closed to the bot."""

    code = "slack.no-place"


class ViewGone(SlackError):
    """A view that was closed, or has changed since."""

    code = "slack.view-gone"


class SlackRefused(SlackError):
    """Everything else: tokens, scopes, our own mistakes."""

    code = "slack.refused"


def make_client(*, token: str, base_url: str, retries: bool = True) -> WebClient:
    """Retries what a person waits for. Who must not say a thing twice looks first, and retries nothing by itself."""
    handlers = [
        ConnectionErrorRetryHandler(max_retry_count=1),
        RateLimitErrorRetryHandler(max_retry_count=2),
        ServerErrorRetryHandler(max_retry_count=1),
    ]
    return WebClient(
        token=token, base_url=base_url, timeout=CALL_SECONDS, retry_handlers=list(handlers) if retries else []
    )


A = TypeVar("A")


def call(method: Callable[..., A], **arguments: Any) -> A:
    """One call of the Web API, such as call(client.chat_postMessage, channel=…). Raises SlackError."""
    try:
        return method(**arguments)
    except SlackApiError as error:
        typed = _typed(method.__name__, str(error.response.get("error") or error.response.status_code))
        if isinstance(typed, SlackBusy):
            typed.retry_after = float(error.response.headers.get("Retry-After") or 0)
        raise typed from error
    except (SlackClientError, OSError) as error:
        raise _busy(method.__name__, type(error).__name__) from error


def _typed(method: str, reason: str) -> SlackError:
    if reason in _PASSING or reason.startswith("5"):
        return _busy(method, reason)
    kind = NoSuchPlace if reason in _NO_PLACE else ViewGone if reason in _NO_VIEW else SlackRefused
    return kind(
        f"Slack refused {method}: {reason}.",
        reason=reason,
        hint="`restorebot doctor` checks tokens, scopes and channels.",
    )


def _busy(method: str, reason: str) -> SlackBusy:
    return SlackBusy(
        f"Slack did not answer {method}: {reason}.",
        reason=reason,
        hint="It is tried again; status.slack.com knows more.",
    )
