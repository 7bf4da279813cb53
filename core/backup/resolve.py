"""What only the whole export tells: repeated keys, containers, personal spaces, references. SQL over the scratch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from core.backup.scratch import Scratch
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType, Column, RecordType, Reference

#: Jira's history fields, and custom field types, whose values are persons.
_PERSON_FIELDS = pa.array(["assignee", "reporter", "creator"])
_PERSON_FIELD_TYPES = ("%:userpicker", "%:multiuserpicker", "%:people", "%:sd-request-participants")
#: One @ with something on both sides, a dot in the domain, and no blanks.
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
#: A person's address, but for whether it is well-formed.
_EMAIL_PROBLEM = """CASE WHEN trim(coalesce(n.email, '')) = '' THEN 'missing'
    WHEN lower(trim(n.email)) IN (SELECT address FROM shared_email) THEN 'duplicate' END"""
#: How a reference stands, by the number that SQL gives for it.
_STANDS = pa.array([Reference.GOOD, Reference.DANGLING, Reference.PERSONAL], pa.string())


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What was found, as far as it is small. Everything else stands in the scratch."""

    any_personal_space: bool
    #: record types in which keys stood twice
    repeated: frozenset[str]
    #: Jira's custom fields that hold persons; history names a field as people call it
    person_fields: pa.Array
    person_field_names: pa.Array


def resolve(scratch: Scratch, app_type: AppType) -> Resolved:
    """Make keys unique, find the containers of whatever is referred to, and what choices and checks ask for."""
    repeated = frozenset(
        one.name for one in scratch.types if scratch.rows(one) and _number_repeated_keys(scratch, one.table)
    )
    _find_containers(scratch)
    _find_personal_spaces(scratch, app_type)
    scratch.run("CREATE TABLE shared_email (address TEXT PRIMARY KEY) WITHOUT ROWID")
    scratch.run(f"""
        INSERT INTO shared_email SELECT lower(trim(email)) FROM {BY_NAME["directory.user"].table}
        WHERE trim(coalesce(email, '')) <> '' GROUP BY 1 HAVING count(*) > 1
    """)
    fields: list[tuple[str, str]] = []
    if app_type is AppType.JIRA:
        types = " OR ".join(f"type LIKE '{one}'" for one in _PERSON_FIELD_TYPES)
        fields = scratch.fetch(f"SELECT key, name FROM {BY_NAME['jira.custom_field'].table} WHERE {types}")
    return Resolved(
        repeated=repeated,
        any_personal_space=scratch.value("SELECT EXISTS (SELECT 1 FROM personal_space)") == 1,
        person_fields=pa.array([key for key, _ in fields], pa.string()),
        person_field_names=pa.array([name for _, name in fields], pa.string()),
    )


def _number_repeated_keys(scratch: Scratch, table: str) -> bool:
    """The first row of a key keeps it; later ones become `<key>#2`, `#3` …, and references keep meaning the first. A
    number that gives a key of another row's own is followed by one more. Returns whether there were any."""
    repeated = f"SELECT key FROM {table} GROUP BY key HAVING count(*) > 1"
    found = False
    while scratch.value(f"SELECT EXISTS ({repeated})"):
        found = True
        scratch.run(f"""
            CREATE TEMP TABLE later AS SELECT rid, nth FROM (
                SELECT rid, row_number() OVER (PARTITION BY key ORDER BY coalesce(repeated, 0), rid) AS nth FROM {table}
                WHERE key IN ({repeated})) WHERE nth > 1
        """)
        scratch.run(
            f"UPDATE {table} SET repeated = 1, key = key || '#' || later.nth FROM later WHERE later.rid = {table}.rid"
        )
        scratch.run("DROP TABLE later")
    return found


def _find_containers(scratch: Scratch) -> None:
    """Of what others refer to, and so of all that a container is found by. Repeat until nothing more is found: a
    comment's page's space, a version's comment's page's space …"""
    for record_type in scratch.types:
        if record_type.is_container:
            scratch.run(f"UPDATE {record_type.table} SET container = key")
    via = [one for one in scratch.types if one.container_via and scratch.rows(one) and _keeps_container(scratch, one)]
    left = {one.name: scratch.rows(one) for one in via}
    while True:
        before = dict(left)
        for record_type in via:
            if left[record_type.name]:
                _adopt_containers(scratch, record_type)
                left[record_type.name] = scratch.value(
                    f"SELECT count(*) FROM {record_type.table} WHERE container IS NULL"
                )
        if left == before:
            return


def _keeps_container(scratch: Scratch, record_type: RecordType) -> bool:
    """Whether others, or attachments, look a container up; else it is found while the record is written."""
    referred = {name for one in scratch.types for column in one.references for name in column.targets}
    return record_type.name in referred or record_type.is_container or record_type.has_file


def _adopt_containers(scratch: Scratch, record_type: RecordType) -> None:
    table = record_type.table
    columns = {column.name: column for column in record_type.references}
    for name in record_type.container_via:
        for target in _targets(scratch, columns[name].targets):
            scratch.run(f"""
                UPDATE {table} SET container = (
                    SELECT t.container FROM {target.table} t WHERE t.key = {table}."{name}")
                WHERE container IS NULL AND "{name}" IS NOT NULL
            """)


def _find_personal_spaces(scratch: Scratch, app_type: AppType) -> None:
    scratch.run("CREATE TABLE personal_space (key TEXT PRIMARY KEY) WITHOUT ROWID")
    if app_type is AppType.CONFLUENCE:
        scratch.run(f"""
            INSERT INTO personal_space SELECT key FROM {BY_NAME["confluence.space"].table}
            WHERE type = 'personal' OR (type IS NULL AND space_key LIKE '~%')
        """)


def is_personal(container: str) -> str:
    """SQL for whether a container is a personal space, 0 or 1."""
    return f"coalesce({container} IN (SELECT key FROM personal_space), 0)"


def _targets(scratch: Scratch, names: Sequence[str]) -> list[RecordType]:
    """Target types of which the export has any row, so that a look-up touches no empty table."""
    return [BY_NAME[name] for name in names if scratch.rows(BY_NAME[name])]


def sorted_batches(scratch: Scratch, resolved: Resolved, record_type: RecordType) -> Iterator[pa.RecordBatch]:
    """All records of a type in `archive_schema`, sorted by key."""
    if not scratch.rows(record_type):
        return
    links = _Links(scratch, resolved, record_type)
    # What is the same in every row is not asked for: most of the time goes into handing single values over.
    asked = {"rid": (pa.int64(), "n.rid")}
    if record_type.name in resolved.repeated:
        asked["key"] = pa.string(), "CASE n.repeated WHEN 1 THEN n.key END"
    if links.container:
        asked["container"] = pa.string(), links.container
    if resolved.any_personal_space:
        asked["personal"] = pa.bool_(), links.personal
    for column in record_type.references:
        asked[f"ref_{column.name}"] = pa.int64(), links.stands(column)
    if "email_problem" in record_type.review:
        asked["email_problem"] = pa.string(), _EMAIL_PROBLEM
    columns = ", ".join(column for _, column in asked.values())
    sql = f"SELECT {columns} FROM {record_type.table} n{links.joins} ORDER BY n.key"
    schema = pa.schema([(name, type_) for name, (type_, _) in asked.items()])
    with scratch.finder(record_type) as finder:
        for found in scratch.batches(sql, schema):
            done = 0
            for rows in finder.rows(found.column("rid")):
                yield _archived(record_type, rows, found.slice(done, rows.num_rows), resolved)
                done += rows.num_rows


class _Links:
    """SQL by which a record `n` is joined with all it refers to, so that each target is looked up once."""

    def __init__(self, scratch: Scratch, resolved: Resolved, record_type: RecordType) -> None:
        self.joins = ""
        #: empty where there is none
        self.container = ""
        self._any_personal = resolved.any_personal_space
        self._aliases: dict[str, list[str]] = {}
        for column in record_type.references:
            aliases = self._aliases[column.name] = []
            for target in _targets(scratch, column.targets):
                aliases.append(f"{column.name}_{target.table}")
                self.joins += f' LEFT JOIN {target.table} {aliases[-1]} ON {aliases[-1]}.key = n."{column.name}"'
        if _keeps_container(scratch, record_type):
            self.container = "n.container"
        else:
            via = [f"{alias}.container" for name in record_type.container_via for alias in self._aliases[name]]
            self.container = f"coalesce({', '.join([*via, 'NULL'])})" if via else ""
        self.personal = self._is_personal(self.container or "NULL")

    def stands(self, column: Column) -> str:
        """How a reference stands, as a place in `_STANDS`; NULL where it is not set."""
        found = " ".join(
            f"WHEN {alias}.rid IS NOT NULL THEN 2 * ({self._is_personal(f'{alias}.container')} AND NOT {self.personal})"
            for alias in self._aliases[column.name]
        )
        return f'CASE WHEN n."{column.name}" IS NULL THEN NULL {found} ELSE 1 END'

    def _is_personal(self, container: str) -> str:
        return is_personal(container) if self._any_personal else "0"


def _archived(
    record_type: RecordType, rows: pa.RecordBatch, found: pa.RecordBatch, resolved: Resolved
) -> pa.RecordBatch:
    count = rows.num_rows
    made = {
        "container": pa.nulls(count, pa.string()),
        "personal": pa.repeat(False, count),
        "repeated": pa.repeat(False, count),
        **{name: found.column(name) for name in found.schema.names},
    }
    if "key" in made:
        made["repeated"] = made["key"].is_valid()
        made["key"] = pc.coalesce(made["key"], rows.column("key"))
    for one in record_type.references:
        made[f"ref_{one.name}"] = _STANDS.take(found.column(f"ref_{one.name}"))
    if "email_problem" in record_type.review:
        made["email_problem"] = _judged(rows.column("email"), made["email_problem"])
    if "names_person" in record_type.review:
        made["names_person"] = _names_person(record_type, rows, resolved)
    schema = record_type.archive_schema
    arrays = [made[one.name] if one.name in made else rows.column(one.name) for one in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _names_person(record_type: RecordType, rows: pa.RecordBatch, resolved: Resolved) -> pa.Array:
    """Whether the values of a changed or custom field are persons."""
    if record_type.name == "jira.custom_field_value":
        return pc.is_in(rows.column("custom_field"), resolved.person_fields)
    field = rows.column("field")
    custom = pc.fill_null(pc.equal(rows.column("field_type"), "custom"), fill_value=False)
    picked = pc.and_(custom, pc.is_in(field, resolved.person_field_names))
    return pc.or_(picked, pc.is_in(pc.ascii_lower(field), _PERSON_FIELDS))


def _judged(emails: pa.Array, problem: pa.Array) -> pa.Array:
    """SQL tells missing and duplicate addresses. Whether one is well-formed is told here: SQLite knows no regular
    expressions."""
    malformed = pc.invert(pc.match_substring_regex(pc.utf8_trim_whitespace(emails), _EMAIL))
    invalid = pc.fill_null(pc.and_(malformed, pc.not_equal(pc.fill_null(problem, ""), "missing")), False)
    return pc.if_else(invalid, "invalid", problem)
