"""How Confluence's writers spell objects, properties and collections (hibernate-generic)."""

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

from core.samples.confluence_shape import ConfluenceFlavour
from core.samples.people import Person

PACKAGES: Final = {
    "Attachment": "com.atlassian.confluence.pages",
    "AliasedKey": "com.atlassian.confluence.security.persistence.dao.hibernate",
    "BlogPost": "com.atlassian.confluence.pages",
    "BodyContent": "com.atlassian.confluence.core",
    "Comment": "com.atlassian.confluence.pages",
    "ConfluenceBandanaRecord": "com.atlassian.confluence.setup.bandana",
    "ConfluenceRememberMeToken": "com.atlassian.confluence.user.persistence.dao",
    "ConfluenceUserImpl": "com.atlassian.confluence.user",
    "ContentPermission": "com.atlassian.confluence.security",
    "ContentPermissionSet": "com.atlassian.confluence.security",
    "ContentProperty": "com.atlassian.confluence.content",
    "DefaultHibernateGroup": "bucket.user.providers.hibernate",
    "DefaultHibernateUser": "bucket.user.providers.hibernate",
    "DirectoryImpl": "com.atlassian.crowd.model.directory",
    "HibernateMembership": "com.atlassian.crowd.embedded.hibernate2",
    "InternalGroup": "com.atlassian.crowd.model.group",
    "InternalUser": "com.atlassian.crowd.model.user",
    "Label": "com.atlassian.confluence.labels",
    "Labelling": "com.atlassian.confluence.labels",
    "Notification": "com.atlassian.confluence.mail.notification",
    "OutgoingLink": "com.atlassian.confluence.links",
    "Page": "com.atlassian.confluence.pages",
    "Space": "com.atlassian.confluence.spaces",
    "SpaceDescription": "com.atlassian.confluence.spaces",
    "SpacePermission": "com.atlassian.confluence.security",
    "User2ContentRelationEntity": "com.atlassian.confluence.internal.relations.dao",
}
#: A declared owner of a collection, which recent Clouds write behind its class.
_OWNERS: Final = {"permissions": "com.atlassian.confluence.spaces.Space"}
_CONTENT: Final = "com.atlassian.confluence.core.ContentEntityObject"
#: Collections the new backup still writes.
_KEPT: Final = ("contentProperties",)


class Spelling:
    """One flavour's way to write XML. Every method returns text; `build` puts it into an object."""

    def __init__(self, flavour: ConfluenceFlavour) -> None:
        self.flavour = flavour
        self.plain = flavour is ConfluenceFlavour.DC_8

    def _quoted(self, value: str) -> str:
        if self.plain and not ("<" in value or "&" in value):
            return escape(value)
        return f"<![CDATA[{value.replace(']]>', ']] >')}]]>"

    def text(self, name: str, value: str | None) -> str:
        if value is None:
            return "" if self.plain else f'<property name="{name}"/>'
        return f'<property name="{name}">{self._quoted(value)}</property>\n'

    def bare(self, name: str, value: int | str | None) -> str:
        """A number, a truth value or a date: never quoted."""
        if value is None:
            return "" if self.plain else f'<property name="{name}"/>'
        return f'<property name="{name}">{value}</property>\n'

    def flag(self, name: str, value: bool) -> str:
        return self.bare(name, "true" if value else "false")

    def member(self, name: str, enum_class: str, package: str, value: str) -> str:
        return f'<property name="{name}" enum-class="{enum_class}" package="{package}">{value}</property>\n'

    def reference(self, name: str, kind: str, key: int | None) -> str:
        if key is None:
            return ""
        return (
            f'<property name="{name}" class="{kind}" package="{PACKAGES[kind]}"><id name="id">{key}</id>\n</property>\n'
        )

    def person(self, name: str, key: str) -> str:
        return (
            f'<property name="{name}" class="ConfluenceUserImpl" package="{PACKAGES["ConfluenceUserImpl"]}">'
            f'<id name="key">{self._quoted(key)}</id>\n</property>\n'
        )

    def collection(self, name: str, kind: str, keys: Iterable[int]) -> str:
        """References to others; empty ones are left out."""
        if self.plain and name not in _KEPT:
            return ""
        package = PACKAGES[kind]
        elements = "".join(
            f'<element class="{kind}" package="{package}"><id name="id">{key}</id>\n</element>\n' for key in keys
        )
        if not elements:
            return ""
        class_ = "java.util.Collection"
        if self.flavour is ConfluenceFlavour.CLOUD:
            class_ += f"({_OWNERS.get(name, _CONTENT)}.{name})"
        return f'<collection name="{name}" class="{class_}">{elements}</collection>\n'

    def build(self, kind: str, key: int | str, *parts: str) -> str:
        identity = f'<id name="key">{self._quoted(key)}</id>' if isinstance(key, str) else f'<id name="id">{key}</id>'
        return f'<object class="{kind}" package="{PACKAGES[kind]}">\n{identity}\n{"".join(parts)}</object>\n'

    def user_key(self, person: Person) -> str:
        """What content calls a person: a username in old exports, else the key of a ConfluenceUserImpl."""
        if self.flavour.names_people:
            return person.username
        return person.account_id if self.flavour is ConfluenceFlavour.CLOUD else person.key

    def written(self, user_key: str, created: str, modified: str) -> str:
        """Who made and changed it, and when."""
        dates = self.bare("creationDate", created), self.bare("lastModificationDate", modified)
        if self.flavour.names_people:
            who = self.text("creatorName", user_key), self.text("lastModifierName", user_key)
        else:
            who = self.person("creator", user_key), self.person("lastModifier", user_key)
        return who[0] + dates[0] + who[1] + dates[1]

    def subject(self, user_key: str) -> str:
        """The person a permission is granted to."""
        if self.flavour.names_people:
            return self.text("userName", user_key)
        return self.person("userSubject", user_key)
