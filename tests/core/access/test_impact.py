"""Seats, and what a decision would do to them: pure functions on a directory."""

import pytest

from core.access.directory import AppRole, Directory, DirectoryGroup, DirectoryUser, Membership
from core.access.impact import Proposal, admins, impact, seats
from core.access.tables import AppRoleName, GrantKind

USER, ADMIN = AppRoleName.USER, AppRoleName.ADMIN


def directory(
    groups: dict[str, str], opens: dict[str, AppRoleName] | None = None, inactive: tuple[str, ...] = ()
) -> Directory:
    """Groups with members as words; a member that is a group is nested. `opens`: "group app" → role."""
    names = {name for members in groups.values() for name in members.split()}
    return Directory(
        organization_id="org",
        users={one: DirectoryUser(id=one, display_name=one, active=one not in inactive) for one in names - set(groups)},
        groups={one: DirectoryGroup(id=one, name=one) for one in groups},
        memberships=frozenset(
            Membership(group_id=group, member_id=one, is_group=one in groups)
            for group, members in groups.items()
            for one in members.split()
        ),
        app_roles=frozenset(
            AppRole(group_id=words.split()[0], app_id=words.split()[1], role=role)
            for words, role in (opens or {}).items()
        ),
    )


def opening(group: str, app: str = "jira", role: AppRoleName = USER) -> Proposal:
    return Proposal(kind=GrantKind.GROUP_ACCESS, group_id=group, app_id=app, role=role)


def joining(member: str, group: str, *, is_group: bool = False) -> Proposal:
    return Proposal(kind=GrantKind.MEMBER, group_id=group, member_id=member, member_is_group=is_group)


def test_two_ways_in_are_one_seat() -> None:
    found = directory({"A": "ann bob", "B": "bob cy"}, {"A jira": USER, "B jira": USER})
    assert seats(found, "jira") == {"ann", "bob", "cy"}


def test_inactive_users_and_admins_take_no_seat() -> None:
    found = directory({"A": "ann gone", "B": "cy"}, {"A jira": USER, "B jira": ADMIN}, inactive=("gone",))
    assert seats(found, "jira") == {"ann"}
    assert admins(found, "jira") == {"cy"}


@pytest.mark.parametrize("start", ["A", "B", "C"])
def test_groups_nested_in_a_circle_are_counted_once(start: str) -> None:
    found = directory({"A": "ann B", "B": "bob C", "C": "cy A"}, {f"{start} jira": USER})
    assert seats(found, "jira") == {"ann", "bob", "cy"}


def test_opening_an_app_shows_everyone_who_gets_in_and_only_new_seats_as_new() -> None:
    found = directory({"A": "ann gone B", "B": "bob", "C": "bob"}, {"C jira": USER}, inactive=("gone",))
    shown = impact(found, [opening("A")])
    assert shown.members == ("ann", "bob", "gone")
    assert shown.groups == ("A", "B")
    (app,) = shown.apps
    assert (app.app_id, app.seats_now, app.seats_after, app.newly_seated) == ("jira", 1, 2, ("ann",))


def test_joining_a_group_shows_every_app_it_and_the_groups_around_it_open() -> None:
    known = directory({"A": "B", "B": "bob", "X": "new"}, {"A jira": USER, "A wiki": ADMIN, "B wiki": USER})
    shown = impact(known, [joining("new", "B")])
    assert [(app.app_id, app.newly_seated, app.new_admins) for app in shown.apps] == [
        ("jira", ("new",), ()),
        ("wiki", ("new",), ("new",)),
    ]
    assert shown.gives_admin


def test_a_nested_group_brings_all_its_members() -> None:
    found = directory({"A": "ann", "B": "bob C", "C": "cy"}, {"A jira": USER})
    shown = impact(found, [joining("B", "A", is_group=True)])
    assert shown.members == ("bob", "cy")
    assert shown.groups == ("A", "B", "C")
    assert shown.newly_seated == {"bob", "cy"}


def test_pieces_decided_together_count_each_seat_once() -> None:
    found = directory({"A": "ann bob", "B": "bob cy"})
    together = impact(found, [opening("A"), opening("B")])
    assert together.apps[0].seats_after == 3
    assert together.digest == impact(found, [opening("B"), opening("A")]).digest


def test_admin_access_is_shown_apart() -> None:
    found = directory({"A": "ann"})
    (app,) = impact(found, [opening("A", role=ADMIN)]).apps
    assert (app.seats_after, app.newly_seated, app.new_admins) == (0, (), ("ann",))


def test_the_digest_holds_while_nothing_shown_changes() -> None:
    before = directory({"A": "ann", "B": "bob"})
    elsewhere = directory({"A": "ann", "B": "bob cy"}, {"B wiki": USER})
    grown = directory({"A": "ann cy", "B": "bob"})
    left = directory({"A": "", "B": "ann bob"})
    shown = impact(before, [opening("A")]).digest
    assert impact(elsewhere, [opening("A")]).digest == shown
    assert shown not in {
        impact(grown, [opening("A")]).digest,
        impact(left, [opening("A")]).digest,
        impact(before, [opening("A", app="wiki")]).digest,
        impact(before, [opening("A", role=ADMIN)]).digest,
        impact(before, [opening("B")]).digest,
    }
