"""Generated Jira exports of every generation of writers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Final

from core.content.record_type import AppType
from core.samples import jira_configuration as configuration
from core.samples import jira_content as content
from core.samples.active_objects import BOARDS, SPRINTS, active_objects
from core.samples.expected import MOST_TITLES, ExpectedExport
from core.samples.jira_rows import NOWHERE, JiraWorld, Row, spell
from core.samples.jira_shape import JiraFiles, JiraFlavour, JiraOddity, JiraShape
from core.samples.output import Archive, Files, Folder, XmlSink

_Rows = Callable[[JiraWorld], Iterator[Row]]
_EVERYWHERE: Final[Mapping[str, _Rows]] = {
    "Action": content.comment_rows,
    "ChangeGroup": content.change_group_rows,
    "ChangeItem": content.change_item_rows,
    "Component": configuration.component_rows,
    "CustomField": configuration.custom_field_rows,
    "CustomFieldOption": configuration.option_rows,
    "CustomFieldValue": content.custom_value_rows,
    "FileAttachment": content.attachment_rows,
    "Issue": content.issue_rows,
    "IssueLink": content.link_rows,
    "IssueLinkType": configuration.link_type_rows,
    "IssueType": configuration.issue_type_rows,
    "Label": content.label_rows,
    "MailServer": configuration.mail_server_rows,
    "OSCurrentStep": content.step_rows,
    "OSPropertyEntry": configuration.property_entry_rows,
    "OSPropertyString": configuration.property_string_rows,
    "OSPropertyText": configuration.property_text_rows,
    "OSWorkflowEntry": content.workflow_entry_rows,
    "Priority": configuration.priority_rows,
    "Project": configuration.project_rows,
    "ProjectRole": configuration.role_rows,
    "ProjectRoleActor": configuration.role_actor_rows,
    "RememberMeToken": configuration.token_rows,
    "Resolution": configuration.resolution_rows,
    "SchemePermissions": configuration.permission_rows,
    "SearchRequest": configuration.filter_rows,
    "Status": configuration.status_rows,
    "UserAssociation": content.watcher_rows,
    "Version": configuration.version_rows,
    "Workflow": configuration.workflow_rows,
    "Worklog": content.worklog_rows,
}
_OLD_DIRECTORY: Final[Mapping[str, _Rows]] = {
    "OSGroup": configuration.old_group_rows,
    "OSMembership": configuration.old_membership_rows,
    "OSUser": configuration.old_user_rows,
}
_DIRECTORY: Final[Mapping[str, _Rows]] = {
    "Group": configuration.group_rows,
    "Membership": configuration.membership_rows,
    "User": configuration.user_rows,
}
_USER_KEYS: Final[Mapping[str, _Rows]] = {
    "ApplicationUser": configuration.application_user_rows,
    "GlobalPermissionEntry": configuration.global_permission_rows,
    "ProjectKey": configuration.project_key_rows,
}
_APP_ROLES: Final[Mapping[str, _Rows]] = {
    "LicenseRoleGroup": configuration.app_role_rows,
    "ProductLicense": configuration.licence_rows,
}
_SERVER: Final[Mapping[str, _Rows]] = {"NodeAssociation": configuration.association_rows}
_CLOUD: Final[Mapping[str, _Rows]] = {
    "FixVersion": configuration.fix_version_rows,
    "IssueComponent": configuration.issue_component_rows,
}
#: Issues from which the size of one is measured.
_SAMPLE_ISSUES: Final = 2_000
_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<!--
___ Exported on _____________________________

     on                                            : Thursday, February 1, 2024 12:00:00 PM UTC
     by                                            : user00000 ( Ada Okafor )
{cloud}
___ Environment _____________________________

     JIRA Build                                    : {build}
 -->
"""
_BUILDS: Final = {
    JiraFlavour.JIRA_4: "4.2#587",
    JiraFlavour.JIRA_5: "5.0#713",
    JiraFlavour.JIRA_6: "6.3.1#6325",
    JiraFlavour.JIRA_7: "7.10.0#710001",
    JiraFlavour.JIRA_8: "8.6.1#806001",
    JiraFlavour.CLOUD: "1001.0.0-SNAPSHOT#100245",
}


def write_jira_export(path: Path, *, shape: JiraShape, attachments: Path | None = None) -> ExpectedExport:
    """Writes the zip file to `path` and returns what it holds.

    `attachments` is the directory, made anew, that gets the files of a shape which keeps them in a folder.
    """
    if (shape.files in (JiraFiles.FOLDER, JiraFiles.OLD_FOLDER)) != (attachments is not None):
        raise ValueError("A directory for attachments is given when, and only when, the shape keeps files in a folder.")
    world = JiraWorld(shape, issues=_issues(shape))
    active_objects_counts = {}
    with Archive(path, compressed=shape.compressed) as archive:
        with archive.xml("entities.xml") as sink:
            declared = _write_entities(sink, world)
        if world.has(JiraOddity.ACTIVE_OBJECTS):
            board = (1, f"{world.projects[0].key} board", world.someone(0), True)
            tables: dict[str, list[tuple[object, ...]]] = {
                BOARDS: [board],
                SPRINTS: [(1, "Sprint 1", True, 1), (2, "Sprint <2> & on", False, 1)],
            }
            archive.write("activeobjects.xml", active_objects(tables))
            active_objects_counts = {name: len(rows) for name, rows in tables.items()}
        target: Files = archive if attachments is None else Folder(attachments)
        prefix = "data/attachments/" if attachments is None else ""
        files = _write_files(world, target, prefix)
    secrets = tuple(configuration.SECRETS.values()) if world.has(JiraOddity.SECRETS) else ()
    return ExpectedExport(
        path=path,
        app_type=AppType.JIRA,
        native_counts=dict(sink.counts),
        active_objects_counts=active_objects_counts,
        declared_counts=declared,
        containers=tuple(one.key for one in world.projects),
        titles=tuple(content.summary(world, one) for one in islice(world.issues(), MOST_TITLES)),
        attachments=sink.counts["FileAttachment"],
        files=files.files,
        file_bytes=files.bytes,
        missing_files=files.missing,
        unclaimed_files=files.unclaimed,
        oddities=tuple(sorted(shape.oddities)),
        secrets=secrets,
        xml_bytes=sink.bytes_written,
    )


@dataclass(frozen=True, kw_only=True)
class _Written:
    """What of the attachment store was written, and the paths the oddities touch."""

    files: int = 0
    bytes: int = 0
    missing: tuple[str, ...] = ()
    unclaimed: tuple[str, ...] = ()


def _kinds(flavour: JiraFlavour) -> dict[str, _Rows]:
    kinds = dict(_EVERYWHERE)
    kinds |= _OLD_DIRECTORY if flavour is JiraFlavour.JIRA_4 else _DIRECTORY
    if flavour.has_user_keys:
        kinds |= _USER_KEYS
    if flavour.has_app_roles:
        kinds |= _APP_ROLES
    kinds |= _CLOUD if flavour is JiraFlavour.CLOUD else _SERVER
    return dict(sorted(kinds.items()))


def _write_entities(sink: XmlSink, world: JiraWorld) -> dict[str, int]:
    """Returns what the closing comment declares."""
    cloud = world.flavour is JiraFlavour.CLOUD
    sink.text(_HEAD.format(cloud="     Exported for: cloud\n" if cloud else "", build=_BUILDS[world.flavour]))
    old = world.flavour in (JiraFlavour.JIRA_4, JiraFlavour.JIRA_5)
    sink.text("<entity-engine-xml>\n" if old else '<entity-engine-xml date="1706788800000">\n')
    for kind, rows in _kinds(world.flavour).items():
        for row in rows(world):
            sink.row(kind, spell(kind, row))
    declared = dict(sink.counts)
    if world.has(JiraOddity.WRONG_DECLARED_COUNT):
        declared["Action"] = declared.get("Action", 0) + 1
    lines = "".join(f"     {kind:<45} : {count}\n" for kind, count in declared.items())
    total = f"     {'Total':<45} : {sum(declared.values())}\n"
    sink.text(f"<!--\n___ Entities _____________________________\n\n{total}{lines}\n -->\n</entity-engine-xml>\n")
    return declared


def _issues(shape: JiraShape) -> int:
    """How many issues make entities.xml as large as the shape wants it, by the size of some."""
    if not shape.xml_bytes:
        return shape.issues
    sizes = []
    for issues in (1, 1 + _SAMPLE_ISSUES):
        sink = XmlSink(BytesIO())
        _write_entities(sink, JiraWorld(shape, issues=issues))
        sink.flush()
        sizes.append(sink.bytes_written)
    return max(shape.issues, 1 + (shape.xml_bytes - sizes[0]) * _SAMPLE_ISSUES // (sizes[1] - sizes[0]))


def _write_files(world: JiraWorld, target: Files, prefix: str) -> _Written:
    if world.shape.files is JiraFiles.NONE:
        return _Written()
    prose, size_of_all, number = world.prose("files"), 0, 0
    missing: list[str] = []
    unclaimed: list[str] = []
    for key, issue, name, size in content.attachment_facts(world):
        path = prefix + content.attachment_path(world, key, issue, name)
        if world.has(JiraOddity.MISSING_FILE) and not missing:
            missing.append(path)
            continue
        target.write(path, prose.bytes(size))
        size_of_all, number = size_of_all + size, number + 1
    if world.has(JiraOddity.UNCLAIMED_FILE):
        unclaimed.append(prefix + content.attachment_path(world, NOWHERE, world.issue(0), "nobody.txt"))
        target.write(unclaimed[0], prose.bytes(100))
        size_of_all, number = size_of_all + 100, number + 1
    return _Written(files=number, bytes=size_of_all, missing=tuple(missing), unclaimed=tuple(unclaimed))
