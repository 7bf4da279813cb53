"""Where text names a person in a way that no free text does: what is made a placeholder when users are left out.

A name, a username or an address that somebody wrote into a sentence stays: it cannot be told from any other word.
"""

from typing import Any, Final

import pyarrow.compute as pc

from core.content.record_type import PLACEHOLDER

#: (what is looked for, what stands there then). Texts may be JSON in JSON, so quotes may have backslashes before them.
_TRACES: Final = (
    # storage format's user links
    (r'ri:(userkey|account-id|username)="[^"]*"', rf'ri:\1="{PLACEHOLDER}"'),
    # wiki markup's [~name] and [text|~name]
    (r"\[(?:[^\[\]|\n]*\|)?~[^\]\n]+\]", f"[{PLACEHOLDER}]"),
    # mentions in Atlassian's document format, with the id and the name they show
    (r'(\\*"type\\*":\s*\\*"mention\\*",\s*\\*"attrs\\*":\s*\{)[^{}]*', r"\1"),
    # members of JSON whose name says that they hold a person's key
    (r'(\\*"(?:accountId|userKey|user[Nn]ame|emailAddress|originator)\\*":\s*\\*")[^"\\]+', rf"\1{PLACEHOLDER}"),
    # who changed a workflow last
    (r'(name=\\*"jira\.update\.author\.(?:key|id|name)\\*">)[^<]*', rf"\1{PLACEHOLDER}"),
    # account ids of Cloud, and user keys that Jira makes since 8.4
    (r"\b[0-9]{5,6}:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", PLACEHOLDER),
    (r"\bJIRAUSER[0-9]{5,}\b", PLACEHOLDER),
)


def without_persons(texts: Any) -> Any:
    """An array of texts in which persons are placeholders."""
    for pattern, replacement in _TRACES:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts
