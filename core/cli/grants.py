"""Grants and what they would do, for people and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from core.access.grants import Grant, GrantReview, in_sentences
from core.access.grants_json import grants_json
from core.access.people import name_of
from core.access.tables import AppRoleName, GrantKind, GrantStatus
from core.catalog import apps
from core.cli.context import output, show_facts, show_table

_SHOWN = 30  # members named in a list for people; --json has all of them


def review_json(session: Session, found: GrantReview) -> dict[str, Any]:
    """The grants with their impact together; ids have their names beside them."""
    return {
        "grants": grants_json(session, found.grants),
        "impact": {**found.impact.to_json(), "digest": found.impact.digest},
        "names": dict(found.names),
    }


def show_grants_table(session: Session, found: Sequence[Grant], *, empty: str) -> None:
    named = _app_names(session)
    show_table(
        ("id", "status", "what", "restore", "restored by", "decided by"),
        [
            (
                one.id,
                one.status.value + (", own decision" if one.own_decision else ""),
                in_words(one, named),
                one.restore_id or "by hand",
                name_of(session, one.proposed_by),
                name_of(session, one.decided_by) if one.decided_by else "",
            )
            for one in found
        ],
        empty=empty,
    )


def in_words(one: Grant, app_names: Mapping[str, str]) -> str:
    """What the grant is, as a sentence without a subject: `developers opens Acme Wiki`."""
    if one.kind is GrantKind.MEMBER:
        through = " (admin access)" if one.role is AppRoleName.ADMIN else ""
        return f"{'group ' if one.member_is_group else ''}{one.member_name} joins {one.group_name}{through}"
    verb = "administers" if one.role is AppRoleName.ADMIN else "opens"
    return f"group {one.group_name} {verb} {app_names.get(one.app_id, one.app_id)}"


def show_impact(session: Session, found: GrantReview) -> None:
    """What a decision is about: who gets in, which apps open, how many seats that takes, each counted once."""
    named = _app_names(session)
    rows: list[tuple[str, object]] = [
        (one.id, f"{in_words(one, named)}: {one.status.value}{_decided(session, one)}") for one in found.grants
    ]
    impact = found.impact
    rows.append(("seats", in_sentences(found)))
    for app in impact.apps:
        name = found.names.get(app.app_id, app.app_id)
        if app.newly_seated:
            rows.append((f"new in {name}", _listed(app.newly_seated, found.names)))
        if app.new_admins:
            rows.append((f"new admins of {name}", _listed(app.new_admins, found.names)))
    rows += [
        ("members", f"{len(impact.members)}: {_listed(impact.members, found.names)}" if impact.members else "none"),
        ("through groups", _listed(impact.groups, found.names)),
        ("digest", impact.digest[:16]),
    ]
    show_facts(rows)


def show_decided(session: Session, found: Sequence[Grant]) -> None:
    """One line for each grant, as it is after a decision."""
    named = _app_names(session)
    for one in found:
        mark = " Marked as a decision on one's own restore." if one.own_decision else ""
        left = one.status is GrantStatus.REVOKED and not one.gave
        kept = " What it named was there before any grant, and stays." if left else ""
        output().print(f"{one.id} is {one.status.value}: {in_words(one, named)}.{mark}{kept}", markup=False)


def _decided(session: Session, one: Grant) -> str:
    return f" by {name_of(session, one.decided_by)}" if one.decided_by else ""


def _listed(ids: Sequence[str], names: Mapping[str, str]) -> str:
    words = sorted((names.get(one, one) for one in ids), key=str.casefold)
    more = f" … and {len(words) - _SHOWN} more (--json names all)" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


def _app_names(session: Session) -> dict[str, str]:
    return {one.id: one.name for one in apps.list_all(session)}
