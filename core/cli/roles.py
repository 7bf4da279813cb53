"""restorebot role …"""

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from core.access.people import Person, ensure_person, person_by_id
from core.access.roles import grant_role, list_roles, revoke_role, tie
from core.access.tables import RoleName
from core.catalog import names
from core.cli import pick
from core.cli.context import Json, engine_of, output, show_json, show_table
from core.engine import Engine
from core.errors import WrongState

app = typer.Typer(no_args_is_help=True, add_completion=False)

Identity = Annotated[
    str,
    typer.Argument(metavar="IDENTITY", help="os:NAME for an account of this machine, slack:T…/U… for a Slack user."),
]
Role = Annotated[RoleName, typer.Argument(metavar="ROLE", help=f"One of: {', '.join(RoleName)}.")]
AppOption = Annotated[str, typer.Option("--app", help="For app-admin: of this app only.")]
OrgOption = Annotated[str, typer.Option("--org", help="Organization; may be left out when there is one.")]


@app.command()
def grant(
    context: typer.Context,
    identity: Identity,
    role: Role,
    app_name: AppOption = "",
    org: OrgOption = "",
    as_json: Json = False,
) -> None:
    """Give someone a role. They need not have used Restorebot before."""
    with engine_of(context) as engine:
        by = engine.person()
        with engine.database.transaction() as session:
            organization, app_id = _where(session, org, app_name)
            person = _ensure(engine, session, identity)
            grant_role(
                session,
                person=person,
                organization_id=organization,
                role=role,
                app_id=app_id,
                by=by,
                now=engine.now(),
            )
        _show(engine, organization, person, f"{person.name} ({identity}) is {role.value} now.", as_json=as_json)


@app.command()
def revoke(
    context: typer.Context,
    identity: Identity,
    role: Role,
    app_name: AppOption = "",
    org: OrgOption = "",
    as_json: Json = False,
) -> None:
    """Take a role away."""
    with engine_of(context) as engine:
        by = engine.person()
        with engine.database.transaction() as session:
            organization, app_id = _where(session, org, app_name)
            person = _ensure(engine, session, identity)
            revoke_role(
                session,
                person=person,
                organization_id=organization,
                role=role,
                app_id=app_id,
                by=by,
                now=engine.now(),
            )
        _show(engine, organization, person, f"{person.name} ({identity}) is no {role.value} any more.", as_json=as_json)


@app.command("list")
def list_all(context: typer.Context, org: OrgOption = "", as_json: Json = False) -> None:
    """Who holds which role."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            organization = pick.organization(session, org)
        rows = _rows(engine, organization.id)
        if as_json:
            show_json(rows)
            return
        show_table(
            ("person", "identities", "role", "app"),
            [(one["person"], ", ".join(one["identities"]), one["role"], one["app"]) for one in rows],
            empty=f"Nobody holds a role in {organization.name}. Make the first: restorebot init",
        )


@app.command("tie")
def tie_identities(
    context: typer.Context,
    identity: Identity,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another identity of the same person.")],
    as_json: Json = False,
) -> None:
    """Say that two identities are one person, who then holds the roles of both. It cannot be undone."""
    with engine_of(context) as engine:
        by = engine.person()
        with engine.database.transaction() as session:
            for one in (identity, other):
                _ensure(engine, session, one)
            person = tie(session, identity=identity, other=other, by=by, now=engine.now())
        if as_json:
            show_json({"person": person.name, "identities": list(person.identities)})
        else:
            output().print(f"{person.name} is one person: {', '.join(person.identities)}.", markup=False)


def _where(session: Session, org: str, app_name: str) -> tuple[str, str]:
    """Organization and app (or "") by their ids."""
    if not app_name:
        return pick.organization(session, org).id, ""
    found = names.find_app(session, app_name)
    if org and pick.organization(session, org).id != found.organization_id:
        raise WrongState(
            f"The app {found.name} ({found.id}) is of another organization. Nothing was changed.",
            hint="Leave --org out: the app names its organization.",
        )
    return found.organization_id, found.id


def _ensure(engine: Engine, session: Session, identity: str) -> Person:
    return ensure_person(session, identity, identity.partition(":")[2], engine.now())


def _rows(engine: Engine, organization_id: str) -> list[dict[str, Any]]:
    with engine.database.reading() as session:
        return [
            {
                "person": one.person_name,
                "identities": list(person_by_id(session, one.person_id).identities),
                "role": one.role.value,
                "app": one.app_id or None,
            }
            for one in list_roles(session, organization_id)
        ]


def _show(engine: Engine, organization_id: str, person: Person, sentence: str, *, as_json: bool) -> None:
    if not as_json:
        output().print(sentence, markup=False)
        return
    mine = [one for one in _rows(engine, organization_id) if set(person.identities) & set(one["identities"])]
    show_json({"person": person.name, "identities": list(person.identities), "roles": mine})
