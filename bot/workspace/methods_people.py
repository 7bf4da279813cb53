"""auth.*, team.*, users.* and apps.connections.open"""

from typing import Any, Final
from urllib.parse import urlsplit

from bot.workspace.call import Call, Method, page_of
from bot.workspace.refusal import Refused
from bot.workspace.shapes import bot_shown, person_shown


def _auth_test(call: Call) -> dict[str, Any]:
    config = call.state.config
    found: dict[str, Any] = {
        "url": f"{call.payloads.base_url}/",
        "team": config.enterprise_name or config.team_name,
        "user": config.app_name.lower(),
        # an install for a whole organization has the organization's id here
        "team_id": config.enterprise_id or config.team_id,
        "user_id": config.bot_user_id,
        "bot_id": config.bot_id,
        "is_enterprise_install": bool(config.enterprise_id),
    }
    return found | ({"enterprise_id": config.enterprise_id} if config.enterprise_id else {})


def _api_test(call: Call) -> dict[str, Any]:
    return {"args": {name: value for name, value in call.arguments.items() if name != "token"}}


def _connections_open(call: Call) -> dict[str, Any]:
    host = urlsplit(call.payloads.base_url).netloc
    return {"url": f"ws://{host}/socket?ticket={call.state.short_lived.ticket()}&app_id={call.state.config.app_id}"}


def _team_info(call: Call) -> dict[str, Any]:
    config = call.state.config
    team: dict[str, Any] = {
        "id": config.team_id,
        "name": config.team_name,
        "url": f"{call.payloads.base_url}/",
        "domain": config.team_domain,
        "email_domain": "",
        "icon": {"image_default": True},
    }
    if config.enterprise_id:
        team |= {"enterprise_id": config.enterprise_id, "enterprise_name": config.enterprise_name}
    return {"team": team}


def _user_info(call: Call) -> dict[str, Any]:
    if call.needed("user") == call.state.config.bot_user_id:
        return {"user": bot_shown(call.state)}
    return {"user": person_shown(call.state, call.person())}


def _users_list(call: Call) -> dict[str, Any]:
    everybody = [person_shown(call.state, person) for person in call.state.people.values()]
    page, cursor = page_of([*everybody, bot_shown(call.state)], call, default=999)
    return {
        "members": page,
        "cache_ts": int(call.state.config.clock()),
        "response_metadata": {"next_cursor": cursor},
    }


def _by_email(call: Call) -> dict[str, Any]:
    wanted = call.needed("email").lower()
    for person in call.state.people.values():
        if person.email.lower() == wanted and not person.deleted:
            return {"user": person_shown(call.state, person)}
    raise Refused("users_not_found")


METHODS: Final = {
    "api.test": Method(answer=_api_test, per_minute=100),
    "auth.test": Method(answer=_auth_test, per_minute=1000),
    "apps.connections.open": Method(answer=_connections_open, app_token=True, per_minute=20),
    "team.info": Method(answer=_team_info, scopes=("team:read",)),
    "users.info": Method(answer=_user_info, scopes=("users:read",), per_minute=100),
    "users.list": Method(answer=_users_list, scopes=("users:read",), per_minute=20),
    "users.lookupByEmail": Method(answer=_by_email, scopes=("users:read.email",)),
}
