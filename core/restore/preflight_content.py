"""The checks of what a backup holds: its groups beside the organization's, and what is the matter with its content."""

from collections.abc import Iterator

from core.archive.manifest import SourceFact
from core.content.catalogue import BY_NAME
from core.findings import EMAIL_PROBLEMS, Finding, FindingCode, Severity
from core.restore.facts import Facts, GroupFacts
from core.restore.request import RESOLUTIONS, Part, RestoreRequest
from core.restore.wording import finding

_WARNING, _INFO = Severity.WARNING, Severity.INFO


def group_findings(request: RestoreRequest, facts: Facts) -> Iterator[Finding]:
    if Part.USERS_AND_GROUPS in request.without:
        return
    existing = [group for group in facts.groups if group.exists]
    choice = request.effective[FindingCode.GROUP_NAME_EXISTS]
    if existing:
        yield finding(
            FindingCode.GROUP_NAME_EXISTS,
            _WARNING,
            f"{_groups_have(len(existing))} a name that the organization has already ({choice.value}).",
            _resolve(FindingCode.GROUP_NAME_EXISTS),
            count=len(existing),
            examples=[group.name for group in existing],
        )
    for group in existing:
        if group.added or group.missing:
            yield finding(
                FindingCode.GROUP_MEMBERS_DIFFER,
                _WARNING,
                f"{group.name} has other members in the backup: {_members_differ(group)}.",
                "Nobody gains access by this: a member who would take a seat waits for an approver's decision.",
                group.name,
                count=len(group.added) + len(group.missing),
                examples=[
                    *(f"{one} (only in the backup)" for one in group.added),
                    *(f"{one} (only in the organization)" for one in group.missing),
                ],
            )
    opening = [group for group in facts.groups if "user" in group.roles]
    if opening:
        yield finding(
            FindingCode.GROUP_ACCESS,
            _WARNING,
            f"{_groups_have(len(opening))} access to the source app; their members would gain access to "
            f"{facts.destination.name}. Access is proposed and not applied until an approver decides.",
            "After the restore: restorebot access list.",
            facts.destination.name,
            count=len(opening),
            examples=[f"{group.name} ({group.members} members)" for group in opening],
        )
    admins = [group for group in facts.groups if "admin" in group.roles]
    if admins:
        yield finding(
            FindingCode.GROUP_ADMIN,
            _INFO,
            f"{_groups_have(len(admins))} admin rights in the source app, which are never carried over.",
            "Give admin rights by hand where they are wanted: restorebot access grant.",
            facts.destination.name,
            count=len(admins),
            examples=[group.name for group in admins],
        )


def _members_differ(group: GroupFacts) -> str:
    sides = ((len(group.added), "only in the backup"), (len(group.missing), "only in the organization's group"))
    return ", ".join(f"{count} {where}" for count, where in sides if count)


def _groups_have(count: int) -> str:
    return "1 group has" if count == 1 else f"{count} groups have"


def content_findings(request: RestoreRequest, facts: Facts) -> Iterator[Finding]:
    """What was found at import, but for what is left out anyway."""
    silent = {code for part, codes in _ONLY_WITH.items() if part in request.without for code in codes}
    for fact in facts.manifest.facts:
        code = FindingCode(fact.code)
        if code not in silent:
            yield _content_finding(code, fact, request)


#: Findings that mean nothing to a restore without this part.
_ONLY_WITH: dict[Part, tuple[FindingCode, ...]] = {
    Part.USERS_AND_GROUPS: (
        *EMAIL_PROBLEMS.values(),
        FindingCode.USER_INACTIVE,
        FindingCode.USER_UNKNOWN_AUTHOR,
    ),
    Part.ATTACHMENTS: (FindingCode.CONTENT_MISSING_FILE, FindingCode.CONTENT_UNCLAIMED_FILE),
}
#: code → severity, sentence about `{count}` (and `{subject}`), hint. The chosen resolution is put behind the sentence.
_CONTENT: dict[FindingCode, tuple[Severity, str, str]] = {
    FindingCode.USER_INVALID_EMAIL: (_WARNING, "Users with an e-mail address that is not valid: {count}", ""),
    FindingCode.USER_DUPLICATE_EMAIL: (_WARNING, "Users who share an e-mail address with another user: {count}", ""),
    FindingCode.USER_MISSING_EMAIL: (_WARNING, "Users without an e-mail address: {count}", ""),
    FindingCode.USER_INACTIVE: (
        _INFO,
        "Inactive users, who are restored inactive and take no seat: {count}",
        "Nothing has to be done.",
    ),
    FindingCode.USER_UNKNOWN_AUTHOR: (
        _WARNING,
        "Persons whom content names and who are no user of the backup, so that only their keys are kept: {count}",
        "Nothing has to be done; such persons were often deleted in the source app.",
    ),
    FindingCode.CONTENT_REPEATED_KEY: (_WARNING, "Rows of {subject} whose key stood before in the export: {count}", ""),
    FindingCode.CONTENT_DANGLING_REFERENCE: (
        _WARNING,
        "References ({subject}) to something the backup does not have: {count}",
        "",
    ),
    FindingCode.CONTENT_MISSING_FILE: (
        _WARNING,
        "Attachments without a file in the export, restored as entries only: {count}",
        "Export again with attachments, or give their folder: restorebot backup import --attachments.",
    ),
    FindingCode.CONTENT_UNCLAIMED_FILE: (
        _INFO,
        "Files of the export that belong to no attachment, kept beside the app's attachments: {count}",
        "Nothing has to be done.",
    ),
    FindingCode.CONTENT_COUNT_DIFFERS: (
        _WARNING,
        "The export's own count of {subject} differs from what it holds by {count}",
        "Export again if rows are missing; what is there can be restored.",
    ),
    FindingCode.CONTENT_CONTROL_CHARACTERS: (
        _INFO,
        "Control characters that XML forbids, left out of texts: {count}",
        "Nothing has to be done.",
    ),
    FindingCode.BACKUP_SECRETS_LEFT_OUT: (
        _INFO,
        "Secrets of the export (password hashes, keys, tokens, licences) not taken into the backup: {count}",
        "Set passwords, licences and keys anew in the restored app.",
    ),
}


def _content_finding(code: FindingCode, fact: SourceFact, request: RestoreRequest) -> Finding:
    severity, sentence, hint = _CONTENT[code]
    subject = fact.subject
    record_type, _, column = subject.rpartition(".")
    if code is FindingCode.CONTENT_REPEATED_KEY:
        spoken = BY_NAME[subject].title
    elif code is FindingCode.CONTENT_DANGLING_REFERENCE:
        spoken = f"{column} of {BY_NAME[record_type].title}"
    else:
        spoken = subject
    message = sentence.format(count=fact.count, subject=spoken)
    if code in RESOLUTIONS:
        message = f"{message} ({request.effective[code].value})"
        hint = _resolve(code)
    return finding(code, severity, f"{message}.", hint, subject, count=fact.count, examples=fact.examples)


def _resolve(code: FindingCode) -> str:
    choices = " or ".join(choice.value for choice in RESOLUTIONS[code])
    return f"Choose how to treat them: --resolve {code.value}={choices}."
