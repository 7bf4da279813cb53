"""What doctor looks at. Each look yields lines; what cannot be looked at is a bad line, never silence."""

import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text

from core.access.deciders import deciders
from core.access.roles import holders
from core.access.tables import RoleName
from core.backup.leftovers import abandoned
from core.catalog import apps, backups, generations, holds, organizations, shards, storages
from core.catalog.runs import OPEN, Runs
from core.catalog.tables import HoldReason
from core.cli.context import moment, size
from core.database.failures import without_password
from core.database.server import ServerState, look_at
from core.engine import Engine
from core.errors import RestorebotError
from core.migrations import head, revision_of
from core.moves import moves
from core.restore import restores
from core.storage import check
from core.storage.check import Look, Verdict
from core.workflow.lookup import JournalLookup, journal_lookup
from core.workflow.waits import Situation, situation

LITTLE_SPACE: Final = 2_000_000_000
SILENT_SECONDS: Final = 60
#: The part of a server's connections above which doctor warns.
CROWDED: Final = 0.8


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Line:
    state: State
    what: str
    said: str
    do: str = ""


def ok(what: str, said: str) -> Line:
    return Line(state=State.OK, what=what, said=said)


def warning(what: str, said: str, do: str) -> Line:
    return Line(state=State.WARNING, what=what, said=said, do=do)


def bad(what: str, said: str, do: str) -> Line:
    return Line(state=State.BAD, what=what, said=said, do=do)


def checkup(engine: Engine) -> Iterator[Line]:
    """Everything, in the order in which one rests on the other."""
    for what, look in (
        ("settings", _settings),
        ("catalog", _catalog),
        ("signing key", _key),
        ("organization", _organizations),
        ("storage", _storages),
        ("shard", _shards),
        ("worker", _workers_and_runs),
        ("leftovers", _leftovers),
    ):
        yield from _lines(what, look, engine)


def failed(what: str, error: Exception) -> Line:
    """A look that was not possible."""
    if isinstance(error, RestorebotError):
        return bad(what, error.message, error.hint or "Put this right, then run restorebot doctor again.")
    return bad(what, f"It could not be looked at: {error}", "Check the folder and who may read it.")


def _lines(what: str, look: Callable[[Engine], Iterator[Line]], engine: Engine) -> Iterator[Line]:
    try:
        yield from look(engine)
    except (RestorebotError, OSError) as error:
        yield failed(what, error)


def _settings(engine: Engine) -> Iterator[Line]:
    settings = engine.settings
    fields = type(settings).model_fields
    changed = [
        f"{name}={getattr(settings, name)}"
        for name in sorted(settings.model_fields_set)
        if name in fields and name not in ("data_dir", "database_url")
    ]
    said = f"data in {settings.data_dir}" + (f"; set: {', '.join(changed)}" if changed else "; all others by default")
    yield ok("settings", said)


def _catalog(engine: Engine) -> Iterator[Line]:
    database = engine.database
    with database.reading() as session:
        found = revision_of(session.connection())
        mode = session.scalar(text("PRAGMA journal_mode")) if database.is_sqlite else ""
        server = None if database.is_sqlite else look_at(session)
    if found != head():
        yield bad("catalog", f"Its revision is {found}, and this version needs {head()}.", "Run any command again.")
    elif server is not None:
        yield from _server(server, f"{without_password(database.url)}, revision {found}")
    elif mode != "wal":
        yield bad(
            "catalog",
            f"Its journal mode is {mode}, not WAL.",
            "Put the data folder on a local disk: SQLite's WAL does not work over a network.",
        )
    else:
        yield ok("catalog", f"reachable, revision {found}, WAL")


def _server(found: ServerState, said: str) -> Iterator[Line]:
    said = f"PostgreSQL {found.version}, answers in {found.milliseconds:.1f} ms; {said}"
    if found.read_only:
        yield bad(
            "catalog",
            f"{said}; it takes no writes: {found.read_only}",
            "Name the primary in RESTOREBOT_DATABASE_URL, or end default_transaction_read_only.",
        )
    else:
        yield ok("catalog", said)
    used = f"{found.connections} of {found.limit} in use, {found.ours} of them by Restorebot"
    if found.connections > found.limit * CROWDED:
        yield warning("connections", used, "Raise the server's max_connections before more workers are started.")
    else:
        yield ok("connections", used)
    if found.unsafe:
        names = " and ".join(found.unsafe)
        said = f"The server runs with {names} off: a crash of its machine may lose data."
        yield warning("catalog", said, "Put this right, then run restorebot doctor again.")


def _key(engine: Engine) -> Iterator[Line]:
    folder = engine.settings.keys_dir
    if not folder.exists():
        yield bad("signing key", f"There is none in {folder}.", "Make it: restorebot init")
        return
    key_id = engine.keyring.key_id()
    open_to_others = [one for one in sorted(folder.glob("*.pem")) if stat.S_IMODE(one.stat().st_mode) & 0o077]
    if open_to_others:
        names = " ".join(str(one) for one in open_to_others)
        yield bad("signing key", f"Others may read or write {names}.", f"chmod 600 {names}")
    else:
        yield ok("signing key", f"{key_id}, readable by its owner alone")


def _organizations(engine: Engine) -> Iterator[Line]:
    with engine.database.reading() as session:
        found = organizations.list_all(session)
        admins = {one.id: holders(session, one.id, RoleName.ORGANIZATION_ADMIN) for one in found}
        approvers = {one.id: deciders(session, one.id) for one in found}
    if not found:
        yield bad("organization", "There is none.", "Make what one machine needs: restorebot init")
    for one in found:
        what = f"organization {one.name}"
        if not admins[one.id]:
            yield bad(what, "Nobody is organization admin.", "Make yourself one: restorebot init")
        elif not approvers[one.id]:
            yield warning(
                what,
                "Nobody can decide on access.",
                f'Name an approver: restorebot role grant os:NAME access-approver --org "{one.name}"',
            )
        else:
            yield ok(what, f"{len(admins[one.id])} organization admins, {len(approvers[one.id])} access approvers")


def _storages(engine: Engine) -> Iterator[Line]:
    with engine.database.reading() as session:
        found = storages.list_all(session)
    if not found:
        yield bad("storage", "There is none.", _made_by(engine, "restorebot storage create s3"))
    for one in found:
        what = f"storage {one.name}"
        try:
            store = engine.open_store(one.url)
            if looks := list(check.look(store, engine.now())):
                yield from _looked(what, one.url, looks)
                continue
            next(iter(store.list("backups/")), None)
            yield _space(what, f"{one.url} can be listed", store.free_bytes())
        except (RestorebotError, OSError) as error:
            yield failed(what, error)


def _made_by(engine: Engine, command: str) -> str:
    """`init` makes folders only where one machine has the catalog for itself."""
    return f"Make one: {'restorebot init' if engine.database.is_sqlite else command}"


def _shards(engine: Engine) -> Iterator[Line]:
    with engine.database.reading() as session:
        found = shards.list_all(session)
        on_shard = [one.shard for one in apps.list_all(session)]
    if not found:
        yield bad("shard", "There is none.", _made_by(engine, "restorebot shard create"))
    for one in found:
        what = f"shard {one.name}"
        try:
            state = engine.drivers["embedded"].look_at(one)
            attachments = engine.open_store(one.attachments_url)
            if looks := list(check.look(attachments, engine.now())):
                yield from _looked(f"{what} attachments", one.attachments_url, looks)
            else:
                next(iter(attachments.list("gen-")), None)
            said = f"{on_shard.count(one.name)} apps in region {one.region}; {state.said}"
            yield _space(what, said, engine.drivers["embedded"].free_bytes(one))
            for warned in state.warnings:
                yield warning(what, warned, "Put this right, then run restorebot doctor again.")
        except (RestorebotError, OSError) as error:
            yield failed(what, error)


def _looked(what: str, url: str, looks: Sequence[Look]) -> Iterator[Line]:
    """One line that tells what is well, and one for each thing that is not."""
    for one in looks:
        if one.verdict is not Verdict.OK:
            yield Line(state=State(one.verdict.value), what=what, said=f"To {one.what}: {one.said}", do=one.do)
    well = [one.what for one in looks if one.verdict is Verdict.OK]
    if well:
        yield ok(what, f"{url}; tried, and well: {', '.join(well)}")


def _space(what: str, said: str, free: int | None) -> Line:
    if free is None:
        return ok(what, said)
    if free < LITTLE_SPACE:
        return warning(what, f"{said}; only {size(free)} free", "Free space on its disk before the next run.")
    return ok(what, f"{said}; {size(free)} free")


def _workers_and_runs(engine: Engine) -> Iterator[Line]:
    now = engine.now()
    found = journal_lookup(engine.database, engine.settings, now)
    working = [one for one in found.workers if one.state == "working"]
    for one in (seen for seen in found.workers if seen.state != "stopped"):
        age = f"{one.heartbeat_age.total_seconds():.0f} s ago"
        slot = ", has the slot" if one.executor_id == found.slot_holder else ""
        holds = f"drives {one.runs} runs, {one.parts} of {one.slots} slots in use"
        said = f"process {one.pid} on {one.host.partition('/')[0]}: {one.state}, last seen {age}{slot}; {holds}"
        if one.state in ("working", "leaving") and one.heartbeat_age > timedelta(seconds=SILENT_SECONDS):
            yield warning("worker", f"{said}; it is silent", "Stop it, and start another one: restorebot worker")
        elif one.state == "dead":
            yield warning("worker", said, "What it left is taken over by the next worker: restorebot worker")
        else:
            yield ok("worker", f"{said}, release {one.version}")
    if not working:
        yield ok("worker", "none is running; `backup import`, `restore run` and `app move` work by themselves")
    now_open = situation(engine.database, engine.settings, engine.run_kinds(), now)
    yield from _queues(engine, now_open)
    yield from _runs(engine, found, now_open, now)


def _queues(engine: Engine, now_open: Situation) -> Iterator[Line]:
    """What waits, by organization."""
    with engine.database.reading() as session:
        names = {one.id: one.name for one in organizations.list_all(session)}
    for organization in sorted({one.organization for one in now_open.runs}):
        runs = [one for one in now_open.runs if one.organization == organization]
        steps = [one for one in now_open.steps if one.organization == organization]
        queued = sum(one.status == "queued" for one in runs)
        yield ok(
            f"queue of {names.get(organization, organization)}",
            f"{len(runs) - queued} runs begun, {queued} queued; {sum(one.running for one in steps)} parts in flight, "
            f"{sum(one.waiting for one in steps)} wait",
        )


def _runs(engine: Engine, found: JournalLookup, now_open: Situation, now: datetime) -> Iterator[Line]:
    """What is not over, and why it does not go on."""
    with engine.database.reading() as session:
        kinds: tuple[Runs[Any], ...] = (restores.RUNS, moves.RUNS)
        everything = [(kind.word, one) for kind in kinds for one in kind.list_all(session)]
        running = backups.running(session)
    in_journal = {one.id.partition("@")[0] for one in found.pending}
    not_over = [
        (f"{word} {one.id}", one.id, one.step, one.created_at) for word, one in everything if one.status.value in OPEN
    ]
    not_over += [(f"import {one.id}", one.id, one.step or "queued", one.taken_at) for one in running]
    for what, run_id, step, since in not_over:
        said = f"at step {step.replace('_', ' ')}" + ("" if run_id in in_journal else ", not begun")
        wait = found.wait_of(run_id) or now_open.wait_of(run_id)
        if wait.stuck:
            yield warning(what, f"{said}; it {wait.said}", "Start one: restorebot worker")
        else:
            yield ok(what, f"{said}, since {moment(since)}" + (f"; {wait.said}" if wait.said else ""))
    for word, one in everything:
        if one.staging_until is not None and one.staging_until > now:
            yield warning(
                f"{word} {one.id}",
                f"failed, and can be resumed until {moment(one.staging_until)}; till then it keeps what it holds",
                f"Resume it (restorebot {word} resume {one.id}) or end it (restorebot {word} cancel {one.id}).",
            )


def _leftovers(engine: Engine) -> Iterator[Line]:
    now, settings = engine.now(), engine.settings
    with engine.database.reading() as session:
        retired = generations.retired_before(session, now)
        orphans = generations.orphans(session, now)
        broken_off = [
            (app, hold)
            for app in apps.list_all(session)
            for hold in holds.holds_on(session, holds.on_app(app.id))
            if hold.reason is HoldReason.CLEAR
        ]
    for app, hold in broken_off:
        yield warning(
            f"app {app.name}",
            f"held by a {hold.reason.value} since {moment(hold.since)}",
            f'Unless it is running now, start it again: restorebot app clear-default-space "{app.name}"',
        )
    grace = f"{settings.generation_grace_hours} h after they were replaced, by a worker"
    yield ok("generations", f"{len(retired)} replaced ones wait to be removed, {grace}; {len(orphans)} never published")
    files = abandoned(engine.database, engine.open_store, now)
    if files:
        held = size(sum(info.size for _, info in files))
        yield warning(
            "inbox", f"{len(files)} files ({held}) of imports that ended", "A worker removes them: restorebot worker"
        )
    else:
        yield ok("inbox", "nothing left over")
