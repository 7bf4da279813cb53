"""The tables others rely on: record types, finding codes, error codes."""

import json
import re
from collections.abc import Iterator

import pytest

from core import errors
from core.content.catalogue import BY_NAME, RECORD_TYPES, container_type, file_type
from core.content.confluence import CONFLUENCE_TYPES
from core.content.directory import DIRECTORY_TYPES
from core.content.jira import JIRA_TYPES
from core.content.record_type import AppType, RecordType
from core.findings import FindingCode
from core.storage.s3_errors import PERMISSIONS
from tests.architecture.repository import ROOT


def error_codes() -> Iterator[str]:
    pending = [errors.RestorebotError]
    while pending:
        one = pending.pop()
        yield one.code
        pending.extend(one.__subclasses__())


def test_record_types_have_names_of_their_own() -> None:
    names = [one.name for one in DIRECTORY_TYPES + JIRA_TYPES + CONFLUENCE_TYPES]
    assert len(names) == len(set(names)) == len(BY_NAME)
    assert len({one.table for one in BY_NAME.values()}) == len(names)


@pytest.mark.parametrize("app_type", AppType)
def test_load_order_is_total(app_type: AppType) -> None:
    orders = [one.order for one in RECORD_TYPES[app_type]]
    assert orders == sorted(set(orders))


@pytest.mark.parametrize("app_type", AppType)
def test_an_app_has_one_container_and_one_file_type(app_type: AppType) -> None:
    assert [one for one in RECORD_TYPES[app_type] if one.is_container] == [container_type(app_type)]
    assert [one for one in RECORD_TYPES[app_type] if one.has_file] == [file_type(app_type)]


@pytest.mark.parametrize("app_type", AppType)
def test_references_and_containers_lead_somewhere(app_type: AppType) -> None:
    known = {one.name: one for one in RECORD_TYPES[app_type]}

    def wrong(one: RecordType) -> Iterator[str]:
        columns = {column.name: column for column in one.columns}
        for column in one.references:
            yield from (f"{one.name}.{column.name} → {target}" for target in column.targets if target not in known)
        for name in one.container_via:
            if name not in columns or not columns[name].targets:
                yield f"{one.name} finds its container by {name}, which refers to nothing"
        if one.label_column != "key" and one.label_column not in columns:
            yield f"{one.name} is labelled by {one.label_column}, which it lacks"

    assert [problem for one in known.values() for problem in wrong(one)] == []


@pytest.mark.parametrize("app_type", AppType)
def test_every_column_name_is_used_once_in_a_type(app_type: AppType) -> None:
    for one in RECORD_TYPES[app_type]:
        names = one.archive_schema.names
        assert len(names) == len(set(names)), one.name


def test_readme_explains_every_finding_and_every_error() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    codes = {code.value for code in FindingCode} | set(error_codes())
    assert sorted(code for code in codes if f"`{code}`" not in readme) == []


def test_readme_grants_every_right_that_an_error_asks_for() -> None:
    policy = re.search(r"\{\"Version\".*?\]\}\n", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert policy is not None
    granted = set(re.findall(r'"(s3:[A-Z]\w+)"', json.dumps(json.loads(policy.group()))))
    assert granted == {right for one in PERMISSIONS.values() for right in re.findall(r"s3:\w+", one)} | {"s3:PutObject"}
