"""The exports that are measured, from the project's own generator."""

from dataclasses import dataclass
from pathlib import Path

from core.content.record_type import AppType
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceShape
from core.samples.expected import ExpectedExport
from core.samples.jira import write_jira_export
from core.samples.jira_shape import JiraFiles, JiraShape

#: An export of 1 GB has the kinds and rows of PERFORMANCE.md's data: 200 000 issues with 1 million comments, or 100 000
#: pages; and a few of everything else.
USERS, GROUPS = 20_000, 500
_FULL_MEGABYTES = 1_000


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A generated export without attachments; `megabytes` (10**6 bytes) is the size of its XML, uncompressed."""

    app_type: AppType
    megabytes: int

    @property
    def name(self) -> str:
        return f"{self.app_type.value}-{self.megabytes}"

    def write(self, folder: Path) -> ExpectedExport:
        """Make the zip in the folder. It is stored without compression: who reads it pays for XML and nothing else."""
        path = folder / f"{self.name}.zip"
        size = self.megabytes * 1_000_000
        users, groups = (max(10, one * self.megabytes // _FULL_MEGABYTES) for one in (USERS, GROUPS))
        if self.app_type is AppType.JIRA:
            jira = JiraShape(
                xml_bytes=size,
                varied=True,
                compressed=False,
                files=JiraFiles.NONE,
                attachments_per_issue=0,
                comments_per_issue=5,
                body_bytes=1_200,
                users=users,
                groups=groups,
                projects=20,
            )
            return write_jira_export(path, shape=jira)
        confluence = ConfluenceShape(
            xml_bytes=size,
            varied=True,
            compressed=False,
            attachments_per_page=0,
            body_bytes=4_000,
            users=users,
            groups=groups,
            spaces=10,
        )
        return write_confluence_export(path, shape=confluence)
