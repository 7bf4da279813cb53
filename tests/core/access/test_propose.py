"""What a restore adds at once, and what of it waits."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.access.directory import user_called
from core.access.grants import list_grants
from core.access.impact import admins, seats
from core.access.matching import BackupDirectory, BackupGroup, BackupMembership, BackupUser
from core.access.tables import AppRoleName, GrantKind, GrantStatus
from core.errors import NotFound
from tests.core.access.acme import ADMIN, USER, Acme, acme, another, backup_of


def waiting(organization: Acme) -> list[tuple[GrantKind, str, str | None, AppRoleName]]:
    with organization.database.transaction() as session:
        grants = list_grants(session, organization.id, status=GrantStatus.PENDING)
    return [(one.kind, one.group_name, one.member_name, one.role) for one in grants]


def test_a_new_group_with_its_people_comes_without_access(organization: Acme) -> None:
    summary = organization.propose(backup_of({"Devs": "ann bob"}, {"Devs": USER}))
    assert (summary.users_added, summary.groups_added, summary.memberships_added) == (2, ("Devs",), 2)
    assert organization.seats() == set()
    assert waiting(organization) == [(GrantKind.GROUP_ACCESS, "Devs", None, USER)]


def test_joining_a_group_that_opens_an_app_waits_also_through_nesting(organization: Acme) -> None:
    organization.add({"Staff": "ann Devs", "Devs": "bob", "Club": "ann"}, {"Staff": USER})
    organization.propose(backup_of({"STAFF": "new", "devs": "new", "Club": "new"}))
    assert organization.seats() == {"ann", "bob"}
    assert waiting(organization) == [
        (GrantKind.MEMBER, "Devs", "new", USER),
        (GrantKind.MEMBER, "Staff", "new", USER),
    ]


def test_a_group_that_would_be_nested_in_an_opening_one_waits(organization: Acme) -> None:
    organization.add({"Staff": "ann"}, {"Staff": USER})
    organization.propose(backup_of({"Staff": "Devs", "Devs": "bob"}))
    assert organization.seats() == {"ann"}
    assert waiting(organization) == [(GrantKind.MEMBER, "Staff", "Devs", USER)]


def test_joining_a_group_that_administers_an_app_waits_too(organization: Acme) -> None:
    organization.add({"Keepers": "ann"}, {"Keepers": ADMIN})
    organization.propose(backup_of({"Keepers": "bob"}))
    assert organization.admins() == {"ann"}
    assert waiting(organization) == [(GrantKind.MEMBER, "Keepers", "bob", ADMIN)]


def test_what_is_there_already_is_not_proposed(organization: Acme) -> None:
    organization.add({"Staff": "ann"}, {"Staff": USER})
    summary = organization.propose(backup_of({"Staff": "ann"}, {"Staff": USER}))
    assert (summary.users_matched, summary.users_added, summary.groups_merged) == (1, 0, ("Staff",))
    assert summary.grants == ()


def test_a_repeated_step_adds_and_proposes_nothing_twice(organization: Acme) -> None:
    organization.add({"Staff": "ann"}, {"Staff": USER})
    backup = backup_of({"Staff": "bob Devs", "Devs": "bob cy"}, {"Devs": USER})
    first = organization.propose(backup)
    directory = organization.directory()
    second = organization.propose(backup)
    after = organization.directory()
    assert second.grants == first.grants
    assert (second.users_added, second.groups_added, second.memberships_added) == (0, (), 0)
    assert (after.users, after.groups, after.memberships) == (directory.users, directory.groups, directory.memberships)


def test_groups_that_administer_the_site_are_left_out_and_their_people_come(organization: Acme) -> None:
    summary = organization.propose(
        backup_of({"Jira-Administrators": "bob", "Site-Admins": "cy"}, {"Jira-Administrators": ADMIN})
    )
    assert summary.admin_groups == ("Jira-Administrators", "Site-Admins")
    assert summary.users_added == 2
    assert organization.directory().groups == {}
    assert summary.grants == ()


def test_under_another_name_an_admin_group_is_carried_without_access(organization: Acme) -> None:
    summary = organization.propose(
        backup_of({"Administrators": "bob"}, {"Administrators": ADMIN}), group_names={"Administrators": "Old admins"}
    )
    assert (summary.groups_added, summary.memberships_added, summary.grants) == (("Old admins",), 1, ())


def test_no_name_makes_a_group_one_that_administers_the_site(organization: Acme) -> None:
    organization.add({"Site-admins": "ann"})
    organization.propose(backup_of({"Devs": "bob"}), group_names={"Devs": "site-ADMINS"})
    assert len(organization.directory().memberships) == 1


def test_choices_for_groups_are_followed(organization: Acme) -> None:
    summary = organization.propose(
        backup_of({"Devs": "ann", "Ops": "bob"}, {"Devs": USER, "Ops": USER}),
        group_names={"Devs": "Devs 2", "Ops": None},
    )
    assert (summary.groups_added, summary.groups_left_out) == (("Devs 2",), ("Ops",))
    assert waiting(organization) == [(GrantKind.GROUP_ACCESS, "Devs 2", None, USER)]


def test_people_are_matched_by_account_then_address_then_username(organization: Acme) -> None:
    organization.add({"Club": "ann"})
    first = BackupDirectory(
        users=(
            BackupUser(key="1", display_name="Cloud", account_id="acc-1"),
            BackupUser(key="2", display_name="Bare", username="bare"),
        )
    )
    organization.propose(first)
    later = BackupDirectory(
        users=(
            BackupUser(key="7", display_name="Cloud renamed", account_id="acc-1", email="ann@acme.test"),
            BackupUser(key="8", display_name="Ann", email="ANN@acme.test", username="other"),
            BackupUser(key="9", display_name="Bare", username="BARE"),
            BackupUser(key="10", display_name="Not bare", username="bare", email="bare@acme.test"),
        )
    )
    summary = organization.propose(later, restore_id="rst-later")
    assert (summary.users_matched, summary.users_added) == (3, 1)
    assert user_called(organization.directory(), "bare@acme.test").display_name == "Not bare"


def test_sharing_an_address_lets_nobody_in_as_someone_else(organization: Acme) -> None:
    organization.add({"Club": "ann"})
    shared = BackupDirectory(
        users=(
            BackupUser(key="1", display_name="Ann", username="ann", email="ann@acme.test"),
            BackupUser(key="2", display_name="Robot", username="robot", email="ann@acme.test"),
        ),
        groups=(BackupGroup(key="g", name="Secret"),),
        memberships=(BackupMembership(group_key="g", member_key="2"),),
    )
    for _ in range(2):
        organization.propose(shared)
        directory = organization.directory()
        (secret,) = [one for one in directory.memberships if directory.groups[one.group_id].name == "Secret"]
        assert directory.users[secret.member_id].display_name == "Robot"
        assert len(directory.users) == 2


def test_an_app_or_person_that_is_not_there_is_told(organization: Acme) -> None:
    for wrong in ({"app_id": "app-none"}, {"proposed_by": "os:rob"}):
        with pytest.raises(NotFound):
            organization.propose(backup_of({"Devs": "ann"}), **wrong)
    assert organization.directory().users == {}


GROUPS = ("Aa", "Bb", "Cc", "Dd")
MEMBERS = st.lists(st.sampled_from([*GROUPS, "ann", "bob", "cy", "inactive1"]), max_size=5).map(
    lambda names: " ".join(dict.fromkeys(names))
)
ANY_GROUPS = st.dictionaries(st.sampled_from(GROUPS), MEMBERS, max_size=4)
ROLES = st.dictionaries(st.sampled_from(GROUPS), st.sampled_from(AppRoleName), max_size=3)


@pytest.fixture(scope="module")
def many() -> Iterator[Acme]:
    """Where each example has an organization of its own."""
    with acme("sqlite://") as found:
        yield found


@given(there=ANY_GROUPS, opens=ROLES, restored=ANY_GROUPS, access=ROLES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_takes_a_seat_without_a_decision(
    many: Acme,
    there: dict[str, str],
    opens: dict[str, AppRoleName],
    restored: dict[str, str],
    access: dict[str, AppRoleName],
) -> None:
    organization = another(many)
    organization.add({**dict.fromkeys(GROUPS, ""), **there}, opens)
    before = organization.directory()
    backup = backup_of(restored, {name: role for name, role in access.items() if name in restored})
    first = organization.propose(backup)
    second = organization.propose(backup)
    after = organization.directory()
    assert seats(after, organization.jira) == seats(before, organization.jira)
    assert admins(after, organization.jira) == admins(before, organization.jira)
    assert after.app_roles == before.app_roles
    assert second.grants == first.grants
    assert second.memberships_added == second.users_added == 0
