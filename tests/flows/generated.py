"""Generated exports with every oddity, and what was planted in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.content.record_type import AppType
from core.findings import FindingCode
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ALL_CONFLUENCE_ODDITIES, ConfluenceFlavour, ConfluenceShape
from core.samples.expected import ExpectedExport
from core.samples.jira import write_jira_export
from core.samples.jira_shape import ALL_JIRA_ODDITIES, JiraFlavour, JiraShape
from core.samples.people import people

#: (code, subject) → how many
Facts = Mapping[tuple[FindingCode, str], int]


@dataclass(frozen=True, kw_only=True)
class Generated:
    flavour: ConfluenceFlavour | JiraFlavour
    site: bool = True

    @property
    def app_type(self) -> AppType:
        return AppType.CONFLUENCE if isinstance(self.flavour, ConfluenceFlavour) else AppType.JIRA

    @property
    def name(self) -> str:
        return f"{self.app_type}-{self.flavour}{'' if self.site else '-space'}"

    @property
    def shape(self) -> ConfluenceShape | JiraShape:
        if isinstance(self.flavour, ConfluenceFlavour):
            return ConfluenceShape(
                flavour=self.flavour,
                site=self.site,
                pages_per_space=8,
                attachments_per_page=0.5,
                oddities=ALL_CONFLUENCE_ODDITIES,
            )
        return JiraShape(flavour=self.flavour, issues=20, attachments_per_issue=0.5, oddities=ALL_JIRA_ODDITIES)

    def write(self, folder: Path) -> ExpectedExport:
        path = folder / f"{self.name}.zip"
        if isinstance(self.shape, ConfluenceShape):
            return write_confluence_export(path, shape=self.shape)
        return write_jira_export(path, shape=self.shape)

    @property
    def facts(self) -> Facts:
        """Everything countable that the oddities plant, where it does not depend on the texts' length."""
        found = {
            (FindingCode.USER_UNKNOWN_AUTHOR, ""): 1 + self._nobody_is_known * self.shape.users,
            (FindingCode.CONTENT_MISSING_FILE, ""): 1,
            (FindingCode.CONTENT_UNCLAIMED_FILE, ""): 1,
        }
        if self.app_type is AppType.CONFLUENCE:
            found |= {
                (FindingCode.CONTENT_DANGLING_REFERENCE, "confluence.page.parent"): 1,
                (FindingCode.CONTENT_DANGLING_REFERENCE, "confluence.version.original"): 1,
                (FindingCode.CONTENT_REPEATED_KEY, "confluence.page"): 1,
            }
        else:
            found |= {
                (FindingCode.CONTENT_DANGLING_REFERENCE, "jira.issue.project"): 1,
                (FindingCode.CONTENT_DANGLING_REFERENCE, "jira.comment.issue"): 1,
                (FindingCode.CONTENT_REPEATED_KEY, "jira.comment"): 1,
                (FindingCode.CONTENT_COUNT_DIFFERS, "Action"): 1,
            }
        return found | self._people

    @property
    def _nobody_is_known(self) -> bool:
        """Old exports of single spaces name persons and hold none."""
        return not self.site and self.flavour in (ConfluenceFlavour.SERVER_3, ConfluenceFlavour.SERVER_4)

    @property
    def _people(self) -> Facts:
        """Exports of single spaces hold no directory; Jira 4 keeps addresses and states of users elsewhere."""
        if not self.site:
            return {}
        if self.flavour is JiraFlavour.JIRA_4:
            return {(FindingCode.USER_MISSING_EMAIL, ""): self.shape.users}
        inactive = {} if self.flavour is ConfluenceFlavour.SERVER_3 else {(FindingCode.USER_INACTIVE, ""): 1}
        return {
            (FindingCode.USER_DUPLICATE_EMAIL, ""): 2,
            (FindingCode.USER_INVALID_EMAIL, ""): 1,
            (FindingCode.USER_MISSING_EMAIL, ""): 1,
            **inactive,
        }

    @property
    def names_of_people(self) -> set[str]:
        """Whatever tells who somebody is, in lower case."""
        found = set()
        for one in people(self.shape.users, self.shape.oddities):
            found |= {one.username, one.full_name, one.email, one.key, one.account_id, f"JIRAUSER{10_000 + one.number}"}
            found.add(one.account_id.replace(":", "").replace("-", ""))
        return {one.lower() for one in found if one}


SITES = [Generated(flavour=flavour) for flavour in (*ConfluenceFlavour, *JiraFlavour)]
SPACES = [Generated(flavour=flavour, site=False) for flavour in ConfluenceFlavour]
