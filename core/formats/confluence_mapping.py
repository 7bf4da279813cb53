"""Which record each class of a Confluence export becomes, and which of its properties become columns.

Names and meanings are those of real exports from 3.x to Cloud; where writers differ, a column names several properties,
the one to prefer first. What no table names is kept in `extra`, or in `people` where it names a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from core.content import confluence, directory
from core.content.record_type import RecordType

#: Scalar properties that name a person: by username in old exports, by account on Cloud.
PERSON_PROPERTIES: Final = frozenset(
    {"creatorName", "lastModifierName", "userName", "username", "user", "owner", "owningUser", "receiver",
     "userSubject", "creator", "lastModifier", "agentCreatorAaid", "assignee", "email", "emailAddress"}
)  # fmt: skip
#: Classes a reference to which names a person.
PERSON_CLASSES: Final = frozenset({"ConfluenceUserImpl", "InternalUser", "DefaultHibernateUser"})


@dataclass(frozen=True, kw_only=True)
class Native:
    """How one class becomes records of one type."""

    record_type: RecordType
    #: property → column; of two properties of one column the one named first is preferred
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


_DATES: Final = {"creationDate": "created", "lastModificationDate": "modified"}
_WRITTEN: Final = {
    "creator": "creator", "creatorName": "creator", "lastModifier": "modifier", "lastModifierName": "modifier",
    **_DATES,
}  # fmt: skip
_REVISION: Final = {
    "originalVersion": "original", "originalVersionId": "original", "title": "title", "version": "version",
    "contentStatus": "status", **_WRITTEN,
}  # fmt: skip
_COMMENTED: Final = {**_REVISION, "versionComment": "version_comment"}

OLD_REVISION: Final = Native(record_type=confluence.VERSION, columns=_COMMENTED)
#: Classes of which an old revision is a record of its own type.
REVISED: Final = frozenset({"Page", "BlogPost"})

_OTHER: Final = Native(record_type=confluence.OTHER)
DIRECTORY_OTHER: Final = Native(record_type=directory.OTHER)

NATIVES: Final[Mapping[str, Native]] = MappingProxyType(
    {
        "Space": Native(
            record_type=confluence.SPACE,
            columns={
                "key": "space_key", "name": "name", "spaceType": "type", "spaceStatus": "status",
                "description": "description", "homePage": "home_page", **_WRITTEN,
            },
        ),
        "SpaceDescription": Native(record_type=confluence.SPACE_DESCRIPTION, columns={"space": "space", **_REVISION}),
        "Page": Native(
            record_type=confluence.PAGE,
            columns={"space": "space", "parent": "parent", "position": "position", **_COMMENTED},
        ),
        "BlogPost": Native(record_type=confluence.BLOG_POST, columns={"space": "space", **_COMMENTED}),
        "Comment": Native(
            record_type=confluence.COMMENT,
            columns={"containerContent": "owner", "owner": "owner", "parent": "parent", **_REVISION},
        ),
        "CustomContentEntityObject": Native(
            record_type=confluence.CUSTOM_CONTENT,
            columns={"space": "space", "containerContent": "owner", "pluginModuleKey": "plugin_key", **_REVISION},
        ),
        "Attachment": Native(
            record_type=confluence.ATTACHMENT,
            columns={
                "space": "space", "containerContent": "owner", "content": "owner", **_COMMENTED,
                # up to 5.6
                "fileName": "title", "contentType": "media_type", "fileSize": "size", "attachmentVersion": "version",
                "comment": "version_comment",
            },
        ),
        "BodyContent": Native(
            record_type=confluence.BODY, columns={"content": "owner", "bodyType": "body_type", "body": "body"}
        ),
        "PageTemplate": Native(
            record_type=confluence.TEMPLATE,
            columns={
                "space": "space", "name": "name", "version": "version", "bodyType": "body_type", "content": "body",
                **_WRITTEN,
            },
        ),
        "ContentProperty": Native(
            record_type=confluence.CONTENT_PROPERTY,
            columns={
                "content": "owner", "name": "name", "stringValue": "string_value", "longValue": "long_value",
                "dateValue": "date_value",
            },
        ),
        "Label": Native(
            record_type=confluence.LABEL,
            columns={"name": "name", "namespace": "namespace", "owningUser": "owner", "owner": "owner", **_DATES},
        ),
        "Labelling": Native(
            record_type=confluence.LABELLING,
            columns={"label": "label", "content": "content", "owningUser": "owner", "user": "owner", **_DATES},
        ),
        "SpacePermission": Native(
            record_type=confluence.SPACE_PERMISSION,
            columns={
                "space": "space", "type": "type", "group": "group_name", "userSubject": "subject",
                "userName": "subject", "allUsersSubject": "all_users", **_WRITTEN,
            },
        ),
        "ContentPermissionSet": Native(
            record_type=confluence.RESTRICTION_SET, columns={"type": "type", "owningContent": "content", **_DATES}
        ),
        "ContentPermission": Native(
            record_type=confluence.RESTRICTION,
            columns={
                "owningSet": "restriction_set", "type": "type", "groupName": "group_name", "userSubject": "subject",
                "userName": "subject", **_WRITTEN,
            },
        ),
        "Notification": Native(
            record_type=confluence.WATCH,
            columns={
                "content": "content", "page": "content", "space": "space", "type": "type", "receiver": "receiver",
                "userName": "receiver", **_WRITTEN,
            },
        ),
        "User2ContentRelationEntity": Native(
            record_type=confluence.RELATION,
            columns={
                "sourceContent": "source", "relationName": "relation", "targetContent": "content", **_WRITTEN,
            },
        ),
        "LikeEntity": Native(
            record_type=confluence.RELATION,
            columns={"user": "source", "content": "content", **_WRITTEN},
            constants={"relation": "like"},
        ),
        "OutgoingLink": Native(
            record_type=confluence.LINK,
            columns={
                "sourceContent": "source", "destinationSpaceKey": "destination_space",
                "destinationPageTitle": "destination_title", **_WRITTEN,
            },
        ),
        "ConfluenceUserImpl": Native(
            record_type=directory.USER_KEY,
            columns={"name": "username", "email": "email", "atlassianAccountId": "account_id"},
        ),
        "InternalUser": Native(
            record_type=directory.USER,
            columns={
                "name": "username", "displayName": "display_name", "emailAddress": "email", "active": "active",
                "externalId": "account_id", "directory": "directory_id",
            },
        ),
        "DefaultHibernateUser": Native(
            record_type=directory.USER, columns={"name": "username", "fullName": "display_name", "email": "email"}
        ),
        "InternalGroup": Native(
            record_type=directory.GROUP,
            columns={"name": "name", "description": "description", "active": "active"},
        ),
        "DefaultHibernateGroup": Native(record_type=directory.GROUP, columns={"name": "name"}),
        "HibernateMembership": Native(
            record_type=directory.MEMBERSHIP,
            columns={"parentGroup": "group_key", "userMember": "member_key", "groupMember": "member_key"},
        ),
        **dict.fromkeys(
            ("DirectoryImpl", "DirectoryMapping", "ApplicationImpl", "InternalUserAttribute", "InternalGroupAttribute",
             "InternalUserCredentialRecord", "PersonalInformation", "UserLoginInfo"),
            DIRECTORY_OTHER,
        ),
    }
)  # fmt: skip

#: Content of these belongs to a person, not to a space: what hangs on it goes with the users.
PERSONAL_CONTENT: Final = frozenset({"PersonalInformation"})
#: Collections through which alone an owner may be known, with the class of what they own.
OWNING_COLLECTIONS: Final = MappingProxyType({"contentProperties": "ContentProperty", "bodyContents": "BodyContent"})
_OWNED: Final = frozenset(OWNING_COLLECTIONS.values())
#: Property sets of users: `USERPROPS-<key>` since 5.3, the kind of directory and the username before.
USER_PROPERTY_SETS: Final = ("USERPROPS-", "CWD_", "LOC_", "EXT_", "LDAP_")


def native_of(native: str, values: Mapping[str, object]) -> Native:
    """The mapping of one row of the class `native` with these properties."""
    if native in REVISED:
        # The draft of a published page names its original too, but keeps its space.
        old = values.get("originalVersion") or values.get("originalVersionId")
        if old and not values.get("space") and values.get("contentStatus") != "draft":
            return OLD_REVISION
    elif native in _OWNED:
        owner = values.get("content")
        if isinstance(owner, dict) and owner.get("class") in PERSONAL_CONTENT:
            return DIRECTORY_OTHER
    elif native == "BucketPropertySetItem":
        identity = values.get("composite-id")
        if isinstance(identity, dict) and str(identity.get("entityName")).startswith(USER_PROPERTY_SETS):
            return DIRECTORY_OTHER
    return NATIVES.get(native, _OTHER)


def key_of(native: str, identity: str) -> str:
    """The key by which a record of the class is referred to; untyped classes share one type, so theirs says which."""
    return identity if native in _TYPED else f"{native}:{identity}"


_TYPED: Final = frozenset(
    native for native, one in NATIVES.items() if one.record_type not in (confluence.OTHER, directory.OTHER)
)
