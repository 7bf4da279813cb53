"""What only the whole export tells: repeated keys, containers, personal spaces, references. SQL over the scratch."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from core.backup.scratch import Scratch, narrow, stored_schema
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType, RecordType, Reference

#: Jira's history fields, and custom field types, whose values are persons.
_PERSON_FIELDS = ("assignee", "reporter", "creator")
_PERSON_FIELD_TYPES = ("%:userpicker", "%:multiuserpicker", "%:people", "%:sd-request-participants")
#: One @ with something on both sides, a dot in the domain, and no blanks.
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


def resolve(scratch: Scratch, app_type: AppType) -> None:
    """Fill the narrow tables' `key` (unique from now on), `container`, `personal` and `repeated`."""
    for record_type in scratch.types:
        _number_repeated_keys(scratch, record_type)
    _find_containers(scratch)
    _mark_personal_spaces(scratch, app_type)
    if app_type is AppType.JIRA:
        _find_person_fields(scratch)
    scratch.run("CREATE TABLE shared_email (address TEXT PRIMARY KEY) WITHOUT ROWID")
    scratch.run(f"""
        INSERT INTO shared_email SELECT lower(trim(email)) FROM {BY_NAME["directory.user"].table}
        WHERE trim(coalesce(email, '')) <> '' GROUP BY 1 HAVING count(*) > 1
    """)


def _number_repeated_keys(scratch: Scratch, record_type: RecordType) -> None:
    """The first row of a key keeps it; later ones become `<key>#2`, `#3` …, and references keep meaning the first. A
    number that gives a key of another row's own is followed by one more."""
    table = narrow(record_type)
    while True:
        scratch.run(f"""
            CREATE TEMP TABLE later AS SELECT rid, nth FROM (
                SELECT rid, row_number() OVER (PARTITION BY key ORDER BY coalesce(repeated, 0), rid) AS nth FROM {table}
                WHERE key IN (SELECT key FROM {table} GROUP BY key HAVING count(*) > 1)) WHERE nth > 1
        """)
        count = scratch.value("SELECT count(*) FROM later")
        scratch.run(
            f"UPDATE {table} SET repeated = 1, key = key || '#' || later.nth FROM later WHERE later.rid = {table}.rid"
        )
        scratch.run("DROP TABLE later")
        if not count:
            return


def _find_containers(scratch: Scratch) -> None:
    """Repeat until nothing more is found: a comment's page's space, a body's comment's page's space …"""
    for record_type in scratch.types:
        if record_type.is_container:
            scratch.run(f"UPDATE {narrow(record_type)} SET container = key")
    via = [one for one in scratch.types if one.container_via and scratch.rows(one)]
    left = {one.name: scratch.rows(one) for one in via}
    while True:
        before = dict(left)
        for record_type in via:
            if left[record_type.name]:
                _adopt_containers(scratch, record_type)
                left[record_type.name] = scratch.value(
                    f"SELECT count(*) FROM {narrow(record_type)} WHERE container IS NULL"
                )
        if left == before:
            return


def _adopt_containers(scratch: Scratch, record_type: RecordType) -> None:
    table = narrow(record_type)
    columns = {column.name: column for column in record_type.references}
    for name in record_type.container_via:
        for target in _targets(scratch, columns[name].targets):
            scratch.run(f"""
                UPDATE {table} SET container = (
                    SELECT t.container FROM {narrow(target)} t WHERE t.key = {table}."{name}")
                WHERE container IS NULL AND "{name}" IS NOT NULL
            """)


def _mark_personal_spaces(scratch: Scratch, app_type: AppType) -> None:
    scratch.run("CREATE TABLE personal_space (key TEXT PRIMARY KEY) WITHOUT ROWID")
    if app_type is AppType.CONFLUENCE:
        space = BY_NAME["confluence.space"]
        scratch.run(f"""
            INSERT INTO personal_space SELECT n.key FROM {space.table} w JOIN {narrow(space)} n USING (rid)
            WHERE w.type = 'personal' OR (w.type IS NULL AND w.space_key LIKE '~%')
        """)
    for record_type in scratch.types:
        scratch.run(
            f"UPDATE {narrow(record_type)} SET personal = container IN (SELECT key FROM personal_space) "
            "WHERE container IS NOT NULL AND EXISTS (SELECT 1 FROM personal_space)"
        )


def _find_person_fields(scratch: Scratch) -> None:
    types = " OR ".join(f"w.type LIKE '{one}'" for one in _PERSON_FIELD_TYPES)
    field = BY_NAME["jira.custom_field"]
    scratch.run(
        f"CREATE TABLE person_field AS SELECT n.key, w.name FROM {narrow(field)} n JOIN {field.table} w USING (rid) "
        f"WHERE {types}"
    )


def _targets(scratch: Scratch, names: Sequence[str]) -> list[RecordType]:
    """Target types of which the export has any row, so that a look-up touches no empty table."""
    return [BY_NAME[name] for name in names if scratch.rows(BY_NAME[name])]


def reference_status(scratch: Scratch, record_type: RecordType, column: str) -> str:
    """SQL for how a reference of `n`, a narrow row, stands: a `Reference`, or NULL where it is not set."""
    targets = next(one.targets for one in record_type.references if one.name == column)
    lookups = [
        f'(SELECT coalesce(t.personal, 0) FROM {narrow(target)} t WHERE t.key = n."{column}")'
        for target in _targets(scratch, targets)
    ]
    if not lookups:
        return f"CASE WHEN n.\"{column}\" IS NULL THEN NULL ELSE '{Reference.DANGLING}' END"
    found = f"coalesce({', '.join([*lookups, '-1'])})"
    return (
        f"CASE WHEN n.\"{column}\" IS NULL THEN NULL ELSE CASE {found} WHEN -1 THEN '{Reference.DANGLING}' "
        f"WHEN 1 THEN CASE WHEN n.personal = 1 THEN '{Reference.GOOD}' ELSE '{Reference.PERSONAL}' END "
        f"ELSE '{Reference.GOOD}' END END"
    )


def sorted_batches(scratch: Scratch, record_type: RecordType) -> Iterator[pa.RecordBatch]:
    """All records of a type in `archive_schema`, sorted by key."""
    stored = set(stored_schema(record_type).names)
    columns = []
    for field in record_type.archive_schema:
        name = field.name
        if name == "key":
            columns.append("n.key")
        elif name in stored:
            columns.append(f'w."{name}"')
        elif name == "container":
            columns.append("n.container")
        elif name in {"personal", "repeated"}:
            columns.append(f"coalesce(n.{name}, 0)")
        elif name.startswith("ref_"):
            columns.append(reference_status(scratch, record_type, name.removeprefix("ref_")))
        else:
            columns.append(_review(record_type, name))
    sql = (
        f"SELECT {', '.join(columns)} FROM {narrow(record_type)} n "
        f"JOIN {record_type.table} w ON w.rid = n.rid ORDER BY n.key"
    )
    for batch in scratch.batches(sql, record_type.archive_schema):
        yield _judge_emails(batch) if "email_problem" in record_type.review else batch


def _review(record_type: RecordType, name: str) -> str:
    if name == "email_problem":
        # Whether an address is well-formed is judged on the batches: SQLite knows no regular expressions.
        return """CASE WHEN trim(coalesce(w.email, '')) = '' THEN 'missing'
            WHEN lower(trim(w.email)) IN (SELECT address FROM shared_email) THEN 'duplicate' END"""
    if record_type.name == "jira.change_item":
        fields = ", ".join(f"'{one}'" for one in _PERSON_FIELDS)
        pickers = "SELECT name FROM person_field"  # history names a custom field as people call it
        return f"coalesce(lower(w.field) IN ({fields}) OR w.field_type = 'custom' AND w.field IN ({pickers}), 0)"
    return "coalesce(n.custom_field IN (SELECT key FROM person_field), 0)"


def _judge_emails(batch: pa.RecordBatch) -> pa.RecordBatch:
    index = batch.schema.get_field_index("email_problem")
    problem = batch.column(index)
    malformed = pc.invert(pc.match_substring_regex(pc.utf8_trim_whitespace(batch.column("email")), _EMAIL))
    invalid = pc.fill_null(pc.and_(malformed, pc.not_equal(pc.fill_null(problem, ""), "missing")), False)
    return batch.set_column(index, batch.schema.field(index), pc.if_else(invalid, "invalid", problem))
