"""How Jira's writer spells a row, and the names and times rows share."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from core.samples.jira_shape import JiraFlavour, JiraOddity, JiraShape
from core.samples.people import Person, people
from core.samples.prose import Prose, prose

_UNSAFE: Final = re.compile(r"[&<>'\n]")
_ENTITIES: Final = {'"': "&quot;", "'": "&apos;"}
#: What a generator of rows yields: attribute → value; None leaves the column out.
Row = dict[str, str | int | None]

#: Ids start here, as in Jira.
FIRST: Final = 10_000
#: Ids no generated row has.
NOWHERE: Final = 9_000_001
UNKNOWN_USER: Final = "removed-user"
#: Primes; one that does not divide the number of issues visits them all before it comes back to one.
_STRIDES: Final = (7919, 7927)


def spell(kind: str, row: Row) -> str:
    """One element; a value with a line break becomes a child element, as in Jira."""
    present = [f' {name}="{value}"' for name, value in row.items() if value is not None]
    line = "".join(present)
    if not _UNSAFE.search(line) and line.count('"') == 2 * len(present):
        return f"    <{kind}{line}/>\n"
    attributes, children = [], []
    for name, value in row.items():
        if value is None:
            continue
        if isinstance(value, str):
            if "\n" in value:
                safe = value.replace("]]>", "]]]]><![CDATA[>")
                children.append(f"        <{name}><![CDATA[{safe}]]></{name}>\n")
                continue
            if not value.isalnum():
                value = escape(value, _ENTITIES)
        attributes.append(f' {name}="{value}"')
    if children:
        return f"    <{kind}{''.join(attributes)}>\n{''.join(children)}    </{kind}>\n"
    return f"    <{kind}{''.join(attributes)}/>\n"


def moment(number: int) -> str:
    """A time that rises with the number, starting again after some years."""
    days, minute = divmod(number, 1440)
    months, day = divmod(days % 1344, 28)
    clock = f"{minute // 60:02d}:{minute % 60:02d}:{number % 60:02d}.{number % 1000}"
    return f"{2019 + months // 12}-{months % 12 + 1:02d}-{day + 1:02d} {clock}"


@dataclass(frozen=True, kw_only=True)
class Project:
    id: int
    key: str
    original_key: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Issue:
    index: int
    id: int
    number: int
    project: Project

    @property
    def key(self) -> str:
        return f"{self.project.key}-{self.number}"


class JiraWorld:
    """Everything rows refer to, computed from the shape alone: no kind of row has to remember another."""

    def __init__(self, shape: JiraShape, *, issues: int) -> None:
        self.shape = shape
        self.flavour = shape.flavour
        self.issue_count = issues
        self.persons = people(shape.users, shape.oddities)
        names = shape.project_names or tuple((f"PROJ{n + 1}", f"Project {n + 1}") for n in range(shape.projects))
        renamed = JiraOddity.RENAMED_PROJECT in shape.oddities
        self.projects = tuple(
            Project(id=FIRST + n, key=key, original_key="OLD" if renamed and n == 0 else key, name=name)
            for n, (key, name) in enumerate(names)
        )
        if not self.projects:
            raise ValueError("A Jira export needs at least one project.")

    def prose(self, kind: str) -> Prose:
        """A kind's own source of text, so that kinds can be written in any order."""
        return prose(self.shape.seed * 1_000 + sum(kind.encode()), varied=self.shape.varied)

    def has(self, oddity: JiraOddity) -> bool:
        return oddity in self.shape.oddities

    def user_key(self, person: Person) -> str:
        match self.flavour:
            case JiraFlavour.CLOUD:
                return person.account_id
            case JiraFlavour.JIRA_8:
                return f"JIRAUSER{FIRST + person.number}"
            case _:
                return person.username

    def username(self, person: Person) -> str:
        return person.account_id if self.flavour is JiraFlavour.CLOUD else person.username

    def someone(self, number: int) -> str:
        return self.user_key(self.persons[number % len(self.persons)])

    def issue(self, index: int) -> Issue:
        number, project = divmod(index, len(self.projects))
        return Issue(index=index, id=FIRST + index, number=number + 1, project=self.projects[project])

    def issues(self) -> Iterator[Issue]:
        return map(self.issue, range(self.issue_count))

    def per_issue(self, mean: float) -> Iterator[tuple[int, Issue]]:
        """Consecutive ids, each with the issue it belongs to: `mean` of them an issue, evenly over all projects."""
        count = self.issue_count
        stride = next(prime for prime in _STRIDES if count % prime)
        for number in range(int(mean * count)):
            yield FIRST + number, self.issue(number * stride % count)
