"""/restore look: into an app, a space, a page and back, by role."""

from pathlib import Path

import pytest

from bot.look.ids import Action
from bot.restores.ids import Action as Restores
from core.access.people import ensure_person
from core.access.roles import grant_role
from core.access.tables import RoleName
from core.apps.driver import Edit, EditKind
from core.content.record_type import AppType
from core.look import outline
from core.samples.jira import write_jira_export
from core.samples.jira_shape import AuthoredIssue, JiraShape
from tests.bot.conftest import Acme
from tests.bot.slack import ADA, BOB, GUEST, TEAM


def test_a_restored_page_is_read(acme: Acme) -> None:
    done = acme.restored()
    slack = acme.slack
    slack.type(ADA, f"status {done.id}")
    slack.press(ADA, Restores.LOOK)
    assert len(slack.workspace.state.views.stack(ADA)) == 2
    assert "Acme Wiki restored" in slack.words()
    place = acme.world.place(acme.destination)
    space = outline.containers(acme.world.driver(acme.destination), place)[0]
    slack.press(ADA, Action.CONTAINER, space.record_key)
    first = outline.items(acme.world.driver(acme.destination), place, space.key)[0]
    assert first.title in slack.words()
    slack.press(ADA, Action.ITEM, first.record_key)
    words = slack.words()
    assert f"In {acme.destination.name}. Read-only." in words
    assert "1 attachment" in words
    slack.press(ADA, Action.BACK)
    slack.press(ADA, Action.BACK)
    assert space.name in slack.words()
    slack.press(ADA, Action.BACK)
    assert "Which app do you want to look into?" in slack.words()


def test_an_app_is_found_by_search(acme: Acme) -> None:
    slack = acme.slack
    slack.type(ADA, "look")
    assert slack.search(ADA, Action.APP, "RESTORED") == [(acme.destination.id, acme.destination.name)]
    slack.press(ADA, Action.APP, choose=acme.destination.id)
    assert "has no space at all." in slack.words()


def test_an_issue_is_read(acme: Acme, tmp_path: Path) -> None:
    world, slack = acme.world, acme.slack
    tracker, empty = world.provision(AppType.JIRA, "Tracker"), world.provision(AppType.JIRA, "Tracker restored")
    authored = AuthoredIssue(
        summary="Checkout <!channel>",
        description="Seen by *three* customers.\n\n# one\n# two",
        comments=("Only once.",),
    )
    write_jira_export(tmp_path / "jira.zip", shape=JiraShape(issues=3, users=3, authored=(authored,)))
    backup = world.import_export(tmp_path / "jira.zip", tracker)
    world.restored(world.request(backup, empty))
    slack.type(ADA, "look Tracker restored")
    place, driver = world.place(empty), world.driver(empty)
    issue, project = next(
        (one, project)
        for project in outline.containers(driver, place)
        for one in outline.items(driver, place, project.key)
        if one.title == authored.summary
    )
    slack.press(ADA, Action.CONTAINER, project.record_key)
    slack.press(ADA, Action.ITEM, issue.record_key)
    words = slack.words()
    assert f"{issue.label}  Checkout <!channel>" in words
    assert "Only once." in words
    assert "Status" in words


def test_long_lists_are_leafed_through(acme: Acme) -> None:
    world, slack = acme.world, acme.slack
    driver, place = world.driver(acme.destination), world.place(acme.destination)
    for number in range(60):
        driver.edit(place, Edit(kind=EditKind.ADD_ITEM, title=f"Page {number:02}", text="Nothing."))
    (space,) = outline.containers(driver, place)
    slack.type(ADA, f"look {acme.destination.id}")
    slack.press(ADA, Action.CONTAINER, space.record_key)
    assert "1 to 25 of 60 pages" in slack.words()
    slack.press(ADA, Action.AFTER)
    assert "Page 25" in slack.words()
    assert "Page 24" not in slack.words()
    slack.press(ADA, Action.JUMP, choose="50")
    assert "51 to 60 of 60" in slack.words()
    assert "Page 59" in slack.words()
    slack.press(ADA, Action.BEFORE)
    assert "26 to 50 of 60" in slack.words()


def test_a_page_that_is_gone_meanwhile_is_told(acme: Acme) -> None:
    world, slack = acme.world, acme.slack
    driver, place = world.driver(acme.destination), world.place(acme.destination)
    driver.edit(place, Edit(kind=EditKind.ADD_ITEM, title="Short-lived", text="Nothing."))
    (space,) = outline.containers(driver, place)
    (page,) = outline.items(driver, place, space.key)
    slack.type(ADA, f"look {acme.destination.id}")
    slack.press(ADA, Action.CONTAINER, space.record_key)
    driver.edit(place, Edit(kind=EditKind.DELETE_ITEM, key=page.record_key))
    slack.press(ADA, Action.ITEM, page.record_key)
    assert "is no item here." in slack.words()


def test_an_app_admin_looks_into_that_app_only(acme: Acme) -> None:
    engine, slack = acme.world.engine, acme.slack
    with engine.database.transaction() as session:
        bob = ensure_person(session, f"slack:{TEAM}/{BOB}", "Bob", engine.now())
        grant_role(
            session, person=bob, organization_id=acme.source.organization_id, role=RoleName.APP_ADMIN,
            app_id=acme.destination.id, by=acme.ada, now=engine.now(),
        )  # fmt: skip
    slack.type(BOB, "look")
    assert slack.search(BOB, Action.APP, "") == [(acme.destination.id, acme.destination.name)]
    slack.press(BOB, Action.APP, choose=acme.destination.id)
    assert "has no space at all." in slack.words(BOB)
    slack.type(BOB, f"look {acme.source.id}")
    assert "it takes the role organization admin or app admin" in slack.words(BOB)


@pytest.mark.parametrize(("person", "said"), [(BOB, "it takes the role organization admin"), (GUEST, "Guests of")])
def test_others_are_refused(acme: Acme, person: str, said: str) -> None:
    for words in ("look", f"look {acme.source.id}"):
        acme.slack.type(person, words)
        assert said in acme.slack.words(person)


def test_an_app_that_nobody_knows(acme: Acme) -> None:
    acme.slack.type(ADA, "look nowhere")
    assert "There is no app 'nowhere'." in acme.slack.words()
