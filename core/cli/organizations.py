"""restorebot org …"""

from typing import Annotated, Any

import typer

from core.access.roles import grant_role, list_roles
from core.access.tables import RoleName
from core.catalog import apps, organizations
from core.catalog.organizations import Organization
from core.catalog.tables import SecondPerson
from core.cli import pick
from core.cli.acting import installation_admin, organization_admin
from core.cli.context import CANCELLED, Json, confirmed, engine_of, iso, output, say, show_facts, show_json, show_table
from core.engine import Engine
from core.errors import UsageError

app = typer.Typer(no_args_is_help=True, add_completion=False)

OrganizationName = Annotated[str, typer.Argument(metavar="ORG", help="Id or name; may be left out when there is one.")]


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the new organization.")],
    as_json: Json = False,
) -> None:
    """Make an organization: enterprise, in the beta, commercial, and with you as its organization admin."""
    with engine_of(context) as engine:
        person = installation_admin(engine)
        now = engine.now()
        with engine.database.transaction() as session:
            made = organizations.create(session, name=name, person=person.id, now=now)
            grant_role(
                session,
                person=person,
                organization_id=made.id,
                role=RoleName.ORGANIZATION_ADMIN,
                by=person,
                now=now,
            )
        if as_json:
            show_json(organization_json(engine, made))
            return
        console = output()
        console.print(f"Made {made.name} ({made.id}); you are its organization admin.", markup=False)
        console.print(f'Next: restorebot role grant os:NAME access-approver --org "{made.name}"', markup=False)


@app.command("list")
def list_organizations(context: typer.Context, as_json: Json = False) -> None:
    """All organizations."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = organizations.list_all(session)
        if as_json:
            show_json([_row(one) for one in found])
            return
        show_table(
            ("id", "name", "plan", "beta", "environment", "second person"),
            [(one.id, one.name, one.plan, one.beta, one.environment, one.second_person) for one in found],
            empty="There are no organizations. Make what one machine needs: restorebot init",
        )


@app.command()
def show(context: typer.Context, name: OrganizationName = "", as_json: Json = False) -> None:
    """One organization: what it may do, its apps and its people."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = pick.organization(session, name)
        facts = organization_json(engine, found)
        if as_json:
            show_json(facts)
            return
        show_facts(
            [
                *((key.replace("_", " "), facts[key]) for key in ("id", "name", "plan", "beta", "environment")),
                ("second person", f"{found.second_person.value}: {_SECOND_PERSON[found.second_person]}"),
                ("operations channel", found.operations_channel or "none"),
                ("ask app admins", found.ask_app_admins),
                ("apps", ", ".join(one["name"] for one in facts["apps"])),
                ("roles", "; ".join(f"{one['person']}: {one['role']}" for one in facts["roles"])),
                ("created at", found.created_at),
            ]
        )


@app.command("set")
def set_values(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[ORG] KEY=VALUE...",
            help="plan, beta (yes, no), environment, second_person (always, admin-access, never), name, "
            "operations_channel (slack:T…/C…, or empty) or ask_app_admins (yes, no). "
            "The organization may be left out when there is one.",
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Change what is known of an organization: its plan, beta, environment, name, who decides on access, and Slack."""
    with engine_of(context) as engine:
        name, values = _split(words)
        with engine.database.reading() as session:
            found = pick.organization(session, name)
        person = organization_admin(engine, found.id)
        wanted = values.get("second_person", "").strip().lower()
        loosens = wanted == SecondPerson.NEVER and found.second_person is not SecondPerson.NEVER
        if loosens and not yes and not _typed(found):
            say("Nothing was changed.")
            raise typer.Exit(CANCELLED)
        with engine.database.transaction() as session:
            changed = organizations.set_values(session, found.id, values, person=person.id, now=engine.now())
        if as_json:
            show_json(organization_json(engine, changed))
            return
        before, after = _row(found), _row(changed)
        lines = [
            f"{key.replace('_', ' ')}: {_word(before[key])} → {_word(after[key])}"
            for key in after
            if after[key] != before[key]
        ]
        for line in lines or [f"{changed.name} is that already; nothing was changed."]:
            output().print(line, markup=False)


_SECOND_PERSON = {
    SecondPerson.ALWAYS: "another person than who restored decides on access",
    SecondPerson.ADMIN_ACCESS: "another person than who restored decides on admin access",
    SecondPerson.NEVER: "while there is one approver, they may decide on their own restores; each is marked",
}


def organization_json(engine: Engine, found: Organization) -> dict[str, Any]:
    with engine.database.reading() as session:
        its_apps = apps.list_all(session, organization_id=found.id)
        roles = list_roles(session, found.id)
    return {
        **_row(found),
        "created_at": iso(found.created_at),
        "apps": [{"id": one.id, "name": one.name, "type": one.type.value} for one in its_apps],
        "roles": [{"person": one.person_name, "role": one.role.value, "app": one.app_id or None} for one in roles],
    }


def _row(found: Organization) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "plan": found.plan.value,
        "beta": found.beta,
        "environment": found.environment.value,
        "second_person": found.second_person.value,
        "operations_channel": found.operations_channel,
        "ask_app_admins": found.ask_app_admins,
    }


def _word(value: object) -> str:
    return str(value) if not isinstance(value, bool) else "yes" if value else "no"


def _split(words: list[str]) -> tuple[str, dict[str, str]]:
    """The organization, if it was given, and the values."""
    name = words[0] if "=" not in words[0] else ""
    pairs = words[1:] if name else words
    wrong = [one for one in pairs if "=" not in one]
    if wrong or not pairs:
        raise UsageError(
            f"{wrong[0]!r} is no KEY=VALUE. Nothing was changed." if wrong else "No KEY=VALUE was given.",
            hint="Write it like: restorebot org set plan=enterprise",
        )
    return name, {key.strip(): value for key, _, value in (one.partition("=") for one in pairs)}


def _typed(found: Organization) -> bool:
    say(
        f"With second_person=never a single approver of {found.name} may give access to what they restored themselves. "
        "Each such decision is marked."
    )
    return confirmed("Type never to confirm:", word="never")
