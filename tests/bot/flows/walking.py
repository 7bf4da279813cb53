"""The wizard's steps, as most flows go through them."""

from bot.restore.ids import Action
from core.cli.demo_organization import WIKI
from core.content.record_type import AppType
from tests.bot.flows.office import GENERAL, Office, Someone

EMPTY = "Empty Wiki"


def with_empty_app(
    office: Office, name: str = EMPTY, app_type: AppType = AppType.CONFLUENCE, shard: str = "shard-1"
) -> None:
    office.world.provision(app_type, name, shard=shard)


def to_destinations(person: Someone, app: str = WIKI, *, backup: int = 0, asked_in: str = GENERAL) -> None:
    to_backups(person, app, asked_in=asked_in)
    person.chooses(Action.BACKUP, number=backup)
    person.submits()
    assert person.step == "What to include", person.reads
    person.submits()
    assert person.step == "Where to", person.reads


def to_backups(person: Someone, app: str = WIKI, *, asked_in: str = GENERAL) -> None:
    person.types("/restore", asked_in)
    assert person.step == "What to restore", person.reads
    person.chooses(Action.APP, app)
    person.submits()
    assert person.step == "Which backup", person.reads


def to_checks(person: Someone, app: str = WIKI, *, destination: str = EMPTY, asked_in: str = GENERAL) -> None:
    to_destinations(person, app, asked_in=asked_in)
    person.chooses(Action.DESTINATION, destination)
    person.submits()
    assert person.step == "Checks", person.reads


def to_review(person: Someone, app: str = WIKI, *, destination: str = EMPTY, asked_in: str = GENERAL) -> None:
    to_checks(person, app, destination=destination, asked_in=asked_in)
    person.submits()
    assert person.step == "Review", person.reads


def restores(person: Someone) -> None:
    """From the review, with its warnings acknowledged."""
    if person.offers(Action.ACKNOWLEDGE):
        person.ticks(Action.ACKNOWLEDGE, "acknowledged")
    person.submits()
    assert "The restore has started." in person.reads, person.reads


def takes_next_step(person: Someone) -> None:
    """Of a restore of Acme's wiki into the empty app: whatever the window that is open asks for, or none that is."""
    if not person.stack:
        person.types()
    elif "You have begun a restore" in person.reads:
        person.presses(Action.CONTINUE)
    else:
        match person.step:
            case "What to restore":
                person.chooses(Action.APP, WIKI)
                person.submits()
            case "Which backup" if "Taken" not in person.reads:
                person.chooses(Action.BACKUP)
            case "Where to" if EMPTY not in person.reads:
                person.chooses(Action.DESTINATION, EMPTY)
            case "Review":
                person.ticks(Action.ACKNOWLEDGE, "acknowledged")
                person.submits()
            case _:
                person.submits()
