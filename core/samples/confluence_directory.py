"""Users, groups, memberships and settings of a generated Confluence export."""

from collections.abc import Callable
from typing import Final

from core.samples.confluence_objects import Spelling
from core.samples.confluence_shape import ConfluenceFlavour, ConfluenceOddity, ConfluenceShape
from core.samples.output import XmlSink
from core.samples.people import Person

_DATE: Final = "2023-04-05 08:09:10.111"
#: Invented, and told apart from everything else in a sample, so that a test can look for them in a backup.
SECRETS: Final = {
    "credential": "{PKCS5S2}SAMPLE-SECRET-credential",
    "token": "SAMPLE-SECRET-remember-me",
    "key": "SAMPLE-SECRET-private-key",
    "licence": "SAMPLE-SECRET-licence",
}


def group_name(number: int) -> str:
    return ("confluence-users", "confluence-administrators")[number] if number < 2 else f"team-{number:03d}"


def is_member(group: int, person: int) -> bool:
    """Everybody is in the first group, few in the others."""
    return group == 0 or person % (group + 1) == 0


def write_user_keys(sink: XmlSink, spelling: Spelling, persons: tuple[Person, ...]) -> None:
    """ConfluenceUserImpl: what content's references lead to, also in space exports."""
    if spelling.flavour.names_people:
        return
    cloud = spelling.flavour is ConfluenceFlavour.CLOUD
    for one in persons:
        name = one.email if cloud and one.email else one.username
        parts = spelling.text("name", name) + spelling.text("lowerName", name.lower())
        if cloud:
            parts += spelling.text("atlassianAccountId", one.account_id)
        elif spelling.plain:
            parts += spelling.text("email", one.email or None)
        sink.row("ConfluenceUserImpl", spelling.build("ConfluenceUserImpl", spelling.user_key(one), parts))


def write_directory(
    sink: XmlSink, spelling: Spelling, shape: ConfluenceShape, persons: tuple[Person, ...], next_id: Callable[[], int]
) -> None:
    if spelling.flavour is ConfluenceFlavour.SERVER_3:
        _write_old_directory(sink, spelling, shape, persons, next_id)
        return
    directory = next_id()
    sink.row(
        "DirectoryImpl",
        spelling.build(
            "DirectoryImpl",
            directory,
            spelling.text("name", "Confluence Internal Directory"),
            spelling.flag("active", True),
            spelling.text("implementationClass", "com.atlassian.crowd.directory.InternalDirectory"),
            spelling.member("type", "DirectoryType", "com.atlassian.crowd.embedded.api", "INTERNAL"),
        ),
    )
    in_directory = spelling.reference("directory", "DirectoryImpl", directory)
    dates = spelling.bare("createdDate", _DATE) + spelling.bare("updatedDate", _DATE)
    cloud = spelling.flavour is ConfluenceFlavour.CLOUD
    users = {one: next_id() for one in persons}
    for one, key in users.items():
        username = one.account_id if cloud else one.username
        parts = [
            spelling.text("name", username),
            spelling.text("lowerName", username.lower()),
            spelling.flag("active", one.active),
            dates,
            spelling.text("displayName", one.full_name),
            spelling.text("lowerDisplayName", one.full_name.lower()),
            spelling.text("emailAddress", one.email or None),
            spelling.text("lowerEmailAddress", one.email.lower() or None),
            spelling.text("externalId", one.account_id if cloud else f"32769:{key}"),
            in_directory,
        ]
        if ConfluenceOddity.SECRETS in shape.oddities:
            credential = f'<property name="credential" type="string"><![CDATA[{SECRETS["credential"]}]]></property>'
            parts.append(f'<component name="credential">{credential}\n</component>\n')
        sink.row("InternalUser", spelling.build("InternalUser", key, *parts))
    for number in range(shape.groups):
        group = next_id()
        sink.row(
            "InternalGroup",
            spelling.build(
                "InternalGroup",
                group,
                spelling.text("name", group_name(number)),
                spelling.text("lowerName", group_name(number)),
                spelling.flag("active", True),
                spelling.flag("local", False),
                dates,
                spelling.text("description", f"People of {group_name(number)}"),
                spelling.member("type", "GroupType", "com.atlassian.crowd.model.group", "GROUP"),
                in_directory,
            ),
        )
        for one, key in users.items():
            if is_member(number, one.number):
                parts = [
                    spelling.reference("parentGroup", "InternalGroup", group),
                    spelling.reference("userMember", "InternalUser", key),
                ]
                sink.row("HibernateMembership", spelling.build("HibernateMembership", next_id(), *parts))


def _write_old_directory(
    sink: XmlSink, spelling: Spelling, shape: ConfluenceShape, persons: tuple[Person, ...], next_id: Callable[[], int]
) -> None:
    groups = [next_id() for _ in range(shape.groups)]
    for number, key in enumerate(groups):
        parts = spelling.text("name", group_name(number))
        sink.row("DefaultHibernateGroup", spelling.build("DefaultHibernateGroup", key, parts))
    for one in persons:
        memberships = (key for number, key in enumerate(groups) if is_member(number, one.number))
        secret = SECRETS["credential"] if ConfluenceOddity.SECRETS in shape.oddities else None
        parts = "".join(
            (
                spelling.text("name", one.username),
                spelling.text("password", secret),
                spelling.text("email", one.email),
                spelling.bare("created", _DATE),
                spelling.text("fullName", one.full_name),
                spelling.collection("groups", "DefaultHibernateGroup", memberships),
            )
        )
        sink.row("DefaultHibernateUser", spelling.build("DefaultHibernateUser", next_id(), parts))


def write_settings(sink: XmlSink, spelling: Spelling, shape: ConfluenceShape, next_id: Callable[[], int]) -> None:
    """Bandana: XStream kept as text; with the oddity also what must never reach a backup."""
    records = {
        "atl.confluence.plugins.confluence-daily-summary-email:admin.defaultSchedule": "<string>weekly</string>",
        "sendEmail": "<boolean>true</boolean>",
    }
    if ConfluenceOddity.SECRETS in shape.oddities:
        records["atlassian.license"] = f"<string>{SECRETS['licence']}</string>"
        parts = [
            spelling.text("username", "user00000"),
            spelling.bare("createdTime", 1381745929067),
            spelling.text("token", SECRETS["token"]),
        ]
        sink.row("ConfluenceRememberMeToken", spelling.build("ConfluenceRememberMeToken", next_id(), *parts))
        parts = [spelling.text("alias", "confluence:11200652"), spelling.text("key", SECRETS["key"])]
        sink.row("AliasedKey", spelling.build("AliasedKey", next_id(), *parts))
    for key, value in records.items():
        parts = [spelling.text("context", "_GLOBAL"), spelling.text("key", key), spelling.text("value", value)]
        sink.row("ConfluenceBandanaRecord", spelling.build("ConfluenceBandanaRecord", next_id(), *parts))
