"""Issues and everything that hangs on them."""

from collections.abc import Iterator
from typing import Final

from core.samples.jira_rows import FIRST, NOWHERE, UNKNOWN_USER, Issue, JiraWorld, Row, moment
from core.samples.jira_shape import JiraFiles, JiraFlavour, JiraOddity
from core.samples.prose import task

LABELS: Final = ("backend", "customer", "regression", "quick-win", "security")
RIGHT_TO_LEFT: Final = "🚀 خطة الإصدار — תוכנית"
PICKER, SELECT, STORY_POINTS = 10_100, 10_101, 10_102
OPTIONS: Final = ("Low", "Medium", "High")


def summary(world: JiraWorld, issue: Issue) -> str:
    authored = world.shape.authored
    if issue.index < len(authored):
        return authored[issue.index].summary
    if issue.index == 1 and world.has(JiraOddity.EMOJI_AND_RTL):
        return RIGHT_TO_LEFT
    return f"{task(issue.index)} <{issue.number}> & more" if issue.index % 9 == 4 else task(issue.index)


def issue_rows(world: JiraWorld) -> Iterator[Row]:
    prose, flavour, authored = world.prose("Issue"), world.flavour, world.shape.authored
    for one in world.issues():
        description: str | None = prose.wiki(world.shape.body_bytes) if one.index % 4 else prose.sentence()
        if one.index < len(authored):
            description = authored[one.index].description
        elif one.index == 2 and world.has(JiraOddity.SPLIT_CDATA):
            description = "An array:\n{code}a[b[0]]>1{code}"
        elif one.index % 13 == 7:
            description = None
        yield _issue(world, one, summary(world, one), description)
    if world.has(JiraOddity.DANGLING_PROJECT):
        row = _issue(world, world.issue(0), "Issue of a lost project", None)
        row |= {"id": NOWHERE + 1, "project": NOWHERE}
        row |= {"projectKey": "LOST"} if flavour is JiraFlavour.CLOUD else {"key": "LOST-1"}
        yield row


def _issue(world: JiraWorld, one: Issue, title: str, description: str | None) -> Row:
    row: Row = {"id": one.id}
    match world.flavour:
        case JiraFlavour.CLOUD:
            row |= {"projectKey": one.project.key, "number": one.number}
        case JiraFlavour.JIRA_4 | JiraFlavour.JIRA_5:
            row |= {"key": one.key}
        case _:
            row |= {"key": one.key, "number": one.number}
    done = one.index % 3 == 0
    row |= {
        "project": one.project.id,
        "reporter": world.someone(one.index),
        "assignee": world.someone(one.index + 1) if one.index % 5 else None,
        "creator": world.someone(one.index) if world.flavour.has_user_keys else None,
        "type": 1 + one.index % 3,
        "summary": title,
        "description": description,
        "priority": 1 + one.index % 3,
        "resolution": 1 if done else None,
        "status": 3 if done else 1,
        "created": moment(one.index),
        "updated": moment(one.index + 3_000),
        "resolutiondate": moment(one.index + 2_000) if done else None,
        "votes": 0,
        "watches": 1,
        "timespent": 3_600 if one.index % 4 == 0 else None,
        "workflowId": one.id,
    }
    return row


def comment_rows(world: JiraWorld) -> Iterator[Row]:
    prose, size, authored = world.prose("Action"), world.shape.body_bytes // 3, world.shape.authored
    last = FIRST + int(world.shape.comments_per_issue * world.issue_count)

    def comment(key: int, issue: int, author: str | None, body: str) -> Row:
        when = moment(key)
        facts: Row = {"id": key, "issue": issue, "author": author, "type": "comment", "body": body, "created": when}
        return facts | {"updateauthor": author, "updated": when}

    for key, issue in world.per_issue(world.shape.comments_per_issue):
        if issue.index < len(authored):
            continue
        body = prose.wiki(size) if key % 3 else prose.sentence()
        row = comment(key, issue.id, world.someone(key), body)
        if key % 10 == 3:
            row |= {"level": "jira-administrators"}
        elif key % 10 == 5:
            row |= {"rolelevel": FIRST}
        yield row
    for index, one in enumerate(authored):
        for text in one.comments:
            yield comment(last, world.issue(index).id, world.someone(last), text)
            last += 1
    if world.has(JiraOddity.DANGLING_ISSUE):
        yield comment(NOWHERE, NOWHERE, world.someone(0), "On an issue that is not there")
    if world.has(JiraOddity.REPEATED_KEY):
        yield comment(NOWHERE + 1, FIRST, world.someone(0), "First of one key")
        yield comment(NOWHERE + 1, FIRST, world.someone(1), "Second of one key")
    if world.has(JiraOddity.UNKNOWN_AUTHOR):
        yield comment(NOWHERE + 2, FIRST, UNKNOWN_USER, "By somebody unknown")
    if world.has(JiraOddity.ANONYMOUS_COMMENT):
        yield comment(NOWHERE + 3, FIRST, None, "By nobody")


def worklog_rows(world: JiraWorld) -> Iterator[Row]:
    prose = world.prose("Worklog")
    for key, issue in world.per_issue(world.shape.worklogs_per_issue):
        when = moment(key)
        who: Row = {"id": key, "issue": issue.id, "author": world.someone(key), "body": prose.sentence()}
        yield who | {
            "created": when,
            "updateauthor": world.someone(key),
            "updated": when,
            "startdate": when,
            "timeworked": 1_800 * (1 + key % 8),
        }


def change_group_rows(world: JiraWorld) -> Iterator[Row]:
    for key, issue in world.per_issue(world.shape.changes_per_issue):
        yield {"id": key, "issue": issue.id, "author": world.someone(key), "created": moment(key)}


def change_item_rows(world: JiraWorld) -> Iterator[Row]:
    """Two fields a change; every other change names a person."""
    for key, _ in world.per_issue(world.shape.changes_per_issue):
        status: Row = {"id": 2 * key, "group": key, "fieldtype": "jira", "field": "status"}
        yield status | {"oldvalue": "1", "oldstring": "Open", "newvalue": "3", "newstring": "In Progress"}
        other: Row = {"id": 2 * key + 1, "group": key, "fieldtype": "jira"}
        if key % 2:
            person = world.persons[key % len(world.persons)]
            yield other | {"field": "assignee", "newvalue": world.user_key(person), "newstring": person.full_name}
        else:
            yield other | {"field": "description", "oldstring": "As it was", "newstring": "First line\nSecond line"}


def attachment_facts(world: JiraWorld) -> Iterator[tuple[int, Issue, str, int]]:
    """Id, issue, file name and size of each attachment."""
    prose = world.prose("FileAttachment")
    base = world.shape.attachment_bytes
    for key, issue in world.per_issue(world.shape.attachments_per_issue):
        yield (
            key,
            issue,
            f"screenshot-{key}.png" if key % 2 else f"log of {issue.key}.txt",
            base // 2 + prose.below(base),
        )


def attachment_rows(world: JiraWorld) -> Iterator[Row]:
    for key, issue, name, size in attachment_facts(world):
        row: Row = {"id": key, "issue": issue.id, "mimetype": "image/png" if key % 2 else "text/plain"}
        yield row | {"filename": name, "created": moment(key), "filesize": size, "author": world.someone(key)}


def attachment_path(world: JiraWorld, key: int, issue: Issue, name: str) -> str:
    """Below the attachment store; directories bear the project's original key."""
    project = issue.project.original_key
    issue_key = f"{project}-{issue.number}"
    if world.shape.files is JiraFiles.OLD_FOLDER:
        return f"{project}/{issue_key}/{key}_{name}"
    bucket = (issue.number + 9_999) // 10_000 * 10_000
    return f"{project}/{bucket}/{issue_key}/{key}"


def link_rows(world: JiraWorld) -> Iterator[Row]:
    for key, issue in world.per_issue(world.shape.links_per_issue):
        destination = FIRST + (issue.index * 7 + 1) % world.issue_count
        yield {"id": key, "linktype": FIRST + key % 2, "source": issue.id, "destination": destination, "sequence": 0}


def label_rows(world: JiraWorld) -> Iterator[Row]:
    for key, issue in world.per_issue(world.shape.labels_per_issue):
        yield {"id": key, "issue": issue.id, "label": LABELS[key % len(LABELS)]}


def custom_value_rows(world: JiraWorld) -> Iterator[Row]:
    """Every other issue has a value: in turn a person, an option, a number."""
    for key, issue in world.per_issue(0.5):
        row: Row = {"id": key, "issue": issue.id}
        match key % 3:
            case 0:
                yield row | {"customfield": PICKER, "stringvalue": world.someone(key)}
            case 1:
                yield row | {"customfield": SELECT, "stringvalue": str(FIRST + key % len(OPTIONS))}
            case _:
                yield row | {"customfield": STORY_POINTS, "numbervalue": f"{key % 13}.5"}


def watcher_rows(world: JiraWorld) -> Iterator[Row]:
    for issue in world.issues():
        row: Row = {"sourceName": world.someone(issue.index), "sinkNodeId": issue.id, "sinkNodeEntity": "Issue"}
        yield row | {"associationType": "WatchIssue", "created": moment(issue.index)}


def step_rows(world: JiraWorld) -> Iterator[Row]:
    for issue in world.issues():
        yield {"id": issue.id, "entryId": issue.id, "stepId": 1, "status": "Open"}


def workflow_entry_rows(world: JiraWorld) -> Iterator[Row]:
    for issue in world.issues():
        yield {"id": issue.id, "name": "jira", "state": 1}
