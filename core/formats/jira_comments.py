"""The two comments Jira writes into an export: what made it, in front, and how many rows of each kind, at the end.

Their text is in the language of whoever exported, so only what no language changes is looked for. The first one also
holds keys and licences in some versions: nothing but the facts below is ever taken from it.
"""

import re
from datetime import UTC, datetime
from typing import Final

#: `JIRA Build : 8.6.1#806001-sha1:b7cf80…`
_BUILD: Final = re.compile(r":[ \t]*(\d[\w.-]*)#(\d+)", re.ASCII)
_CLOUD: Final = re.compile(r":[ \t]*cloud[ \t]*$", re.MULTILINE)
_CLOUD_VERSION: Final = re.compile(r"^\s*Version[ \t]*:[ \t]*(\d[\w.-]*)[ \t]*$", re.MULTILINE | re.ASCII)
_CLOUD_BUILD: Final = re.compile(r"^\s*Build #[ \t]*:[ \t]*(\d+)[ \t]*$", re.MULTILINE | re.ASCII)
_COUNT: Final = re.compile(r"^[ \t]*([^:\n]*?)[ \t]*:[ \t]*(\d[\d., '\u00a0\u2019\u202f]*)[ \t\r]*$", re.MULTILINE)
_KIND: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)
_DIGITS: Final = re.compile(r"\D")


def source_facts(leading: str) -> dict[str, str]:
    """Who wrote the export, for people."""
    facts = {"writer": "Jira", "scope": "site"}
    if _CLOUD.search(leading):
        facts["deployment"] = "cloud"
        version, build = _CLOUD_VERSION.search(leading), _CLOUD_BUILD.search(leading)
        if version:
            facts["version"] = version[1]
        if build:
            facts["build"] = build[1]
        return facts
    facts["deployment"] = "server"
    match = _BUILD.search(leading)
    if match:
        facts["version"], facts["build"] = match[1], match[2]
    return facts


def declared_counts(trailing: str) -> dict[str, int]:
    """The export's own counts per native kind, without the total, which stands first and in any language."""
    counts = [(name, int(_DIGITS.sub("", count))) for name, count in _COUNT.findall(trailing)]
    if counts and (counts[0][0] == "Total" or counts[0][1] == sum(count for _, count in counts[1:])):
        del counts[0]
    return {name: count for name, count in counts if _KIND.fullmatch(name)}


def exported_at(milliseconds: str | None) -> datetime | None:
    """The root's `date`; the moment in the leading comment is written in the exporter's language and zone."""
    if milliseconds is None or not milliseconds.isdecimal() or len(milliseconds) > 14:
        return None
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
