"""The organization of `restorebot demo`: apps, people, backups of several ages, and an app that was damaged.

Every step has a date in the past on which it is taken, so that what lists show is what they would show had the days
gone by. A step that is done is written down: a start that was broken off goes on, and a second one keeps what people
have made of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from core import audit
from core.access.decisions import approve
from core.access.grants import list_grants, show_grants
from core.access.people import Person, ensure_person, person_of
from core.access.roles import grant_role, tie
from core.access.tables import GrantStatus, RoleName
from core.apps.driver import Contents, Edit, EditKind, Shard
from core.backup.inbox import ImportRequest, submit
from core.catalog import apps, backups, organizations, provisioning, shards, storages
from core.catalog.apps import App
from core.catalog.run_tables import RunStatus
from core.catalog.tables import SEALED, AppStatus
from core.content.record_type import AppType
from core.engine import Engine
from core.errors import RestorebotError
from core.look.outline import items
from core.restore import restores
from core.restore.assess import assess
from core.restore.request import RestoreRequest
from core.restore.submission import Confirmed
from core.restore.submission import submit as submit_restore
from core.retention import deactivation
from core.retention.policy import Rules
from core.samples.organization import write_demo_exports, write_support_exports
from core.storage.check import connect
from core.workflow.inline import drive

#: What the demo's engine is to be built with, so that one of the backups is above it.
DEMO_LIMIT_BYTES: Final = 2_000_000
ORGANIZATION: Final = "Acme"
WIKI, TRACKER, SUPPORT, DESK = "Acme Wiki", "Acme Tracker", "Support Wiki", "Service Desk"
FAR, OLD, NEW = "Acme Wiki US", "Old Intranet", "New Wiki"
#: The page that somebody has deleted.
SPACE, PAGE = "ENG", "On-call checklist"
#: Exports that are not an app's usual one.
_LACKING, _GROWN = "support wiki, files missing", "service desk, grown"
_ACTION: Final = "demo.step"
_ANEW: Final = "Remove the demo's folder and start it again."
_SHARDS: Final = (("shard-1", "eu"), ("shard-2", "eu"), ("shard-us", "us"))
#: App, its type, its shard.
_APPS: Final = (
    (WIKI, AppType.CONFLUENCE, "shard-1"),
    (TRACKER, AppType.JIRA, "shard-1"),
    (SUPPORT, AppType.CONFLUENCE, "shard-2"),
    (DESK, AppType.JIRA, "shard-2"),
    (FAR, AppType.CONFLUENCE, "shard-us"),
    (OLD, AppType.CONFLUENCE, "shard-1"),
)


@dataclass(frozen=True, kw_only=True)
class DemoPerson:
    """`identity` as in `core.access.people`: `slack:T…/U…`."""

    identity: str
    name: str


@dataclass(frozen=True, kw_only=True)
class DemoOrganization:
    """What the story is told with. Ids."""

    organization_id: str
    damaged_app: str
    #: the page that is gone from the damaged app, and the space it was in
    page: str
    space: str
    #: the backup, a day old, that has the page
    backup: str
    #: the new app, which holds its default personal space only
    new_app: str
    #: a backup above the self-service limit
    large_backup: str


def make_demo_organization(
    engine: Engine, folder: Path, *, admin: DemoPerson, approver: DemoPerson, agent: DemoPerson
) -> DemoOrganization:
    """Make what of it is not there yet. `folder` takes the generated exports, which nobody needs afterwards. No worker
    may be alive. The account of this machine acts as the admin, too."""
    making = _Making(engine, folder, admin, approver, agent)
    for key, age, act in making.steps():
        making.once(key, age, act)
    return making.described()


Act = Callable[[Engine], object]


class _Making:
    def __init__(
        self, engine: Engine, folder: Path, admin: DemoPerson, approver: DemoPerson, agent: DemoPerson
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._admin, self._approver, self._agent = admin, approver, agent
        self._began = engine.now()

    def steps(self) -> Iterator[tuple[str, timedelta, Act]]:
        """Name, how long ago, and what is done; the oldest first."""
        yield "organization", timedelta(days=16), self._organization
        yield "places", timedelta(days=16), self._places
        for name, app_type, shard in _APPS:
            yield f"app {name}", timedelta(days=16), self._provisioned(name, app_type, shard)
        for name in (WIKI, TRACKER, SUPPORT, DESK):  # by now these have expired
            yield f"first backup {name}", timedelta(days=15), self._imported(name, name)
            yield f"filled {name}", timedelta(days=15) - timedelta(hours=1), self._filled(name)
        yield "access", timedelta(days=15) - timedelta(hours=2), self._access
        yield "support, days ago", timedelta(days=13, hours=14), self._imported(SUPPORT, SUPPORT)
        yield "old", timedelta(days=10), self._imported(OLD, SUPPORT)
        yield "wiki, days ago", timedelta(days=9), self._imported(WIKI, WIKI)
        yield "old is deactivated", timedelta(days=5), self._deactivated
        yield "support lacks files", timedelta(days=4), self._imported(SUPPORT, _LACKING)
        yield "far", timedelta(days=3), self._imported(FAR, WIKI)
        yield "tracker, days ago", timedelta(days=2), self._imported(TRACKER, TRACKER)
        for name, export in ((WIKI, WIKI), (TRACKER, TRACKER), (DESK, _GROWN)):
            yield f"yesterday {name}", timedelta(days=1), self._imported(name, export)
        yield "new app", timedelta(hours=3), self._provisioned(NEW, AppType.CONFLUENCE, "shard-1", with_space=True)
        yield "damage", timedelta(hours=2), self._damaged

    def once(self, key: str, age: timedelta, act: Act) -> None:
        subject = f"demo:{key}"
        with self._engine.database.reading() as session:
            if audit.entries(session, subject=subject):
                return
        then = self._began - age
        act(replace(self._engine, now=lambda: then))
        with self._engine.database.transaction() as session:
            audit.record(session, person="demo", action=_ACTION, subject=subject, now=then)

    @cached_property
    def exports(self) -> Mapping[str, Path]:
        demo = write_demo_exports(self._folder)
        support = write_support_exports(self._folder, grown_bytes=DEMO_LIMIT_BYTES)
        return {
            WIKI: demo.wiki.path,
            TRACKER: demo.tracker.path,
            SUPPORT: support.wiki,
            _LACKING: support.wiki_lacking_files,
            DESK: support.desk,
            _GROWN: support.grown_desk,
        }

    def described(self) -> DemoOrganization:
        with self._engine.database.reading() as session:
            wiki, desk, new = (self._app(session, name) for name in (WIKI, DESK, NEW))
            newest = {one.id: backups.list_all(session, app_id=one.id)[0].id for one in (wiki, desk)}
        return DemoOrganization(
            organization_id=wiki.organization_id,
            damaged_app=wiki.id,
            page=PAGE,
            space=SPACE,
            backup=newest[wiki.id],
            new_app=new.id,
            large_backup=newest[desk.id],
        )

    def _organization(self, engine: Engine) -> None:
        engine.keyring.create()
        account, now = engine.person(), engine.now()
        with engine.database.transaction() as session:
            if organizations.list_all(session):
                return
            admin, approver, agent = (
                ensure_person(session, one.identity, one.name, now)
                for one in (self._admin, self._approver, self._agent)
            )
            made = organizations.create(session, name=ORGANIZATION, person=admin.id, now=now)
            for person, role in (
                (admin, RoleName.ORGANIZATION_ADMIN),
                (approver, RoleName.ACCESS_APPROVER),
                (agent, RoleName.SUPPORT_AGENT),
            ):
                grant_role(session, person=person, organization_id=made.id, role=role, by=admin, now=now)
            tie(session, identity=self._admin.identity, other=account.identities[0], by=admin, now=now)

    def _places(self, engine: Engine) -> None:
        """Shards and a storage, in the data folder."""
        folder = engine.settings.data_dir
        admin = self._person(engine, self._admin)
        with engine.database.reading() as session:
            known = {one.name for one in shards.list_all(session)}
            stored = storages.list_all(session)
        for name, region in _SHARDS:
            if name not in known:
                place = folder / "shards" / name
                wanted = Shard(
                    name=name,
                    region=region,
                    url=f"sqlite:///{place}",
                    attachments_url=(place / "attachments").as_uri(),
                )
                engine.drivers["embedded"].prepare(wanted)
                attachments = connect(wanted.attachments_url, engine.now())
                with engine.database.transaction() as session:
                    shards.create(
                        session,
                        name=name,
                        region=region,
                        url=wanted.url,
                        attachments_url=attachments,
                        person=admin.id,
                        now=engine.now(),
                    )
        if not stored:
            url = connect((folder / "storage").as_uri(), engine.now())
            with engine.database.transaction() as session:
                storages.create_managed(session, name="managed", url=url, person=admin.id, now=engine.now())

    def _provisioned(self, name: str, app_type: AppType, shard: str, *, with_space: bool = False) -> Act:
        def act(engine: Engine) -> None:
            with engine.database.reading() as session:
                (organization,) = organizations.list_all(session)
                if any(one.name == name for one in apps.list_all(session)):
                    return
            provisioning.provision(
                engine.database,
                engine.drivers,
                organization_id=organization.id,
                name=name,
                app_type=app_type,
                shard=shard,
                apps_per_shard=engine.settings.apps_per_shard,
                person=self._person(engine, self._admin).id,
                now=engine.now(),
                with_default_personal_space=with_space,
            )

        return act

    def _imported(self, name: str, export: str) -> Act:
        def act(engine: Engine) -> None:
            drive(engine.run_kinds())  # what a start that was broken off has left: it holds the app
            with engine.database.reading() as session:
                app = self._app(session, name)
                (storage,) = storages.list_all(session)
            request = ImportRequest(
                file=self.exports[export],
                app_id=app.id,
                storage_id=storage.id,
                requester=self._person(engine, self._admin).id,
            )
            store = engine.open_store(storage.url)
            submitted = submit(
                request, settings=engine.settings, database=engine.database, store=store, now=engine.now()
            )
            drive(engine.run_kinds())
            with engine.database.reading() as session:
                done = backups.get(session, submitted.id)
            if done.status not in SEALED:
                raise RestorebotError(f"The demo's backup of {name} was not made: {done.error}.", hint=_ANEW)

        return act

    def _filled(self, name: str) -> Act:
        """The app gets its content as a restored app does: by a restore of its first backup."""

        def act(engine: Engine) -> None:
            drive(engine.run_kinds())
            with engine.database.reading() as session:
                app = self._app(session, name)
                place = apps.place(session, app)
                backup = backups.list_all(session, app_id=app.id)[0]
            if engine.drivers[app.driver].contents(place) is not Contents.NOTHING:
                return
            person = self._person(engine, self._admin)
            request = RestoreRequest(backup_id=backup.id, destination_id=app.id, requester=person.id)
            submitted = submit_restore(engine.tools, request, Confirmed.of(assess(engine.tools, request)))
            drive(engine.run_kinds())
            with engine.database.reading() as session:
                done = restores.get(session, submitted.id)
            if done.status is not RunStatus.COMPLETED:
                raise RestorebotError(f"The demo's app {name} was not filled: {done.failure}.", hint=_ANEW)

        return act

    def _access(self, engine: Engine) -> None:
        """What the restores have proposed is approved, one after the other: each changes what the next would do."""
        approver = self._person(engine, self._approver)
        with engine.database.reading() as session:
            (organization,) = organizations.list_all(session)
            waiting = list_grants(session, organization.id, status=GrantStatus.PENDING)
        for one in waiting:
            with engine.database.transaction() as session:
                digest = show_grants(session, (one.id,)).impact.digest
                approve(session, grant_id=one.id, digest=digest, decided_by=approver, now=engine.now())

    def _deactivated(self, engine: Engine) -> None:
        admin = self._person(engine, self._admin)
        with engine.database.transaction() as session:
            app = self._app(session, OLD)
            if app.status is AppStatus.ACTIVE:
                rules = Rules.of(engine.settings)
                deactivation.deactivate(session, app.id, person=admin.id, now=engine.now(), rules=rules)

    def _damaged(self, engine: Engine) -> None:
        with engine.database.reading() as session:
            app = self._app(session, WIKI)
            place = apps.place(session, app)
        driver = engine.drivers[app.driver]
        for one in items(driver, place, SPACE):
            if one.title == PAGE:
                driver.edit(place, Edit(kind=EditKind.DELETE_ITEM, key=one.record_key))

    def _app(self, session: Session, name: str) -> App:
        return next(one for one in apps.list_all(session) if one.name == name)

    def _person(self, engine: Engine, who: DemoPerson) -> Person:
        with engine.database.reading() as session:
            return person_of(session, who.identity)
