"""views.*"""

import json
from typing import Any, Final

from bot.workspace.call import Call, Method
from bot.workspace.lint import lint_view
from bot.workspace.refusal import Refused
from bot.workspace.views import View

_VIEW_BYTES: Final = 250_000


def _open(call: Call) -> dict[str, Any]:
    content = checked_view(call, call.json("view"), "modal")
    trigger = call.state.short_lived.exchange(call.needed("trigger_id"))
    views = call.state.views
    if trigger.view_id and views.stack(trigger.person):
        # from inside a modal, the new view comes on top of it
        return _shown(call, views.push(trigger.person, content))
    return _shown(call, views.open(trigger.person, content))


def _push(call: Call) -> dict[str, Any]:
    content = checked_view(call, call.json("view"), "modal")
    trigger = call.state.short_lived.exchange(call.needed("trigger_id"))
    if not trigger.view_id:
        raise Refused("invalid_trigger_id")
    return _shown(call, call.state.views.push(trigger.person, content))


def _update(call: Call) -> dict[str, Any]:
    views = call.state.views
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if bool(view_id) == bool(external_id):
        raise Refused("invalid_arguments", messages=["must provide either view_id or external_id"])
    before = views.find(view_id) if view_id else views.find_external(external_id)
    content = checked_view(call, call.json("view"), before.content["type"])
    return _shown(call, views.update(before.id, content, call.text("hash")))


def _publish(call: Call) -> dict[str, Any]:
    if not call.state.home_tab:
        raise Refused("not_enabled")
    person = call.person("user_id")
    content = checked_view(call, call.json("view"), "home")
    return _shown(call, call.state.views.publish(person.id, content, call.text("hash")))


def checked_view(call: Call, view: Any, kind: str) -> dict[str, Any]:
    """A view that Slack would take. Raises Refused."""
    if view is None:
        raise Refused("invalid_arguments", messages=["missing required field: view"])
    findings = lint_view(view)
    if not findings and view["type"] != kind:
        findings = [f"must be of type {kind} [json-pointer:/view/type]"]
    call.lint.extend(findings)
    if findings:
        raise Refused("invalid_arguments", messages=findings)
    if len(json.dumps(view, ensure_ascii=False).encode()) > _VIEW_BYTES:
        raise Refused("view_too_large")
    found: dict[str, Any] = view
    return found


def _shown(call: Call, view: View) -> dict[str, Any]:
    return {"view": call.state.views.shown(view)}


METHODS: Final = {
    "views.open": Method(answer=_open, per_minute=100),
    "views.push": Method(answer=_push, per_minute=100),
    "views.update": Method(answer=_update, per_minute=100),
    "views.publish": Method(answer=_publish, per_minute=100),
}
