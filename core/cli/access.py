"""restorebot access …"""

from collections.abc import Sequence
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from core.access.by_hand import grant_access, show_access
from core.access.decisions import approve_together
from core.access.decisions import deny as deny_grant
from core.access.decisions import revoke as revoke_grant
from core.access.directory import group_named, snapshot, user_called
from core.access.grants import Grant, GrantReview, in_sentences, list_grants, show_grants
from core.access.grants_json import grants_json
from core.access.impact import Proposal
from core.access.tables import AppRoleName, GrantKind, GrantStatus
from core.catalog import names
from core.catalog.tables import SecondPerson
from core.cli import pick
from core.cli.context import CANCELLED, Json, confirmed, engine_of, say, show_json
from core.cli.grants import review_json, show_decided, show_grants_table, show_impact
from core.engine import Engine
from core.errors import NotFound, UsageError

app = typer.Typer(no_args_is_help=True, add_completion=False)

GrantIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="GRANT...", help="Ids, or unique parts of them; several are one decision."),
]
RestoreOption = Annotated[str, typer.Option("--restore", help="All that wait from this restore.")]
OrgOption = Annotated[str, typer.Option("--org", help="Organization; may be left out when there is one.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; what is shown is taken as read.")]


@app.command("list")
def list_all(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what is decided.")] = False,
    restore: Annotated[str, typer.Option("--restore", help="Only what this restore proposed.")] = "",
    org: OrgOption = "",
    as_json: Json = False,
) -> None:
    """Access that waits for a decision."""
    with engine_of(context) as engine, engine.database.reading() as session:
        found_restore = pick.restore(session, restore) if restore else None
        organization = found_restore.organization_id if found_restore else pick.organization(session, org).id
        found = list_grants(
            session,
            organization,
            status=None if everything else GrantStatus.PENDING,
            restore_id=found_restore.id if found_restore else None,
        )
        if as_json:
            show_json(grants_json(session, found))
        else:
            show_grants_table(
                session,
                found,
                empty="There are no grants." if everything else "Nothing waits for a decision. All: access list --all",
            )


@app.command()
def show(context: typer.Context, grants: GrantIds = None, restore: RestoreOption = "", as_json: Json = False) -> None:
    """What grants would do together now: who gets in, which apps open, how many new seats."""
    with engine_of(context) as engine, engine.database.reading() as session:
        found = show_grants(session, _chosen(session, grants, restore))
        if as_json:
            show_json(review_json(session, found))
        else:
            show_impact(session, found)


@app.command()
def approve(
    context: typer.Context,
    grants: GrantIds = None,
    restore: RestoreOption = "",
    reason: Reason = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Give the access, after showing what it does. Several are given together, or none of them."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            ids = _chosen(session, grants, restore)
            shown = show_grants(session, ids)
            if not as_json:
                show_impact(session, shown)
        _ask(shown, yes=yes)
        person = engine.person()
        with engine.database.transaction() as session:
            decided = approve_together(
                session,
                grant_ids=ids,
                digest=shown.impact.digest,
                decided_by=person,
                reason=reason,
                now=engine.now(),
                second_person=_second_person(engine),
            )
        _tell(engine, decided, as_json=as_json)


@app.command()
def deny(
    context: typer.Context,
    grants: GrantIds = None,
    restore: RestoreOption = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Do not give the access. The restored people and data stay; nothing opens."""
    with engine_of(context) as engine:
        person = engine.person()
        with engine.database.transaction() as session:
            decided = [
                deny_grant(
                    session,
                    grant_id=one,
                    decided_by=person,
                    reason=reason,
                    now=engine.now(),
                    second_person=_second_person(engine),
                )
                for one in _chosen(session, grants, restore)
            ]
        _tell(engine, decided, as_json=as_json)


@app.command()
def grant(
    context: typer.Context,
    group: Annotated[str, typer.Argument(metavar="GROUP", help="A group of the organization, by its name.")],
    app_name: Annotated[str, typer.Option("--app", help="Let the group open this app.")] = "",
    role: Annotated[AppRoleName, typer.Option(help="With --app: open it, or administer it.")] = AppRoleName.USER,
    member: Annotated[str, typer.Option("--member", help="Let this person (e-mail, username) or group join it.")] = "",
    org: OrgOption = "",
    reason: Reason = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Give access by hand: let a group open an app, or someone join a group. It can be revoked like any other."""
    with engine_of(context) as engine:
        if bool(app_name) == bool(member):
            raise UsageError(
                "Access by hand is either for an app or for a member. Nothing was changed.",
                hint="Give --app APP to let the group open an app, or --member PERSON to let someone join it.",
            )
        with engine.database.reading() as session:
            organization = (
                names.find_app(session, app_name).organization_id if app_name else pick.organization(session, org).id
            )
            proposal = _proposal(session, organization, group, app_name=app_name, role=role, member=member)
            shown = show_access(session, organization_id=organization, proposal=proposal)
            if not as_json:
                show_impact(session, shown)
        _ask(shown, yes=yes)
        person = engine.person()
        with engine.database.transaction() as session:
            given = grant_access(
                session,
                organization_id=organization,
                proposal=proposal,
                digest=shown.impact.digest,
                decided_by=person,
                reason=reason,
                now=engine.now(),
                second_person=_second_person(engine),
            )
        _tell(engine, [given], as_json=as_json)


@app.command()
def revoke(
    context: typer.Context,
    grant: Annotated[str, typer.Argument(metavar="GRANT", help="Id, or a unique part of it.")],
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Take back what a grant gave, and nothing else."""
    with engine_of(context) as engine:
        person = engine.person()
        with engine.database.transaction() as session:
            revoked = revoke_grant(
                session, grant_id=pick.grant_id(session, grant), decided_by=person, reason=reason, now=engine.now()
            )
        _tell(engine, [revoked], as_json=as_json)


def _chosen(session: Session, words: list[str] | None, restore: str) -> tuple[str, ...]:
    """Ids of the grants a person named, each once, with all that wait from a restore."""
    ids = [pick.grant_id(session, one) for one in words or []]
    if restore:
        found = pick.restore(session, restore)
        waiting = list_grants(session, found.organization_id, status=GrantStatus.PENDING, restore_id=found.id)
        ids += [one.id for one in waiting]
    if not ids:
        raise UsageError(
            f"Nothing waits from the restore {restore}." if restore else "No grant was named. Nothing was changed.",
            hint="Name grants by their ids: restorebot access list.",
        )
    return tuple(dict.fromkeys(ids))


def _proposal(
    session: Session, organization_id: str, group: str, *, app_name: str, role: AppRoleName, member: str
) -> Proposal:
    directory = snapshot(session, organization_id)
    group_id = group_named(directory, group).id
    if app_name:
        app_id = names.find_app(session, app_name).id
        return Proposal(kind=GrantKind.GROUP_ACCESS, group_id=group_id, app_id=app_id, role=role)
    try:
        return Proposal(kind=GrantKind.MEMBER, group_id=group_id, member_id=user_called(directory, member).id)
    except NotFound as nobody:
        try:
            nested = group_named(directory, member).id
        except NotFound:
            raise nobody from None
        return Proposal(kind=GrantKind.MEMBER, group_id=group_id, member_id=nested, member_is_group=True)


def _tell(engine: Engine, decided: Sequence[Grant], *, as_json: bool) -> None:
    """What became of the grants, once that is kept."""
    with engine.database.reading() as session:
        if as_json:
            show_json(grants_json(session, decided))
        else:
            show_decided(session, decided)


def _ask(shown: GrantReview, *, yes: bool) -> None:
    if not yes and not confirmed(f"{in_sentences(shown)} Give this access?"):
        say("Nothing was given.")
        raise typer.Exit(CANCELLED)


def _second_person(engine: Engine) -> SecondPerson | None:
    """The setting, where it overrides the organizations' own rule."""
    wanted = engine.settings.second_person
    return SecondPerson(wanted) if wanted else None
