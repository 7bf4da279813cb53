"""What a generated Jira export should look like."""

from dataclasses import dataclass
from enum import StrEnum


class JiraFlavour(StrEnum):
    """Which Jira wrote it."""

    JIRA_4 = "jira-4"  # OSUser, OSGroup; an issue has its key as one attribute
    JIRA_5 = "jira-5"  # User, Group, Membership
    JIRA_6 = "jira-6"  # ApplicationUser; key, number and project
    JIRA_7 = "jira-7"  # app roles
    JIRA_8 = "jira-8"  # user keys are JIRAUSER10000
    CLOUD = "cloud"  # account ids; projectKey and number; IssueComponent, FixVersion

    @property
    def has_user_keys(self) -> bool:
        return self not in (JiraFlavour.JIRA_4, JiraFlavour.JIRA_5)

    @property
    def has_app_roles(self) -> bool:
        return self in (JiraFlavour.JIRA_7, JiraFlavour.JIRA_8, JiraFlavour.CLOUD)


class JiraFiles(StrEnum):
    """Where the attachments' files are."""

    NONE = "none"
    ZIP = "zip"  # in the zip under data/attachments, as Cloud does
    FOLDER = "folder"  # PROJECT/10000/PROJECT-1/10000
    OLD_FOLDER = "old-folder"  # PROJECT/PROJECT-1/10000_name.txt


class JiraOddity(StrEnum):
    """What real exports have and a restore must cope with; each is planted once, at a fixed place."""

    WRONG_DECLARED_COUNT = "wrong-declared-count"  # the closing comment claims one comment more
    DANGLING_PROJECT = "dangling-project"  # an issue of a project that is not there
    DANGLING_ISSUE = "dangling-issue"  # a comment on an issue that is not there
    REPEATED_KEY = "repeated-key"  # one comment's id twice, with different bodies
    SPLIT_CDATA = "split-cdata"  # a description with ]]>
    RENAMED_PROJECT = "renamed-project"  # files lie under the first project's former key
    MISSING_FILE = "missing-file"
    UNCLAIMED_FILE = "unclaimed-file"
    INVALID_EMAIL = "invalid-email"
    DUPLICATE_EMAIL = "duplicate-email"
    MISSING_EMAIL = "missing-email"
    INACTIVE_USER = "inactive-user"
    UNKNOWN_AUTHOR = "unknown-author"
    ANONYMOUS_COMMENT = "anonymous-comment"
    SECRETS = "secrets"
    ACTIVE_OBJECTS = "active-objects"
    EMOJI_AND_RTL = "emoji-and-rtl"


ALL_JIRA_ODDITIES = frozenset(JiraOddity)


@dataclass(frozen=True, kw_only=True)
class AuthoredIssue:
    summary: str
    description: str
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class JiraShape:
    """The same shape gives the same bytes. Numbers per issue are means: 0.5 is every other issue."""

    flavour: JiraFlavour = JiraFlavour.JIRA_8
    seed: int = 1
    projects: int = 2
    issues: int = 40
    comments_per_issue: float = 1.5
    worklogs_per_issue: float = 0.25
    changes_per_issue: float = 1
    links_per_issue: float = 0.2
    labels_per_issue: float = 0.5
    attachments_per_issue: float = 0.25
    attachment_bytes: int = 2_000
    #: a description's; comments have a third of it
    body_bytes: int = 900
    files: JiraFiles = JiraFiles.ZIP
    users: int = 8
    groups: int = 3
    #: entities.xml grows to about this size by further issues (within some per cent)
    xml_bytes: int = 0
    #: texts as different from each other as people's, for measuring; else sentences from a bank
    varied: bool = False
    #: deflate entities.xml (level 1); without it writing is several times faster
    compressed: bool = True
    oddities: frozenset[JiraOddity] = frozenset()
    #: project key → its name, in place of generated ones; `projects` is then not looked at
    project_names: tuple[tuple[str, str], ...] = ()
    #: the first issues, in place of generated ones
    authored: tuple[AuthoredIssue, ...] = ()
