"""What a backup's own content makes findings of, counted once at import. SQL over the scratch, small results only."""

from collections import Counter
from collections.abc import Iterator

import pyarrow.compute as pc

from core.archive.manifest import AccessFact, SourceFact
from core.backup.resolve import reference_status, sorted_batches
from core.backup.scratch import Scratch, narrow
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType, Reference, Role
from core.findings import EMAIL_PROBLEMS, FindingCode
from core.formats.export import ExportSummary

#: How many examples a finding names.
EXAMPLES = 5

#: A site-wide permission that opens Confluence, or administers it.
_CONFLUENCE_ACCESS = {"USECONFLUENCE": "user", "ADMINISTRATECONFLUENCE": "admin", "SYSTEMADMINISTRATOR": "admin"}
#: The same for Jira before app roles: by name (6.2 and later) and by number.
_JIRA_ACCESS = {"USE": "user", "1": "user", "ADMINISTER": "admin", "0": "admin", "SYSTEM_ADMIN": "admin", "44": "admin"}


def content_facts(scratch: Scratch) -> Iterator[SourceFact]:
    """Repeated keys, dangling references, users' addresses, and authors nobody knows."""
    for record_type in scratch.types:
        if not scratch.rows(record_type):
            continue
        table = narrow(record_type)
        yield from _fact(
            scratch,
            FindingCode.CONTENT_REPEATED_KEY,
            record_type.name,
            f"SELECT key FROM {table} WHERE repeated = 1",
        )
        for column in record_type.references:
            status = reference_status(scratch, record_type, column.name)
            yield from _fact(
                scratch,
                FindingCode.CONTENT_DANGLING_REFERENCE,
                f"{record_type.name}.{column.name}",
                f"SELECT n.key FROM {table} n WHERE {status} = '{Reference.DANGLING}'",
            )
    yield from _user_facts(scratch)
    yield from _unknown_authors(scratch)


def _user_facts(scratch: Scratch) -> Iterator[SourceFact]:
    """Counted on the very batches that are stored, so that a finding's count is what its resolution will change."""
    user = BY_NAME["directory.user"]
    found: dict[FindingCode, list[str]] = {}
    counts: Counter[FindingCode] = Counter()
    for batch in sorted_batches(scratch, user):
        for code, mask in (
            *((code, pc.equal(batch.column("email_problem"), word)) for word, code in EMAIL_PROBLEMS.items()),
            (FindingCode.USER_INACTIVE, pc.invert(batch.column("active"))),
        ):
            rows = batch.filter(mask)
            counts[code] += rows.num_rows
            names = pc.coalesce(rows.column("username"), rows.column("display_name"), rows.column("key"))
            found[code] = (found.get(code, []) + names.slice(0, EXAMPLES).to_pylist())[:EXAMPLES]
    for code, count in sorted(counts.items()):
        if count:
            yield SourceFact(code=code.value, count=count, examples=tuple(found[code]))


def _unknown_authors(scratch: Scratch) -> Iterator[SourceFact]:
    """Persons that content names and that no user row is about (by user key, or in old exports by username)."""
    user, user_key = BY_NAME["directory.user"], BY_NAME["directory.user_key"]
    scratch.run("CREATE TABLE known_person (name TEXT PRIMARY KEY) WITHOUT ROWID")
    for table, column in (
        (narrow(user), "key"),
        (narrow(user_key), "key"),
        (user.table, "username"),
        (user_key.table, "username"),
        (user.table, "account_id"),
        (user_key.table, "account_id"),
    ):
        scratch.run(f"INSERT OR IGNORE INTO known_person SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
        scratch.run(
            f"INSERT OR IGNORE INTO known_person SELECT lower({column}) FROM {table} WHERE {column} IS NOT NULL"
        )
    named = [
        f'SELECT DISTINCT "{column.name}" AS name FROM {narrow(one)} WHERE "{column.name}" <> \'\''
        for one in scratch.types
        for column in one.columns
        if column.role is Role.PERSON and scratch.rows(one)
    ]
    if named:
        everyone = " UNION ".join(named)
        yield from _fact(
            scratch,
            FindingCode.USER_UNKNOWN_AUTHOR,
            "",
            f"SELECT name FROM ({everyone}) WHERE name NOT IN (SELECT name FROM known_person) "
            "AND lower(name) NOT IN (SELECT name FROM known_person)",
        )


def _fact(scratch: Scratch, code: FindingCode, subject: str, sql: str) -> Iterator[SourceFact]:
    count = scratch.value(f"SELECT count(*) FROM ({sql})")
    if count:
        examples = scratch.fetch(f"SELECT * FROM ({sql}) ORDER BY 1 LIMIT {EXAMPLES}")
        yield SourceFact(code=code.value, subject=subject, count=count, examples=tuple(str(row[0]) for row in examples))


def export_facts(summary: ExportSummary) -> Iterator[SourceFact]:
    """What the reader itself noticed: secrets left out, forbidden characters, and counts that are not as declared."""
    dropped = {kind: one for kind, one in summary.dropped.items() if one.rows or one.values}
    if dropped:
        yield SourceFact(
            code=FindingCode.BACKUP_SECRETS_LEFT_OUT.value,
            count=sum(one.rows + one.values for one in dropped.values()),
            examples=tuple(sorted(dropped))[:EXAMPLES],
        )
    if summary.control_characters:
        yield SourceFact(code=FindingCode.CONTENT_CONTROL_CHARACTERS.value, count=summary.control_characters)
    kinds = sorted(summary.declared_counts.keys() | summary.native_counts.keys()) if summary.declared_counts else []
    for kind in kinds:
        declared, found = summary.declared_counts.get(kind, 0), summary.native_counts.get(kind, 0)
        if declared != found:
            yield SourceFact(
                code=FindingCode.CONTENT_COUNT_DIFFERS.value,
                subject=kind,
                count=abs(declared - found),
                examples=(f"the export counts {declared}, and {found} were read",),
            )


def access_facts(scratch: Scratch, app_type: AppType) -> tuple[AccessFact, ...]:
    """Which groups open or administer the source app."""
    if app_type is AppType.CONFLUENCE:
        found = scratch.fetch(
            "SELECT DISTINCT group_name, type FROM confluence_space_permission "
            "WHERE space IS NULL AND coalesce(group_name, '') <> ''"
        )
        rows = {(group, _CONFLUENCE_ACCESS[type_]) for group, type_ in found if type_ in _CONFLUENCE_ACCESS}
    else:
        found = scratch.fetch("SELECT DISTINCT group_name FROM jira_app_role WHERE coalesce(group_name, '') <> ''")
        rows = {(group, "user") for (group,) in found}
        entries = scratch.fetch(
            "SELECT DISTINCT group_name, permission FROM jira_permission "
            "WHERE scheme IS NULL AND coalesce(group_name, '') <> ''"
        )
        rows |= {(group, _JIRA_ACCESS[str(name)]) for group, name in entries if str(name) in _JIRA_ACCESS}
    return tuple(AccessFact(group=group, role=role) for group, role in sorted(rows))
