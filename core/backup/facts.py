"""What a backup's own content makes findings of, counted once at import."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from core.archive.manifest import AccessFact, SourceFact
from core.backup.scratch import Scratch
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType, RecordType, Reference
from core.findings import EMAIL_PROBLEMS, FindingCode
from core.formats.export import ExportSummary

#: How many examples a finding names.
EXAMPLES = 5

#: A site-wide permission that opens Confluence, or administers it.
_CONFLUENCE_ACCESS = {"USECONFLUENCE": "user", "ADMINISTRATECONFLUENCE": "admin", "SYSTEMADMINISTRATOR": "admin"}
#: The same for Jira before app roles: by name (6.2 and later) and by number.
_JIRA_ACCESS = {"USE": "user", "1": "user", "ADMINISTER": "admin", "0": "admin", "SYSTEM_ADMIN": "admin", "44": "admin"}


@dataclass
class Count:
    """How many records, and which of them are named."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, names: pa.Array) -> None:
        self.count += len(names)
        self.examples += names.slice(0, EXAMPLES - len(self.examples)).to_pylist()

    def fact(self, code: FindingCode, subject: str = "") -> Iterator[SourceFact]:
        if self.count:
            yield SourceFact(code=code.value, subject=subject, count=self.count, examples=tuple(self.examples))


class Tally:
    """What is counted of one type's records while they are written, in the order of their keys: on the very batches
    that are stored, so that a finding's count is what its resolution will change."""

    def __init__(self, record_type: RecordType) -> None:
        self.personal = 0
        self._type = record_type
        self._repeated = Count()
        self._dangling = {column.name: Count() for column in record_type.references}
        self._users: dict[FindingCode, Count] = defaultdict(Count)

    def see(self, batch: pa.RecordBatch) -> None:
        """A batch in `archive_schema`."""
        self.personal += batch.column("personal").true_count
        keys = batch.column("key")
        self._repeated.add(keys.filter(batch.column("repeated")))
        for name, count in self._dangling.items():
            count.add(keys.filter(pc.equal(batch.column(f"ref_{name}"), Reference.DANGLING)))
        if "email_problem" in self._type.review:
            problem, active = batch.column("email_problem"), batch.column("active")
            names = pc.coalesce(batch.column("username"), batch.column("display_name"), keys)
            for word, code in EMAIL_PROBLEMS.items():
                self._users[code].add(names.filter(pc.equal(problem, word)))
            self._users[FindingCode.USER_INACTIVE].add(names.filter(pc.invert(active)))

    def content_facts(self) -> Iterator[SourceFact]:
        """Repeated keys and dangling references."""
        yield from self._repeated.fact(FindingCode.CONTENT_REPEATED_KEY, self._type.name)
        for name, count in self._dangling.items():
            yield from count.fact(FindingCode.CONTENT_DANGLING_REFERENCE, f"{self._type.name}.{name}")

    def user_facts(self) -> Iterator[SourceFact]:
        for code, count in sorted(self._users.items()):
            yield from count.fact(code)


def content_facts(scratch: Scratch, tallies: Collection[Tally]) -> Iterator[SourceFact]:
    """Repeated keys, dangling references, users' addresses, and authors nobody knows."""
    for tally in tallies:
        yield from tally.content_facts()
    for tally in tallies:
        yield from tally.user_facts()
    yield from _unknown_authors(scratch)


def _unknown_authors(scratch: Scratch) -> Iterator[SourceFact]:
    """Persons that content names and that no user row is about (by user key, or in old exports by username)."""
    scratch.run("CREATE TABLE known_person (name TEXT PRIMARY KEY) WITHOUT ROWID")
    for record_type in (BY_NAME["directory.user"], BY_NAME["directory.user_key"]):
        for column in ("key", "username", "account_id"):
            for name in (column, f"lower({column})"):
                scratch.run(
                    f"INSERT OR IGNORE INTO known_person SELECT {name} FROM {record_type.table} "
                    f"WHERE {column} IS NOT NULL"
                )
    yield from _fact(
        scratch,
        FindingCode.USER_UNKNOWN_AUTHOR,
        "",
        "SELECT DISTINCT name FROM named_person WHERE name <> '' AND name NOT IN (SELECT name FROM known_person) "
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
