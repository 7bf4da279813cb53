"""Which native kind of a Jira export becomes which record type, and which of its attributes which column.

What stands in no table is kept as it is: attributes in `extra` or `people`, whole kinds in `jira.other`.
Names are those of Jira's entity model (entitymodel.xml) as real exports of 4.2 to Cloud show them.
"""

from collections.abc import Mapping
from typing import Final

from core.content import directory, jira, jira_setup
from core.content.record_type import RecordType
from core.formats import jira_rewrites
from core.formats.jira_kind import Kind


def _issue_association(attribute: str, target: str, type_: str) -> Kind:
    """Cloud writes what issues belong to in kinds of their own; their records are as the server's NodeAssociations."""
    return Kind(
        record_type=jira_setup.ASSOCIATION,
        key=("issue", attribute),
        prefixed=True,
        columns={"issue": "source_key", attribute: "target_key"},
        constants={"source_kind": "Issue", "target_kind": target, "type": type_},
    )


def _personal(*key: str) -> Kind:
    return Kind(record_type=directory.OTHER, prefixed=True, key=key or ("id",))


def _other(*key: str) -> Kind:
    return Kind(record_type=jira.OTHER, prefixed=True, key=key or ("id",))


def _naming_a_person(attribute: str, *, where: tuple[str, str]) -> Kind:
    """A kind that is kept as it is, in whose rows an attribute names a person if another one says so."""
    person = Kind(record_type=jira.OTHER, prefixed=True, people=(attribute,))
    return Kind(record_type=jira.OTHER, prefixed=True, variant_by=where[0], variants={where[1]: person})


def _constant(record_type: RecordType, *further: str) -> Kind:
    """Issue types, statuses and the like: same names on both sides."""
    names = ("name", "description", "sequence", *further)
    return Kind(record_type=record_type, columns={name: name for name in names})


OTHER: Final = _other()
PERSONAL: Final = _personal()
#: Entities whose properties belong to a person.
PERSONAL_ENTITIES: Final = ("ApplicationUser", "ExternalEntity", "OSUser", "UserProperty")

_LEVELS: Final = {"rolelevel": "visible_to_role"}
_ACTIVITY: Final = {
    "issue": "issue", "author": "author", "body": "body", "created": "created", "updateauthor": "updater",
    "updated": "updated",
}  # fmt: skip
_USER_ASSOCIATION: Final = ("sinkNodeEntity", "sinkNodeId", "associationType", "sourceName")
_ASSOCIATED: Final = {"sourceName": "person", "associationType": "type", "created": "created"}
_GROUP: Final = {"description": "description", "active": "active"}
_REMOTE_LINK: Final = Kind(
    record_type=jira.REMOTE_LINK, columns={"issue": "issue", "title": "title", "url": "url"}
)  # the same kind, renamed between versions

_MEMBERSHIP: Final = {
    "parentId": "group_key", "parentName": "group_name", "childId": "member_key", "childName": "member_name"
}  # fmt: skip


def _membership_of(member: str) -> Kind:
    return Kind(
        record_type=directory.MEMBERSHIP,
        columns=_MEMBERSHIP,
        constants={"member_kind": member},
        implied=("membershipType",),
    )


_ACTOR: Final = {"pid": "project", "projectroleid": "role", "roletype": "type"}


def _actor(column: str) -> Kind:
    return Kind(record_type=jira_setup.PROJECT_ROLE_ACTOR, columns={**_ACTOR, "roletypeparameter": column})


_DIRECTORY_KINDS: Final[Mapping[str, Kind]] = {
    "User": Kind(
        record_type=directory.USER,
        columns={
            "userName": "username", "displayName": "display_name", "emailAddress": "email", "active": "active",
            "@account_id": "account_id", "directoryId": "directory_id",
        },
        rewrite=jira_rewrites.user,
    ),
    "OSUser": Kind(record_type=directory.USER, prefixed=True, columns={"name": "username"}),
    "ApplicationUser": Kind(
        record_type=directory.USER_KEY,
        key=("userKey",),  # what every column that holds a person says
        columns={"lowerUserName": "username", "@account_id": "account_id"},
        rewrite=jira_rewrites.application_user,
    ),
    "Group": Kind(record_type=directory.GROUP, columns={"groupName": "name", **_GROUP}),
    "OSGroup": Kind(record_type=directory.GROUP, prefixed=True, columns={"name": "name", **_GROUP}),
    "Membership": Kind(
        record_type=directory.MEMBERSHIP,
        columns=_MEMBERSHIP,
        variant_by="membershipType",
        variants={"GROUP_USER": _membership_of("user"), "GROUP_GROUP": _membership_of("group")},
    ),
    "OSMembership": Kind(
        record_type=directory.MEMBERSHIP,
        prefixed=True,
        columns={"groupName": "group_name", "userName": "member_name"},
        constants={"member_kind": "user"},
    ),
    "DirectoryAttribute": _personal("directoryId", "name"),
    "DirectoryOperation": _personal("directoryId", "operationType"),
    **dict.fromkeys(
        ("Application", "ApplicationAttribute", "Directory", "ExternalEntity", "FavouriteAssociations",
         "GroupAttribute", "RememberMeToken", "UserAttribute", "UserHistoryItem"), PERSONAL,
    ),
}  # fmt: skip

_CONTENT_KINDS: Final[Mapping[str, Kind]] = {
    "Project": Kind(
        record_type=jira_setup.PROJECT,
        columns={
            "key": "project_key", "originalkey": "original_key", "name": "name", "projecttype": "type",
            "description": "description", "lead": "lead", "url": "url", "counter": "counter",
        },
    ),
    "Component": Kind(
        record_type=jira_setup.COMPONENT,
        columns={name: name for name in ("project", "name", "description", "lead")},
    ),
    "Version": Kind(
        record_type=jira_setup.VERSION,
        columns={
            **{name: name for name in ("project", "name", "description", "sequence", "released")},
            "startdate": "start_date", "releasedate": "release_date",
        },
    ),
    "IssueType": _constant(jira_setup.ISSUE_TYPE, "style"),
    "Status": Kind(
        record_type=jira_setup.STATUS,
        columns={**_constant(jira_setup.PRIORITY).columns, "statuscategory": "category"},
    ),
    "Priority": _constant(jira_setup.PRIORITY),
    "Resolution": _constant(jira_setup.RESOLUTION),
    "ProjectRole": Kind(record_type=jira_setup.PROJECT_ROLE, columns={"name": "name", "description": "description"}),
    "ProjectRoleActor": Kind(
        record_type=jira_setup.PROJECT_ROLE_ACTOR,
        columns=_ACTOR,
        variant_by="roletype",
        variants={"atlassian-user-role-actor": _actor("person"), "atlassian-group-role-actor": _actor("group_name")},
    ),
    "CustomField": Kind(
        record_type=jira_setup.CUSTOM_FIELD,
        columns={
            "name": "name", "description": "description", "customfieldtypekey": "type",
            "customfieldsearcherkey": "searcher",
        },
    ),
    "CustomFieldOption": Kind(
        record_type=jira_setup.CUSTOM_FIELD_OPTION,
        columns={
            "customfield": "custom_field", "parentoptionid": "parent", "value": "value", "sequence": "sequence",
            "disabled": "disabled",
        },
    ),
    "Issue": Kind(
        record_type=jira.ISSUE,
        columns={
            **{name: name for name in (
                "project", "number", "summary", "description", "environment", "type", "status", "priority",
                "resolution", "reporter", "assignee", "creator", "created", "updated", "votes", "watches")},
            "key": "issue_key", "duedate": "due", "resolutiondate": "resolved",
            "timeoriginalestimate": "original_estimate", "timeestimate": "remaining_estimate",
            "timespent": "time_spent", "workflowId": "workflow_entry",
        },
        rewrite=jira_rewrites.issue,
        settled=jira_rewrites.issue_is_settled,
    ),
    "Action": Kind(
        record_type=jira.OTHER,
        prefixed=True,
        variant_by="type",
        variants={
            "comment": Kind(
                record_type=jira.COMMENT,
                columns={**_ACTIVITY, **_LEVELS, "level": "visible_to_group"},
                implied=("type",),
            )
        },
    ),
    "Worklog": Kind(
        record_type=jira.WORKLOG,
        columns={
            **_ACTIVITY, **_LEVELS, "grouplevel": "visible_to_group", "startdate": "started", "timeworked": "seconds",
        },
    ),
    "ChangeGroup": Kind(
        record_type=jira.CHANGE_GROUP, columns={"issue": "issue", "author": "author", "created": "created"}
    ),
    "ChangeItem": Kind(
        record_type=jira.CHANGE_ITEM,
        columns={
            "group": "change_group", "fieldtype": "field_type", "field": "field", "oldvalue": "old_value",
            "oldstring": "old_text", "newvalue": "new_value", "newstring": "new_text",
        },
    ),
    "FileAttachment": Kind(
        record_type=jira.ATTACHMENT,
        columns={
            "issue": "issue", "filename": "title", "mimetype": "media_type", "filesize": "size", "author": "author",
            "created": "created",
        },
    ),
    "IssueLinkType": Kind(
        record_type=jira_setup.LINK_TYPE,
        columns={"linkname": "name", "inward": "inward", "outward": "outward", "style": "style"},
    ),
    "IssueLink": Kind(
        record_type=jira.LINK,
        columns={"linktype": "type", "source": "source", "destination": "destination", "sequence": "sequence"},
    ),
    "RemoteIssueLink": _REMOTE_LINK,
    "RemoteLink": _REMOTE_LINK,
    "Label": Kind(record_type=jira.LABEL, columns={"issue": "issue", "label": "label", "fieldid": "field"}),
    "CustomFieldValue": Kind(
        record_type=jira.CUSTOM_FIELD_VALUE,
        columns={
            "issue": "issue", "customfield": "custom_field", "parentkey": "parent_key", "stringvalue": "string_value",
            "numbervalue": "number_value", "datevalue": "date_value", "textvalue": "text_value",
        },
    ),
    "UserAssociation": Kind(
        record_type=jira.USER_ASSOCIATION,
        key=_USER_ASSOCIATION,
        columns=_ASSOCIATED,
        variant_by="sinkNodeEntity",
        variants={
            "Issue": Kind(
                record_type=jira.USER_ASSOCIATION,
                key=_USER_ASSOCIATION,
                columns={**_ASSOCIATED, "sinkNodeId": "issue"},
                implied=("sinkNodeEntity",),
            )
        },
    ),
    "NodeAssociation": Kind(
        record_type=jira_setup.ASSOCIATION,
        key=("sourceNodeEntity", "sourceNodeId", "sinkNodeEntity", "sinkNodeId", "associationType"),
        prefixed=True,
        columns={
            "sourceNodeEntity": "source_kind", "sourceNodeId": "source_key", "sinkNodeEntity": "target_kind",
            "sinkNodeId": "target_key", "associationType": "type",
        },
    ),
    "IssueComponent": _issue_association("component", "Component", "IssueComponent"),
    "AffectsVersion": _issue_association("version", "Version", "IssueVersion"),
    "FixVersion": _issue_association("version", "Version", "IssueFixVersion"),
    "SchemePermissions": Kind(
        record_type=jira_setup.PERMISSION,
        prefixed=True,
        columns={
            "scheme": "scheme", "permissionKey": "permission", "type": "type", "@person": "person",
            "@group": "group_name", "parameter": "parameter",
        },
        rewrite=jira_rewrites.scheme_permission,
    ),
    "GlobalPermissionEntry": Kind(
        record_type=jira_setup.PERMISSION,
        prefixed=True,
        columns={"permission": "permission", "@type": "type", "group_id": "group_name"},
        rewrite=jira_rewrites.global_permission,
    ),
    "LicenseRoleGroup": Kind(
        record_type=jira_setup.APP_ROLE, columns={"licenseRoleName": "role", "groupId": "group_name"}
    ),
    "SearchRequest": Kind(
        record_type=jira_setup.FILTER,
        columns={"name": "name", "author": "owner", "description": "description", "request": "jql"},
    ),
}  # fmt: skip

_PROPERTIES_OF: Final = Kind(
    record_type=jira.OTHER,
    prefixed=True,
    variant_by="entityName",
    variants=dict.fromkeys(PERSONAL_ENTITIES, PERSONAL),
)
_OTHER_KINDS: Final[Mapping[str, Kind]] = {
    # An audit log is about persons: whom it names stands in its sentences, too.
    "AuditChangedValue": PERSONAL,
    "AuditItem": PERSONAL,
    "AuditLog": PERSONAL,
    "Avatar": _naming_a_person("owner", where=("avatarType", "user")),
    "EntityProperty": _PROPERTIES_OF,
    "IssueLayoutAssociation": _other("layoutId", "projectId", "extraDefinerId", "layoutType"),
    "IssueLayoutItemPosition": _other("layoutId", "containerKey", "itemType", "itemKey"),
    "IssueListEntry": _other("list_id", "issue_id"),
    "IssueTypeHierarchy": _other("level"),
    "JQRTZLocks": _other("lockName"),
    "ModuleStatus": _other("pluginKey", "moduleKey"),
    "Notification": _naming_a_person("parameter", where=("type", "Single_User")),
    "OSCurrentStepPrev": _other("id", "previousId"),
    "OSHistoryStepPrev": _other("id", "previousId"),
    "OSPropertyEntry": _PROPERTIES_OF,
    "PluginState": _other("key"),
    "SequenceValueItem": _other("seqName"),
    "SharePermissions": _naming_a_person("param1", where=("type", "user")),
}

KINDS: Final[Mapping[str, Kind]] = {**_DIRECTORY_KINDS, **_CONTENT_KINDS, **_OTHER_KINDS}
