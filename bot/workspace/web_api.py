"""Slack's side of the Web API: tokens, scopes, arguments, faults and limits; the methods stand in methods_*.py."""

import json
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from bot.workspace import methods_chat, methods_conversations, methods_files, methods_people, methods_views
from bot.workspace.call import Call, Method
from bot.workspace.faults import Fault
from bot.workspace.payloads import Payloads
from bot.workspace.refusal import RateLimited, Refused
from bot.workspace.state import State

METHODS: Final[Mapping[str, Method]] = {
    **methods_chat.METHODS,
    **methods_conversations.METHODS,
    **methods_people.METHODS,
    **methods_views.METHODS,
    **methods_files.METHODS,
}

_MINUTE: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    #: nothing is said: the connection is held until the caller gives up, or closed at once
    silence: Fault | None = None


class WebApi:
    def __init__(self, state: State, payloads: Payloads) -> None:
        self._state = state
        self._payloads = payloads
        self._recent: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def answer(self, name: str, *, authorization: str, content_type: str, body: bytes, query: str) -> Reply:
        """One call, whatever is wrong with it."""
        began = time.monotonic()
        call = Call(state=self._state, payloads=self._payloads, method=name)
        try:
            call = Call(
                state=self._state,
                payloads=self._payloads,
                method=name,
                arguments=_arguments(content_type, body, query),
            )
            reply = self._answer(call, authorization)
        except RateLimited as error:
            reply = Reply(
                status=429,
                body={"ok": False, "error": error.error},
                headers={"Retry-After": str(error.retry_after)},
            )
        except Refused as error:
            reply = Reply(status=200, body={"ok": False, "error": error.error} | error.extra)
        self._state.feed.wired(
            direction="from app",
            what=name,
            status=0 if reply.silence else reply.status,
            ms=int((time.monotonic() - began) * 1000),
            request={key: value for key, value in call.arguments.items() if key != "token"},
            response=f"no answer ({reply.silence})" if reply.silence else reply.body,
            lint=tuple(call.lint),
        )
        return reply

    def _answer(self, call: Call, authorization: str) -> Reply:
        fault = self._state.faults.take(call.method)
        early = _before(fault)
        if early is not None:
            return early
        method = METHODS.get(call.method)
        if method is None:
            raise Refused("unknown_method", req_method=call.method)
        self._check_token(method, authorization or f"Bearer {call.arguments.get('token') or ''}")
        if self._state.config.rate_limits:
            self._check_rate(method, call)
        headers = self._check_scopes(method, call)
        body = {"ok": True} | method.answer(call)
        if call.warnings:
            body["warning"] = ",".join(call.warnings)
            body.setdefault("response_metadata", {})["warnings"] = list(call.warnings)
        return Reply(status=200, body=body, headers=headers, silence=Fault.LOST if fault is Fault.LOST else None)

    def _check_token(self, method: Method, authorization: str) -> None:
        token = authorization.removeprefix("Bearer ").strip()
        config = self._state.config
        if not token:
            raise Refused("not_authed")
        if token not in (config.bot_token, config.app_token):
            raise Refused("invalid_auth")
        if (token == config.app_token) != method.app_token:
            raise Refused("not_allowed_token_type")

    def _check_scopes(self, method: Method, call: Call) -> dict[str, str]:
        needed = method.scopes(call) if callable(method.scopes) else method.scopes
        held = self._state.scopes
        missing = [scope for scope in needed if scope not in held]
        if missing:
            raise Refused("missing_scope", needed=",".join(missing), provided=",".join(sorted(held)))
        return {"X-OAuth-Scopes": ",".join(sorted(held)), "X-Accepted-OAuth-Scopes": ",".join(needed)}

    def _check_rate(self, method: Method, call: Call) -> None:
        """A window of one minute; posting has one for each channel."""
        key = (call.method, call.text("channel") if method.per_channel else "")
        now = self._state.config.clock()
        with self._state.lock:
            recent = self._recent[key]
            while recent and now - recent[0] > _MINUTE:
                recent.popleft()
            if len(recent) >= method.per_minute:
                raise RateLimited(max(1, int(_MINUTE - (now - recent[0])) + 1))
            recent.append(now)


def _before(fault: Fault | str | None) -> Reply | None:
    match fault:
        case None | Fault.LOST:
            return None
        case Fault.RATELIMITED:
            raise RateLimited(1)
        case Fault.UNAVAILABLE:
            return Reply(status=503, body={"ok": False, "error": "service_unavailable"})
        case Fault.NOTHING:
            return Reply(status=0, body={}, silence=Fault.NOTHING)
        case _:
            raise Refused(str(fault))


def _arguments(content_type: str, body: bytes, query: str) -> dict[str, Any]:
    """Slack takes JSON or a form, and both with what stands in the address."""
    found: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    if content_type.startswith("application/json"):
        try:
            given = json.loads(body or b"{}")
        except ValueError as error:
            raise Refused("invalid_json") from error
        if not isinstance(given, dict):
            raise Refused("json_not_object")
        return found | given
    if content_type.startswith("application/x-www-form-urlencoded") or not body:
        return found | dict(parse_qsl(body.decode(), keep_blank_values=True))
    raise Refused("invalid_post_type")
