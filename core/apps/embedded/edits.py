"""What a new app comes with, and a person's changes to a live one."""

# ruff: noqa: S608  names of tables and columns cannot be parameters; they come from the record model only

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Final

from core.apps.driver import Edit, EditKind
from core.apps.embedded.generation import ITEM_TYPES
from core.apps.embedded.session import Session, Value
from core.content.catalogue import BY_NAME, RECORD_TYPES, container_type
from core.content.record_type import PLACEHOLDER, AppType, RecordType
from core.errors import NotFound, WrongState

Given = Value | None

DEFAULT_SPACE: Final = "provisioned-space"
STORAGE_FORMAT: Final = 2


def insert(session: Session, record_type: str, **values: Given) -> None:
    """One record; columns that are not named are null."""
    given = {name: value for name, value in values.items() if value is not None}
    columns = ", ".join(f'"{name}"' for name in given)
    marks = ", ".join("?" for _ in given)
    session.run(f'INSERT INTO "{BY_NAME[record_type].table}" ({columns}) VALUES ({marks})', *given.values())


def provision_personal_space(session: Session) -> None:
    """The personal space of a new Confluence's admin, its description and its home page, each with a body."""
    now = _now()
    written: Mapping[str, Given] = {"creator": "admin", "created": now, "modifier": "admin", "modified": now}
    description, home = f"{DEFAULT_SPACE}-description", f"{DEFAULT_SPACE}-home"
    inside: Mapping[str, Given] = {"space": DEFAULT_SPACE, "container": DEFAULT_SPACE, "version": 1}
    records: list[tuple[str, Mapping[str, Given]]] = [
        ("directory.user_key", {"key": "admin", "native": "ConfluenceUserImpl", "username": "admin"}),
        (
            "confluence.space",
            {
                "key": DEFAULT_SPACE,
                "native": "Space",
                "space_key": "~admin",
                "name": "Admin",
                "type": "personal",
                "status": "CURRENT",
                "description": description,
                "home_page": home,
                "container": DEFAULT_SPACE,
                **written,
            },
        ),
        (
            "confluence.space_description",
            {"key": description, "native": "SpaceDescription", "status": "current", **inside, **written},
        ),
        (
            "confluence.page",
            {"key": home, "native": "Page", "title": "Overview", "status": "current", **inside, **written},
        ),
        ("confluence.body", _body(description, "", DEFAULT_SPACE)),
        ("confluence.body", _body(home, "<p>Welcome to your personal space.</p>", DEFAULT_SPACE)),
    ]
    for record_type, values in records:
        insert(session, record_type, **values)
    note_provisioned(session, ((record_type, str(values["key"])) for record_type, values in records))


def note_provisioned(session: Session, records: Iterable[tuple[str, str]]) -> None:
    """These records are what the app comes with."""
    for record_type, key in records:
        session.run('INSERT INTO "provisioned" VALUES (?, ?)', record_type, key)


def apply_edit(session: Session, app_type: AppType, edit: Edit) -> None:
    """Inside a transaction on an open generation. Raises NotFound, WrongState."""
    session.run('UPDATE "generation" SET "seals" = "seals" + 1')
    match edit.kind:
        case EditKind.DELETE_DEFAULT_PERSONAL_SPACE:
            _delete_default_personal_space(session, app_type)
        case EditKind.DELETE_ITEM:
            _delete_item(session, app_type, edit.key)
        case EditKind.ADD_ITEM if app_type is AppType.CONFLUENCE:
            _add_page(session, edit)
        case EditKind.ADD_ITEM:
            _add_issue(session, edit)


def _delete_default_personal_space(session: Session, app_type: AppType) -> None:
    made: dict[str, list[str]] = {}
    for record_type, key in session.run('SELECT "record_type", "key" FROM "provisioned"'):
        made.setdefault(record_type, []).append(key)
    for one in RECORD_TYPES[app_type]:
        foreign = session.value(
            f'SELECT count(*) FROM "{one.table}" WHERE "container" = ?'
            ' AND "key" NOT IN (SELECT "key" FROM "provisioned" WHERE "record_type" = ?)',
            DEFAULT_SPACE,
            one.name,
        )
        if foreign:
            raise WrongState(
                f"The default personal space holds {foreign} {one.title} that somebody added; nothing was deleted.",
                hint="Choose another destination, or move them out of the space first.",
            )
    for record_type, keys in made.items():
        _delete(session, BY_NAME[record_type], keys)
    session.run('DELETE FROM "provisioned"')


def _delete_item(session: Session, app_type: AppType, key: str) -> None:
    for one in RECORD_TYPES[app_type]:
        if (
            one.name in ITEM_TYPES
            and key != PLACEHOLDER
            and session.run(f'SELECT 1 FROM "{one.table}" WHERE "key" = ?', key)
        ):
            _delete_with_all_on_it(session, app_type, one, [key])
            return
    raise NotFound(
        f"No item with the record key {key!r} is in this app; nothing was deleted.", hint="List the items with `look`."
    )


def _delete_with_all_on_it(session: Session, app_type: AppType, gone: RecordType, keys: list[str]) -> None:
    """Child pages move up to the parent of the deleted one, a home page is forgotten; all else that refers to the
    deleted goes too. Rows are deleted before what hangs on them is looked for, so that a circle ends."""
    listed = json.dumps(keys)
    refers = f"IN ({session.dialect.listed})"
    hanging = []
    for one in RECORD_TYPES[app_type]:
        for column in one.references:
            if gone.name not in column.targets:
                continue
            if one.is_container:
                session.run(f'UPDATE "{one.table}" SET "{column.name}" = NULL WHERE "{column.name}" {refers}', listed)
            elif one.name in ITEM_TYPES and column.name == "parent":
                session.run(
                    f'UPDATE "{one.table}" SET "parent" ='
                    f' (SELECT "up"."parent" FROM "{one.table}" AS "up" WHERE "up"."key" = "{one.table}"."parent")'
                    f' WHERE "parent" {refers}',
                    listed,
                )
            else:
                hanging.append((one, column.name))
    _delete(session, gone, keys)
    for one, name in hanging:
        if found := session.run(f'SELECT "key" FROM "{one.table}" WHERE "{name}" {refers}', listed):
            _delete_with_all_on_it(session, app_type, one, [key for (key,) in found])


def _delete(session: Session, record_type: RecordType, keys: Collection[str]) -> None:
    listed, named = json.dumps(list(keys)), f"IN ({session.dialect.listed})"
    session.run(f'DELETE FROM "{record_type.table}" WHERE "key" {named}', listed)
    if record_type.has_file:
        session.run(f'DELETE FROM "attachment_file" WHERE "record_key" {named}', listed)


def _container(session: Session, app_type: AppType, key_column: str, edit: Edit) -> str:
    """The record key of the edit's container, made where the app has none at all."""
    one = container_type(app_type)
    found = session.value(f'SELECT "key" FROM "{one.table}" WHERE "{key_column}" = ?', edit.container)
    if found is not None:
        return str(found)
    if session.run(f'SELECT 1 FROM "{one.table}" WHERE "key" <> ? LIMIT 1', PLACEHOLDER):
        raise NotFound(f"{edit.container!r} is none of this app's {one.title}; nothing was added.")
    key = _new_key()
    kind = {"type": "global", "status": "CURRENT"} if app_type is AppType.CONFLUENCE else {"type": "software"}
    native = "Space" if app_type is AppType.CONFLUENCE else "Project"
    named = {key_column: edit.container, "name": edit.container}
    insert(session, one.name, key=key, native=native, container=key, **named, **kind)
    return key


def _add_page(session: Session, edit: Edit) -> None:
    space = _container(session, AppType.CONFLUENCE, "space_key", edit)
    home = session.value('SELECT "home_page" FROM "confluence_space" WHERE "key" = ?', space)
    key, now = _new_key(), _now()
    insert(
        session,
        "confluence.page",
        key=key,
        native="Page",
        space=space,
        parent=home,
        title=edit.title,
        version=1,
        status="current",
        created=now,
        modified=now,
        container=space,
    )
    insert(session, "confluence.body", **_body(key, f"<p>{escape(edit.text)}</p>", space))


def _add_issue(session: Session, edit: Edit) -> None:
    project = _container(session, AppType.JIRA, "project_key", edit)
    number = session.value('SELECT coalesce(max("number"), 0) + 1 FROM "jira_issue" WHERE "project" = ?', project)
    now = _now()

    def first(record_type: str) -> str | None:
        table = BY_NAME[record_type].table
        found = session.value(f'SELECT "key" FROM "{table}" WHERE "key" <> ? ORDER BY "key" LIMIT 1', PLACEHOLDER)
        return None if found is None else str(found)

    insert(
        session,
        "jira.issue",
        key=_new_key(),
        native="Issue",
        project=project,
        issue_key=f"{edit.container}-{number}",
        number=int(number),
        summary=edit.title,
        description=edit.text or None,
        type=first("jira.issue_type"),
        status=first("jira.status"),
        priority=first("jira.priority"),
        created=now,
        updated=now,
        container=project,
    )


def _body(owner: str, body: str, container: str) -> Mapping[str, Given]:
    return {
        "key": f"{owner}-body",
        "native": "BodyContent",
        "owner": owner,
        "body_type": STORAGE_FORMAT,
        "body": body,
        "container": container,
    }


def _new_key() -> str:
    return f"added-{secrets.token_hex(8)}"


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
