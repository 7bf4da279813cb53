"""Projects, fields, schemes, people and settings: the rows that do not grow with the issues."""

from collections.abc import Iterator
from typing import Final

from core.samples.jira_content import OPTIONS, PICKER, SELECT, STORY_POINTS
from core.samples.jira_rows import FIRST, JiraWorld, Row, moment
from core.samples.jira_shape import JiraFlavour, JiraOddity

#: Invented, and told apart from everything else in a sample, so that a test can look for them in a backup.
SECRETS: Final = {
    "credential": "{PKCS5S2}SAMPLE-SECRET-credential",
    "token": "SAMPLE-SECRET-remember-me",
    "licence": "SAMPLE-SECRET-licence",
    "key": "SAMPLE-SECRET-blob-crypter",
    "mail": "SAMPLE-SECRET-mail-password",
}
_WORKFLOW: Final = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE workflow PUBLIC "-//OpenSymphony Group//DTD OSWorkflow 2.8//EN" "workflow_2_8.dtd">
<workflow>
  <steps><step id="1" name="Open"/></steps>
</workflow>"""
_TYPES: Final = "com.atlassian.jira.plugin.system.customfieldtypes"
_FIELDS: Final = {
    PICKER: ("Reviewer", "userpicker", "userpickergroupsearcher"),
    SELECT: ("Risk", "select", "multiselectsearcher"),
    STORY_POINTS: ("Story points", "float", "exactnumber"),
}


def group_name(number: int) -> str:
    return ("jira-users", "jira-administrators")[number] if number < 2 else f"team-{number:03d}"


def is_member(group: int, person: int) -> bool:
    """Everybody is in the first group, few in the others."""
    return group == 0 or person % (group + 1) == 0


def project_rows(world: JiraWorld) -> Iterator[Row]:
    cloud = world.flavour is JiraFlavour.CLOUD
    for number, one in enumerate(world.projects):
        row: Row = {"id": one.id, "name": one.name, "url": "", "lead": world.someone(number)}
        row |= {"description": f"Work on {one.name}", "key": one.key, "counter": 0 if cloud else world.issue_count}
        if world.flavour.has_user_keys:
            row |= {"originalkey": one.original_key}
        if world.flavour.has_app_roles:
            row |= {"projecttype": "software"}
        yield row | {"assigneetype": 3}


def project_key_rows(world: JiraWorld) -> Iterator[Row]:
    for one in world.projects:
        yield {"id": one.id, "projectId": one.id, "projectKey": one.key}


def component_rows(world: JiraWorld) -> Iterator[Row]:
    for number, one in enumerate(world.projects):
        yield {"id": one.id, "project": one.id, "name": "Interface", "lead": world.someone(number)}


def version_rows(world: JiraWorld) -> Iterator[Row]:
    for one in world.projects:
        row: Row = {"id": one.id, "project": one.id, "name": "1.0", "description": "First release", "sequence": 1}
        yield row | {"released": "true", "releasedate": "2024-03-01 00:00:00.0"}


def issue_type_rows(_: JiraWorld) -> Iterator[Row]:
    for number, name in enumerate(("Bug", "Task", "Story"), start=1):
        yield {"id": number, "sequence": number, "name": name, "description": f"A {name.lower()}"}


def status_rows(_: JiraWorld) -> Iterator[Row]:
    for number, name, category in ((1, "Open", 2), (3, "Done", 3)):
        yield {"id": number, "sequence": number, "name": name, "description": "", "statuscategory": category}


def priority_rows(_: JiraWorld) -> Iterator[Row]:
    for number, name in enumerate(("High", "Medium", "Low"), start=1):
        yield {"id": number, "sequence": number, "name": name}


def resolution_rows(_: JiraWorld) -> Iterator[Row]:
    yield {"id": 1, "sequence": 1, "name": "Done", "description": "Work has been completed."}


def link_type_rows(_: JiraWorld) -> Iterator[Row]:
    yield {"id": FIRST, "linkname": "Blocks", "inward": "is blocked by", "outward": "blocks"}
    yield {"id": FIRST + 1, "linkname": "Relates", "inward": "relates to", "outward": "relates to"}


def custom_field_rows(_: JiraWorld) -> Iterator[Row]:
    for key, (name, type_, searcher) in _FIELDS.items():
        row: Row = {"id": key, "customfieldtypekey": f"{_TYPES}:{type_}"}
        yield row | {"customfieldsearcherkey": f"{_TYPES}:{searcher}", "name": name, "description": ""}


def option_rows(_: JiraWorld) -> Iterator[Row]:
    for number, value in enumerate(OPTIONS):
        row: Row = {"id": FIRST + number, "customfield": SELECT, "customfieldconfig": FIRST}
        yield row | {"sequence": number, "value": value, "disabled": "N"}


def role_rows(_: JiraWorld) -> Iterator[Row]:
    yield {"id": FIRST, "name": "Administrators", "description": "May configure a project"}


def role_actor_rows(world: JiraWorld) -> Iterator[Row]:
    row: Row = {"id": FIRST, "projectroleid": FIRST, "roletype": "atlassian-group-role-actor"}
    yield row | {"roletypeparameter": group_name(1)}
    for number, one in enumerate(world.projects, start=1):
        row = {"id": FIRST + number, "pid": one.id, "projectroleid": FIRST, "roletype": "atlassian-user-role-actor"}
        yield row | {"roletypeparameter": world.someone(number)}


def association_rows(world: JiraWorld) -> Iterator[Row]:
    """Components and schemes of server exports; Cloud has kinds of their own for them."""
    for issue in world.issues():
        if issue.index % 4 == 0:
            row: Row = {"sourceNodeId": issue.id, "sourceNodeEntity": "Issue", "sinkNodeId": issue.project.id}
            yield row | {"sinkNodeEntity": "Component", "associationType": "IssueComponent"}


def issue_component_rows(world: JiraWorld) -> Iterator[Row]:
    for issue in world.issues():
        if issue.index % 4 == 0:
            yield {"issue": issue.id, "component": issue.project.id}


def fix_version_rows(world: JiraWorld) -> Iterator[Row]:
    for issue in world.issues():
        if issue.index % 6 == 0:
            yield {"issue": issue.id, "version": issue.project.id}


def workflow_rows(_: JiraWorld) -> Iterator[Row]:
    yield {"id": FIRST, "name": "jira", "descriptor": _WORKFLOW}


def filter_rows(world: JiraWorld) -> Iterator[Row]:
    who = world.someone(0)
    row: Row = {"id": FIRST, "name": "Open work", "author": who, "user": who}
    yield row | {"request": f'project = "{world.projects[0].key}" AND resolution IS EMPTY'}


def permission_rows(_: JiraWorld) -> Iterator[Row]:
    yield {"id": FIRST, "scheme": 0, "permission": 23, "type": "group", "parameter": group_name(1)}
    yield {"id": FIRST + 1, "scheme": 0, "permission": 10, "type": "projectrole", "parameter": str(FIRST)}


def global_permission_rows(_: JiraWorld) -> Iterator[Row]:
    yield {"id": FIRST, "permission": "ADMINISTER", "group_id": group_name(1)}


def app_role_rows(_: JiraWorld) -> Iterator[Row]:
    yield {"id": FIRST, "licenseRoleName": "jira-software", "groupId": group_name(0), "primaryGroup": "Y"}


def user_rows(world: JiraWorld) -> Iterator[Row]:
    cloud = world.flavour is JiraFlavour.CLOUD
    for one in world.persons:
        name = world.username(one)
        row: Row = {"id": FIRST + one.number, "directoryId": 1, "userName": name, "lowerUserName": name.lower()}
        row |= {"active": int(one.active), "createdDate": moment(one.number), "displayName": one.full_name}
        row |= {"lowerDisplayName": one.full_name.lower(), "emailAddress": one.email}
        row |= {"lowerEmailAddress": one.email.lower()}
        row |= {"credential": SECRETS["credential"] if world.has(JiraOddity.SECRETS) and not cloud else None}
        yield row | {"externalId": one.account_id if cloud else f"external-{one.number}"}


def application_user_rows(world: JiraWorld) -> Iterator[Row]:
    for one in world.persons:
        name = world.username(one).lower()
        yield {"id": FIRST + one.number, "userKey": world.user_key(one), "lowerUserName": name}


def group_rows(world: JiraWorld) -> Iterator[Row]:
    for number in range(world.shape.groups):
        name = group_name(number)
        row: Row = {"id": FIRST + number, "groupName": name, "lowerGroupName": name, "active": 1, "local": 0}
        yield row | {"description": "", "type": "GROUP", "directoryId": 1}


def membership_rows(world: JiraWorld) -> Iterator[Row]:
    key = FIRST
    for number in range(world.shape.groups):
        for one in world.persons:
            if is_member(number, one.number):
                name, group = world.username(one), group_name(number)
                row: Row = {"id": key, "parentId": FIRST + number, "childId": FIRST + one.number}
                row |= {"membershipType": "GROUP_USER", "parentName": group, "lowerParentName": group}
                yield row | {"childName": name, "lowerChildName": name.lower(), "directoryId": 1}
                key += 1


def old_user_rows(world: JiraWorld) -> Iterator[Row]:
    secret = SECRETS["credential"] if world.has(JiraOddity.SECRETS) else None
    for one in world.persons:
        yield {"id": FIRST + one.number, "name": one.username, "passwordHash": secret}


def old_group_rows(world: JiraWorld) -> Iterator[Row]:
    for number in range(world.shape.groups):
        yield {"id": FIRST + number, "name": group_name(number)}


def old_membership_rows(world: JiraWorld) -> Iterator[Row]:
    key = FIRST
    for number in range(world.shape.groups):
        for one in world.persons:
            if is_member(number, one.number):
                yield {"id": key, "userName": one.username, "groupName": group_name(number)}
                key += 1


def _properties(world: JiraWorld) -> Iterator[tuple[str, int, str, str, int, str]]:
    """Owner, its id, key, value's kind, its number, value."""
    yield "jira.properties", 1, "jira.title", "OSPropertyString", 5, "Acme tracker"
    yield "jira.properties", 1, "jira.introduction", "OSPropertyText", 6, "Welcome.\nAsk before you delete."
    if world.flavour is JiraFlavour.JIRA_4:
        for one in world.persons:
            yield "OSUser", FIRST + one.number, "fullName", "OSPropertyString", 5, one.full_name
            yield "OSUser", FIRST + one.number, "email", "OSPropertyString", 5, one.email
    if world.has(JiraOddity.SECRETS):
        crypter = "org.apache.shindig.common.crypto.BlobCrypter:key"
        yield "jira.properties", 1, crypter, "OSPropertyString", 5, SECRETS["key"]
        if not world.flavour.has_app_roles:
            yield "jira.properties", 1, "License20", "OSPropertyText", 6, f"{SECRETS['licence']}\n"


def property_entry_rows(world: JiraWorld) -> Iterator[Row]:
    for key, (owner, owner_id, name, _, type_, _) in enumerate(_properties(world), start=1):
        yield {"id": key, "entityName": owner, "entityId": owner_id, "propertyKey": name, "type": type_}


def property_string_rows(world: JiraWorld) -> Iterator[Row]:
    for key, (*_, kind, _, value) in enumerate(_properties(world), start=1):
        if kind == "OSPropertyString":
            yield {"id": key, "value": value}


def property_text_rows(world: JiraWorld) -> Iterator[Row]:
    for key, (*_, kind, _, value) in enumerate(_properties(world), start=1):
        if kind == "OSPropertyText":
            yield {"id": key, "value": value}


def licence_rows(world: JiraWorld) -> Iterator[Row]:
    if world.has(JiraOddity.SECRETS):
        yield {"id": FIRST, "license": SECRETS["licence"]}


def token_rows(world: JiraWorld) -> Iterator[Row]:
    if world.has(JiraOddity.SECRETS):
        yield {"id": FIRST, "created": moment(1), "token": SECRETS["token"], "username": world.persons[0].username}


def mail_server_rows(world: JiraWorld) -> Iterator[Row]:
    if world.has(JiraOddity.SECRETS):
        row: Row = {"id": FIRST, "name": "Mail", "from": "jira@example.com", "type": "smtp"}
        yield row | {"servername": "mail.example.com", "username": "jira", "password": SECRETS["mail"]}
