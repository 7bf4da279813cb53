"""restorebot init: what one machine needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from core.access.people import ensure_person
from core.access.roles import grant_role, list_roles
from core.access.tables import RoleName
from core.catalog import organizations, shards, storages
from core.catalog.tables import SecondPerson
from core.cli.context import Json, engine_of, output, show_json
from core.database.locks import alone
from core.engine import Engine
from core.storage.local import LocalStore

REGION = "local"

app = typer.Typer(add_completion=False)


@app.command()
def init(
    context: typer.Context,
    org: Annotated[str, typer.Option(help="Name of the organization.")] = "My organization",
    admin: Annotated[
        list[str] | None,
        typer.Option(help="slack:T…/U…: who becomes organization admin, too; may be given several times."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make what one machine needs: organization, shard, managed storage, signing key, and your roles. Repeatable.

    With the catalog on PostgreSQL, which several machines share, no shard and no storage are made: their places must be
    within reach of all of them.
    """
    with engine_of(context) as engine:
        one_machine = engine.database.is_sqlite
        made = initialise(engine, org, folders=one_machine, admins=admin or ())
        if as_json:
            show_json({"made": made, "data_dir": str(engine.settings.data_dir)})
            return
        console = output()
        for line in made or ["Everything was there already; nothing was changed."]:
            console.print(line, markup=False)
        console.print(f"Everything lives in {engine.settings.data_dir}.", markup=False)
        if one_machine:
            console.print("Next: restorebot app provision NAME --type confluence", markup=False)
        else:
            console.print(
                "Next: copy the folder keys to every other node, then restorebot storage create s3, and "
                "restorebot shard create. README.md, section Production, has every step.",
                markup=False,
                soft_wrap=True,
            )


def initialise(
    engine: Engine, organization_name: str, *, folders: bool = True, admins: Sequence[str] = ()
) -> list[str]:
    """Returns a sentence for each thing that was made. With `folders`, also a shard and a storage there; `admins` are
    identities of more organization admins. UsageError: one of them is no identity."""
    folder = engine.settings.data_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made: list[str] = []
    fresh_key = not any(engine.settings.keys_dir.glob("*")) if engine.settings.keys_dir.exists() else True
    key_id = engine.keyring.create()
    if fresh_key:
        made.append(f"Signing key {key_id}, readable by you alone.")
    person = engine.person()
    now = engine.now()
    with engine.database.transaction() as session:
        others = [(one, ensure_person(session, one, one.partition(":")[2], now)) for one in admins]
        alone(session, organizations.NAMES)  # of two that start at once, one makes everything
        known = organizations.list_all(session)
        if known:
            organization = next((one for one in known if one.name == organization_name), known[0])
        else:
            organization = organizations.create(
                session, name=organization_name, second_person=SecondPerson.NEVER, person=person.id, now=now
            )
            made.append(
                f"Organization {organization.name} ({organization.id}): enterprise, in the beta, commercial; "
                "one person may decide on access of their own restores, and each such decision is marked."
            )
        if folders and not shards.list_all(session):
            _folders(folder / "shards" / "shard-1")
            shards.create(
                session,
                name="shard-1",
                region=REGION,
                url=f"sqlite:///{folder / 'shards' / 'shard-1'}",
                attachments_url=_root(folder / "shards" / "shard-1" / "attachments"),
                person=person.id,
                now=now,
            )
            made.append(f"Shard shard-1 in region {REGION}.")
        if folders and not storages.list_all(session):
            url = _root(folder / "storage")
            storages.create_managed(session, name="managed", url=url, person=person.id, now=now)
            made.append("Storage managed: a folder of this machine.")
        held = {one.role for one in list_roles(session, organization.id) if one.person_id == person.id}
        missing = [role for role in RoleName if role not in held]
        for role in missing:
            grant_role(session, person=person, organization_id=organization.id, role=role, by=person, now=now)
        if missing:
            made.append(f"Roles of {person.name}: {', '.join(role.value for role in missing)}.")
        for identity, other in others:
            admin = RoleName.ORGANIZATION_ADMIN
            if any(one.person_id == other.id and one.role is admin for one in list_roles(session, organization.id)):
                continue
            grant_role(session, person=other, organization_id=organization.id, role=admin, by=person, now=now)
            made.append(
                f"Organization admin: {identity}. If that is you: restorebot role tie {person.identities[0]} {identity}"
            )
    return made


def _root(path: Path) -> str:
    store = LocalStore(path)
    store.create_root()
    return store.url


def _folders(path: Path) -> None:
    for folder in (path.parent, path):
        folder.mkdir(mode=0o700, exist_ok=True)
