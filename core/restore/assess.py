"""Plan and check a request: gather the facts of both sides, make the plan, run the checks. Changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.access.directory import Directory, same_case, snapshot
from core.apps.driver import Driver, Inspection, Place, Shard
from core.archive.manifest import Manifest
from core.archive.reader import ArchiveReader
from core.archive.signing import Keyring
from core.catalog import apps, backups, holds, organizations, shards, storages
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.catalog.organizations import Organization
from core.catalog.tables import SEALED, AppStatus
from core.database import Database
from core.errors import BadSignature, DamagedObject, RestorebotError, UnknownFormat
from core.findings import Finding, FindingCode, Severity
from core.restore import restores
from core.restore.choices import Choices
from core.restore.eligibility import facts_of
from core.restore.estimate import PastRun, estimated_minutes
from core.restore.facts import BackupFacts, DestinationFacts, Facts, GroupFacts, Limits
from core.restore.people import backup_directory, group_facts
from core.restore.plan import RestorePlan, make_plan
from core.restore.preflight import preflight
from core.restore.request import Part, RestoreRequest
from core.settings import Settings
from core.storage.store import Store


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What a restore works with."""

    settings: Settings
    database: Database
    keyring: Keyring
    drivers: Mapping[str, Driver]
    open_store: Callable[[str], Store]
    now: Callable[[], datetime]


class Phase(StrEnum):
    """What an assessment looks at, in this order and in words."""

    CATALOG = "what is known of both sides"
    BACKUP = "the backup's signature and contents"
    PEOPLE = "users and groups"
    DESTINATION = "the destination"
    CHECKS = "the checks"

    @property
    def number(self) -> int:
        """From 1; of `len(Phase)`."""
        return list(Phase).index(self) + 1


#: Told each phase as it begins, in the thread that assesses.
Progress = Callable[[Phase], None]


def untold(_phase: Phase) -> None:
    """The progress nobody follows."""


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """A plan with its findings; no plan where the backup cannot be read, which the findings then say."""

    plan: RestorePlan | None
    findings: tuple[Finding, ...]
    manifest: Manifest | None
    #: about how long it takes, where it moves the destination to another shard
    move_minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """What the catalog says, read in one transaction."""

    backup: Backup
    source: App
    destination: App
    organization: Organization
    place: Place
    target: Shard
    storage_url: str
    held: str
    held_by_this_run: bool
    restored_at: datetime | None
    other_apps: int
    past_moves: Sequence[PastRun]
    directory: Directory


def assess(tools: Tools, request: RestoreRequest, *, run_id: str = "", progress: Progress = untold) -> Assessment:
    """`run_id` is the run whose own holds do not count. Raises NotFound and the store's errors, and what `progress`
    raises."""
    progress(Phase.CATALOG)
    rows = _read(tools, request, run_id)
    if rows.backup.status not in SEALED:
        return Assessment(plan=None, findings=(_not_sealed(rows.backup),), manifest=None)
    progress(Phase.BACKUP)
    try:
        reader = open_backup(tools, rows.backup, rows.storage_url)
        progress(Phase.PEOPLE)
        groups, names = _groups(reader, rows, request)
    except (BadSignature, DamagedObject, UnknownFormat) as error:
        return Assessment(plan=None, findings=(unreadable(rows.backup.id, error),), manifest=None)
    progress(Phase.DESTINATION)
    driver = tools.drivers[rows.destination.driver]
    try:
        inspection = driver.inspect(rows.place)
    except (RestorebotError, OSError) as error:
        return Assessment(plan=None, findings=(_not_inspected(rows.destination, error),), manifest=reader.manifest)
    progress(Phase.CHECKS)
    plan = make_plan(
        request=request,
        manifest=reader.manifest,
        manifest_digest=rows.backup.manifest_digest or "",
        destination_shard=rows.destination.shard,
        target_shard=rows.target.name,
        existing_groups=frozenset(same_case(group.name) for group in rows.directory.groups.values()),
        backup_groups=names,
        part_bytes=tools.settings.part_bytes,
    )
    minutes = estimated_minutes(rows.past_moves, plan.size_bytes, default=tools.settings.shard_move_estimate_minutes)
    facts = _facts(tools, rows, reader.manifest, inspection, groups, minutes)
    return Assessment(
        plan=plan,
        findings=preflight(request, plan, facts),
        manifest=reader.manifest,
        move_minutes=minutes if plan.moves else None,
    )


def open_backup(tools: Tools, backup: Backup, storage_url: str = "") -> ArchiveReader:
    if not storage_url:
        with tools.database.reading() as session:
            storage_url = storages.get(session, backup.storage_id).url
    return ArchiveReader(tools.open_store(storage_url), backup.id, tools.keyring, backup.manifest_digest)


def _read(tools: Tools, request: RestoreRequest, run_id: str) -> _Rows:
    with tools.database.reading() as session:
        backup = backups.get(session, request.backup_id)
        source = apps.get(session, backup.app_id)
        destination = apps.get(session, request.destination_id)
        others = [one for one in holds.holds_on(session, holds.on_app(destination.id)) if one.run_id != run_id]
        holding = [one.run_id for one in holds.holds_on(session, holds.on_backup(backup.id))]
        target = _target(backup, destination, shards.list_all(session))
        return _Rows(
            backup=backup,
            source=source,
            destination=destination,
            organization=organizations.get(session, destination.organization_id),
            place=apps.place(session, destination),
            target=target,
            storage_url=storages.get(session, backup.storage_id).url,
            held=holds.held_error(f"{destination.name}", others[0]).message if others else "",
            held_by_this_run=run_id in holding,
            restored_at=restores.last_completed(session, backup.id),
            other_apps=apps.count_on(session, target.name, but=destination.id),
            past_moves=restores.past_moves(session),
            directory=snapshot(session, destination.organization_id),
        )


def _target(backup: Backup, destination: App, known: Sequence[Shard]) -> Shard:
    """The backup's shard; if that is gone the destination's when it is in the same region, else any there; else the
    destination's, which the checks will refuse."""
    by_name = {one.name: one for one in known}
    if backup.shard in by_name:
        return by_name[backup.shard]
    own = by_name[destination.shard]
    if own.region == backup.region:
        return own
    return next((by_name[name] for name in sorted(by_name) if by_name[name].region == backup.region), own)


def _groups(
    reader: ArchiveReader, rows: _Rows, request: RestoreRequest
) -> tuple[tuple[GroupFacts, ...], dict[str, str]]:
    """Facts for the checks, and key → name for the plan."""
    if Part.USERS_AND_GROUPS in request.without:
        return (), {}
    choices = Choices(without=request.without, resolutions=request.effective)
    backup = backup_directory(reader, choices)
    return group_facts(backup, rows.directory), {group.key: group.name for group in backup.groups}


def _facts(
    tools: Tools,
    rows: _Rows,
    manifest: Manifest,
    inspection: Inspection,
    groups: tuple[GroupFacts, ...],
    move_minutes: int,
) -> Facts:
    backup, destination, settings = rows.backup, rows.destination, tools.settings
    return Facts(
        now=tools.now(),
        organization=facts_of(rows.organization),
        backup=BackupFacts(
            id=backup.id,
            status=backup.status.value,
            organization_id=rows.source.organization_id,
            expires_at=backup.expires_at,
            marked=backup.marked_at is not None,
            held_by_this_run=rows.held_by_this_run,
            restored_at=rows.restored_at,
        ),
        manifest=manifest,
        destination=DestinationFacts(
            id=destination.id,
            name=destination.name,
            organization_id=destination.organization_id,
            type=destination.type.value,
            active=destination.status is AppStatus.ACTIVE,
            shard=destination.shard,
            region=destination.region,
            contains_data=inspection.contains_data,
            only_default_personal_space=inspection.only_default_personal_space,
            held=rows.held,
            free_bytes=tools.drivers[destination.driver].free_bytes(rows.target),
            other_apps=rows.other_apps,
            move_minutes=move_minutes,
        ),
        groups=groups,
        limits=Limits(
            self_service_limit_bytes=settings.self_service_limit_bytes,
            restore_interval_days=settings.restore_interval_days,
            apps_per_shard=settings.apps_per_shard,
        ),
        backup_region=backup.region,
    )


def _not_sealed(backup: Backup) -> Finding:
    return Finding(
        code=FindingCode.BACKUP_STATE,
        severity=Severity.ERROR,
        subject=backup.id,
        message=f"The backup is {backup.status.value}; only a complete or incomplete one can be restored.",
        hint="Choose another backup: restorebot backup list.",
    )


def unreadable(backup_id: str, error: RestorebotError) -> Finding:
    """The finding of a backup whose manifest or part is not what it must be; it names the object."""
    code = FindingCode.BACKUP_FORMAT_VERSION if isinstance(error, UnknownFormat) else FindingCode.BACKUP_INTEGRITY
    return Finding(
        code=code,
        severity=Severity.ERROR,
        subject=error.key if isinstance(error, DamagedObject) else f"backups/{backup_id}/manifest.json",
        message=f"{error.message} Nothing was changed.",
        hint=error.hint or "Choose another backup: restorebot backup list.",
    )


def _not_inspected(destination: App, error: RestorebotError | OSError) -> Finding:
    return Finding(
        code=FindingCode.CHECK_NOT_POSSIBLE,
        severity=Severity.ERROR,
        subject=destination.name,
        message=f"{destination.name} could not be looked at: {error}. Nothing was changed.",
        hint="restorebot doctor says what is the matter with its shard; then try again.",
    )
