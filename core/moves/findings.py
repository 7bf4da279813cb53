"""How what a move finds is worded."""

from collections.abc import Sequence
from typing import Final

from core.apps.driver import BrokenReferences
from core.content.catalogue import BY_NAME
from core.findings import Finding, FindingCode, Severity
from core.restore.compare import Words
from core.restore.wording import finding

_AS_IT_WAS: Final = "Nothing was switched: the app is as it was."
_AGAIN: Final = "Start the move again; if it fails again, tell support."
WORDS: Final = Words(held_by="the app", hint=f"{_AS_IT_WAS} {_AGAIN}")


def attachment_differs(name: str, key: str, message: str) -> Finding:
    return finding(
        FindingCode.VERIFY_ATTACHMENT_DIFFERS,
        Severity.ERROR,
        f"The copy of an attachment is not the app's. {_sentence(message)} {_AS_IT_WAS}",
        _AGAIN,
        key,
        examples=(name,),
    )


def attachment_damaged(name: str, key: str, message: str, *, shard: str) -> Finding:
    """The copy is as bad as what it was made of."""
    return finding(
        FindingCode.VERIFY_ATTACHMENT_DIFFERS,
        Severity.ERROR,
        f"An attachment of the app itself, on shard {shard}, is damaged. {_sentence(message)} {_AS_IT_WAS}",
        "Bring the pack back from a copy of that shard, or delete the attachment and restore it from a backup; then "
        "start the move again.",
        key,
        examples=(name,),
    )


def key_clash(clashes: Sequence[str]) -> Finding:
    return finding(
        FindingCode.VERIFY_KEY_CLASH,
        Severity.ERROR,
        f"A key stands twice among the copied records. {_AS_IT_WAS}",
        _AGAIN,
        count=len(clashes),
        examples=clashes,
    )


def unchecked(parts: Sequence[str]) -> Finding:
    return finding(
        FindingCode.CHECK_NOT_POSSIBLE,
        Severity.ERROR,
        f"{len(parts)} parts were not compared. {_AS_IT_WAS}",
        _AGAIN,
        count=len(parts),
        examples=parts,
    )


def total_differs(what: str, expected: int, found: int) -> Finding:
    return finding(
        FindingCode.VERIFY_RECORDS_ADDED if found > expected else FindingCode.VERIFY_RECORDS_MISSING,
        Severity.ERROR,
        f"The app has {expected} and its copy {found}. {_AS_IT_WAS}",
        _AGAIN,
        what,
        count=abs(found - expected),
    )


def provisioned_differs() -> Finding:
    return finding(
        FindingCode.VERIFY_RECORDS_DIFFER,
        Severity.ERROR,
        f"Which records the app was provisioned with is not the same in its copy. {_AS_IT_WAS}",
        _AGAIN,
        "provisioned",
    )


def reference_broken(broken: BrokenReferences) -> Finding:
    return finding(
        FindingCode.VERIFY_REFERENCE,
        Severity.ERROR,
        f"{broken.count} copied {BY_NAME[broken.record_type].title} refer to something that was not copied. "
        f"{_AS_IT_WAS}",
        _AGAIN,
        f"{broken.record_type}.{broken.column}",
        count=broken.count,
        examples=broken.examples,
    )


def _sentence(message: str) -> str:
    return message if message.endswith(".") else f"{message}."
