"""Grants as JSON: what the command line and the report of a restore show of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from core.access.grants import Grant
from core.access.people import name_of
from core.catalog import apps


def grants_json(session: Session, found: Sequence[Grant]) -> list[dict[str, Any]]:
    """Each with the names of app and people beside the ids."""
    named = {one.id: one.name for one in apps.list_all(session)}
    return [
        {
            "id": one.id,
            "kind": one.kind.value,
            "group": one.group_name,
            "member": one.member_name,
            "app": {"id": one.app_id, "name": named.get(one.app_id, one.app_id)} if one.app_id else None,
            "role": one.role.value,
            "status": one.status.value,
            "restore": one.restore_id or None,
            "proposed_by": name_of(session, one.proposed_by),
            "decided_by": name_of(session, one.decided_by) if one.decided_by else None,
            "decided_at": one.decided_at.isoformat() if one.decided_at else None,
            "reason": one.reason,
            "own_decision": one.own_decision,
            "revoked_by": name_of(session, one.revoked_by) if one.revoked_by else None,
        }
        for one in found
    ]
