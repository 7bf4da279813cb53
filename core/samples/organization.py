"""The demo's organization: wikis and trackers people recognise as real."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.samples.confluence import AuthoredSpace, write_confluence_export
from core.samples.confluence_content import PageText
from core.samples.confluence_shape import ConfluenceFlavour, ConfluenceOddity, ConfluenceShape
from core.samples.expected import ExpectedExport
from core.samples.jira import write_jira_export
from core.samples.jira_shape import AuthoredIssue, JiraFiles, JiraFlavour, JiraOddity, JiraShape


@dataclass(frozen=True, kw_only=True)
class DemoExports:
    wiki: ExpectedExport
    tracker: ExpectedExport


def _page(title: str, *paragraphs: str, comments: tuple[str, ...] = ()) -> PageText:
    return PageText(title=title, body="".join(f"<p>{one}</p>" for one in paragraphs), comments=comments)


_SPACES: Final = (
    AuthoredSpace(
        key="HANDBOOK",
        name="Acme Handbook",
        pages=(
            _page(
                "Welcome to Acme",
                "Everything a new colleague needs in the first month, and everything the rest of us keep forgetting.",
                "If a page is out of date, fix it. If you do not know how, say so in a comment.",
                comments=("The coffee machine deserves a page of its own.",),
            ),
            _page(
                "Your first week",
                "Monday: laptop, badge, lunch with your team. Tuesday: accounts and the security introduction.",
                "By Friday you have shipped something small. It can be a typo.",
                comments=("I fixed a typo on this very page. Done by Tuesday!", "That is the spirit."),
            ),
            _page(
                "Travel policy",
                "Take the train when it takes less than five hours. Book early and tell Finance the project's number.",
            ),
            _page(
                "How we decide",
                "Whoever does the work proposes, in writing. Whoever is affected answers within two working days.",
                "A decision that can be undone in a day needs no meeting.",
            ),
        ),
    ),
    AuthoredSpace(
        key="ENG",
        name="Engineering",
        pages=(
            _page("Engineering home", "Architecture, on-call and the things we learnt the hard way."),
            _page(
                "Architecture overview",
                "Orders come in through the gateway, are kept in PostgreSQL and leave through the shipping queue.",
                "Nothing but the order service writes to the orders database.",
                comments=("The diagram still shows the old queue.",),
            ),
            _page(
                "On-call checklist",
                "Look at the dashboard, then at the last release, then at the queue.",
                "Write down what you do while you do it.",
                "Nobody is alone at night: call the second person after twenty minutes.",
            ),
            _page(
                "Incident review: the lost afternoon",
                "A clean-up script ran against production.",
                "The restore took four hours because nobody had tried it before.",
                "Since then we restore one backup every week into a throw-away site and compare it.",
                comments=("Best change we made last year.", "Can the drill's report go to the channel?"),
            ),
        ),
    ),
    AuthoredSpace(
        key="SALES",
        name="Sales and Customers",
        pages=(
            _page("Customers at a glance", "Who they are, what they bought, and who talks to them."),
            _page(
                "Price list", "Prices are valid until the end of the quarter. Discounts above ten per cent go to Ada."
            ),
            _page(
                "Questions customers ask",
                "Where is my data? In two regions, backed up every night, restorable for two weeks.",
            ),
        ),
    ),
)
_ISSUES: Final = (
    AuthoredIssue(
        summary="Checkout shows the total twice",
        description="On a narrow screen the total appears above and below the list.\n\nSeen by three customers today.",
        comments=("Only when a voucher is used.", "Fixed in the next release; the voucher row had its own total."),
    ),
    AuthoredIssue(
        summary="Search is slow since the last release",
        description="Searching for an order number takes eight seconds. It took less than one.",
        comments=("An index is missing after the migration.",),
    ),
    AuthoredIssue(
        summary="Export invoices as one file",
        description="Finance downloads every invoice by hand at the end of a month. One file for a month would do.",
    ),
    AuthoredIssue(
        summary="Practise a restore before the audit",
        description="The auditors want to see a restore, not a backup.\n\n"
        "# pick a backup\n# restore it beside the live site\n# compare",
        comments=("I will take the one from Sunday.",),
    ),
)


def write_demo_exports(folder: Path) -> DemoExports:
    """Writes `acme-wiki.zip` and `acme-tracker.zip` into the folder: a few hundred kB with a few oddities each."""
    folder.mkdir(parents=True, exist_ok=True)
    wiki = ConfluenceShape(
        flavour=ConfluenceFlavour.SERVER_5,
        spaces=0,
        personal_spaces=1,
        pages_per_space=4,
        attachments_per_page=1,
        attachment_bytes=8_000,
        users=12,
        oddities=frozenset(
            {ConfluenceOddity.INACTIVE_USER, ConfluenceOddity.DUPLICATE_EMAIL, ConfluenceOddity.SECRETS}
        ),
    )
    tracker = JiraShape(
        flavour=JiraFlavour.JIRA_8,
        issues=60,
        attachments_per_issue=0.5,
        attachment_bytes=8_000,
        files=JiraFiles.ZIP,
        users=12,
        project_names=(("SHOP", "Web shop"), ("OPS", "Operations")),
        authored=_ISSUES,
        oddities=frozenset({JiraOddity.INACTIVE_USER, JiraOddity.DUPLICATE_EMAIL, JiraOddity.SECRETS}),
    )
    return DemoExports(
        wiki=write_confluence_export(folder / "acme-wiki.zip", shape=wiki, authored=_SPACES),
        tracker=write_jira_export(folder / "acme-tracker.zip", shape=tracker),
    )


_SUPPORT_SPACES: Final = (
    AuthoredSpace(
        key="HELP",
        name="Help Desk",
        pages=(
            _page(
                "How we answer",
                "Within one working day, by name, and in words the customer used.",
                "If you do not know, say so and say when you will.",
                comments=("A day is long on Black Friday.",),
            ),
            _page(
                "When an order is late",
                "Look at the shipping queue first. Nine times out of ten the parcel is with the carrier already.",
            ),
            _page("Refunds", "Up to fifty without asking. Above that, Bob signs.", comments=("Bob, or his deputy.",)),
        ),
    ),
)
_REQUESTS: Final = (
    AuthoredIssue(
        summary="Parcel arrived empty",
        description="The customer sent photographs of the box from every side.",
        comments=("Refunded. The carrier has been told.",),
    ),
    AuthoredIssue(
        summary="Cannot reset the password",
        description="The mail with the link does not arrive.",
        comments=("It was in the folder for junk.", "Then the text of the mail needs another look."),
    ),
    AuthoredIssue(summary="Invoice shows the old address", description="They moved in March and told us in March."),
)


@dataclass(frozen=True, kw_only=True)
class SupportExports:
    """The apps of Acme's support: a wiki, the same with files missing, and a desk before and after it grew."""

    wiki: Path
    wiki_lacking_files: Path
    desk: Path
    grown_desk: Path


def write_support_exports(folder: Path, *, grown_bytes: int) -> SupportExports:
    """Writes four exports into the folder; the attachments of `grown_desk` have `grown_bytes` and a little more."""
    folder.mkdir(parents=True, exist_ok=True)
    wiki = ConfluenceShape(
        flavour=ConfluenceFlavour.SERVER_5,
        seed=2,
        spaces=0,
        personal_spaces=0,
        attachments_per_page=1,
        attachment_bytes=4_000,
        users=8,
    )
    desk = JiraShape(
        flavour=JiraFlavour.JIRA_8,
        seed=2,
        issues=20,
        attachments_per_issue=0.5,
        attachment_bytes=4_000,
        files=JiraFiles.ZIP,
        users=8,
        project_names=(("DESK", "Service desk"),),
        authored=_REQUESTS,
    )
    lacking = replace(wiki, oddities=frozenset({ConfluenceOddity.MISSING_FILE}))
    grown = replace(desk, attachment_bytes=grown_bytes // 10 + 1)
    return SupportExports(
        wiki=write_confluence_export(folder / "support-wiki.zip", shape=wiki, authored=_SUPPORT_SPACES).path,
        wiki_lacking_files=write_confluence_export(
            folder / "support-wiki-lacking.zip", shape=lacking, authored=_SUPPORT_SPACES
        ).path,
        desk=write_jira_export(folder / "service-desk.zip", shape=desk).path,
        grown_desk=write_jira_export(folder / "service-desk-grown.zip", shape=grown).path,
    )
