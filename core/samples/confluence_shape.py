"""What a generated Confluence export should look like."""

from dataclasses import dataclass
from enum import StrEnum


class ConfluenceFlavour(StrEnum):
    """Which Confluence wrote it."""

    SERVER_3 = "server-3"  # wiki markup, users by name, DefaultHibernateUser
    SERVER_4 = "server-4"  # storage format, users by name, directory of Crowd
    SERVER_5 = "server-5"  # 5.7 and later: attachments are content, users by ConfluenceUserImpl
    CLOUD = "cloud"
    DC_8 = "dc-8"  # the new backup: plain text, no nulls, hardly any inverse collections

    @property
    def names_people(self) -> bool:
        """Creators and subjects are usernames, not references."""
        return self in (ConfluenceFlavour.SERVER_3, ConfluenceFlavour.SERVER_4)


class ConfluenceOddity(StrEnum):
    """What real exports have and a restore must cope with; each is planted once, at a fixed place."""

    CONTROL_CHARACTERS = "control-characters"  # in a title, a file name and a body
    CDATA_END = "cdata-end"  # a body with ]]>, written ]] >
    MISSING_FILE = "missing-file"
    UNCLAIMED_FILE = "unclaimed-file"
    DANGLING_PARENT = "dangling-parent"
    MISSING_ORIGINAL = "missing-original"  # an old version of a page that is not there
    DUPLICATE_VERSION = "duplicate-version"  # two old versions of the same number
    REPEATED_KEY = "repeated-key"  # one page's id twice, with different titles
    EMPTY_BODY = "empty-body"  # a page without BodyContent
    INVALID_EMAIL = "invalid-email"
    DUPLICATE_EMAIL = "duplicate-email"
    MISSING_EMAIL = "missing-email"
    INACTIVE_USER = "inactive-user"
    UNKNOWN_AUTHOR = "unknown-author"
    SECRETS = "secrets"
    ACTIVE_OBJECTS = "active-objects"
    EMOJI_AND_RTL = "emoji-and-rtl"


ALL_CONFLUENCE_ODDITIES = frozenset(ConfluenceOddity)


@dataclass(frozen=True, kw_only=True)
class ConfluenceShape:
    """The same shape gives the same bytes. Numbers per page are means: 0.5 is every other page."""

    flavour: ConfluenceFlavour = ConfluenceFlavour.SERVER_5
    seed: int = 1
    #: a site export holds the directory; a space export only the persons content names
    site: bool = True
    spaces: int = 2
    personal_spaces: int = 1
    pages_per_space: int = 20
    blog_posts_per_space: int = 2
    versions_per_page: float = 0.5
    comments_per_page: float = 0.5
    attachments_per_page: float = 0.25
    attachment_bytes: int = 2_000
    body_bytes: int = 1_500
    users: int = 8
    groups: int = 3
    #: entities.xml grows to at least this size by further pages, evenly over the spaces
    xml_bytes: int = 0
    #: texts as different from each other as people's, for measuring; else sentences from a bank
    varied: bool = False
    #: deflate entities.xml (level 1); without it writing is several times faster
    compressed: bool = True
    oddities: frozenset[ConfluenceOddity] = frozenset()
