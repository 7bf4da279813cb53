"""Secrets of Confluence exports, which are never taken in: hashes of passwords, keys, tokens, licences.

A value goes, its row stays; a row that is nothing else goes as a whole. Settings have open names, so they are judged by
the words in their name and by what their value holds: a setting more that has to be entered again does less harm than a
secret in a backup.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from core.formats.secret_names import looks_secret, names_secret

#: Rows that are nothing else: sessions kept alive, key pairs, former passwords.
SECRET_ROWS: Final = frozenset({"ConfluenceRememberMeToken", "AliasedKey", "InternalUserCredentialRecord"})

#: Properties that are secret in whatever class they stand.
SECRET_PROPERTIES: Final = frozenset(
    {"credential", "password", "passwordHash", "passwd", "secret", "sharedSecret", "clientSecret", "token",
     "accessToken", "refreshToken", "privateKey", "apiKey", "licenseKey"}
)  # fmt: skip

#: Names of settings of which a part may be secret, besides names that say so themselves.
_SECRET_NAME: Final = re.compile(
    r"oauth|smtp|ldap|jwt|hmac|crypt|keystore|certificate|trusted[-_. ]?app|mail[-_. ]?(account|server)|\.auth\.|"
    r"\b(saml|ssh|imap|pop3?)\b",
    re.IGNORECASE,
)
#: An XStream element, an entry of an XStream map, or a member of JSON whose name says that it is secret; a PEM key.
_SECRET_VALUE: Final = re.compile(
    r"<[\w.-]*(?:password|passwd|passphrase|secret|private-?key|credential|token)[\w.-]*>\s*[^\s<]"
    r"|<string>[^<]*(?:password|passwd|passphrase|secret|private\.?key|credential|token)[^<]*</string>\s*<string>[^<]"
    r"|(?:\"|&quot;)\w*(?:password|passwd|passphrase|secret|private_?key|credential|token)\w*(?:\"|&quot;)\s*:\s*(?:\"|&quot;)"
    r"|PRIVATE KEY-----",
    re.IGNORECASE,
)
#: One of these words is in whatever `_SECRET_VALUE` finds: settings may be long, and most hold none.
_SECRET_WORDS: Final = ("passw", "passphrase", "secret", "private", "credential", "token")
#: Schedules and their history: jobs have names such as ClearExpiredRememberMeTokensJob.
_SCHEDULES: Final = "com.atlassian.confluence.schedule."
Values = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A property of a class that is secret, always or in rows of which `when` holds."""

    properties: tuple[str, ...]
    when: Callable[[Values], bool]


def _setting(values: Values) -> bool:
    context, key, value = (str(values.get(name) or "") for name in ("context", "key", "value"))
    if context.startswith(_SCHEDULES):
        return False
    # A context is a class, or a space's key, which says nothing.
    name = f"{context} {key}" if "." in context and not context.startswith("~") else key
    return _is_secret(name, value)


def _attribute(values: Values) -> bool:
    return _is_secret_attribute(str(values.get("name") or ""), str(values.get("value") or ""))


def _property(values: Values) -> bool:
    identity = values.get("composite-id")
    key = str(identity.get("key") or "") if isinstance(identity, dict) else ""
    return _is_secret(key, " ".join(str(values.get(name) or "") for name in ("stringVal", "textVal")))


def _is_secret(name: str, value: str) -> bool:
    if names_secret(name) or _SECRET_NAME.search(name) or looks_secret(value):
        return True
    lowered = value.lower()
    return any(word in lowered for word in _SECRET_WORDS) and bool(_SECRET_VALUE.search(value))


def _is_secret_attribute(name: str, value: str) -> bool:
    """An attribute's name is exact: `ldap.basedn` is none, `ldap.password` is."""
    return names_secret(name) or looks_secret(value)


SECRETS: Final[Mapping[str, Secret]] = MappingProxyType(
    {
        "ConfluenceBandanaRecord": Secret(properties=("value",), when=_setting),
        "BucketPropertySetItem": Secret(properties=("stringVal", "textVal"), when=_property),
        "InternalUserAttribute": Secret(properties=("value", "lowerValue"), when=_attribute),
        "InternalGroupAttribute": Secret(properties=("value", "lowerValue"), when=_attribute),
    }
)
#: Classes with a map of attributes, some of which may be secret.
_WITH_ATTRIBUTES: Final = frozenset({"DirectoryImpl", "ApplicationImpl"})


def take_out_secrets(native: str, values: Values) -> int:
    """Removes secret values from a row's properties; says how many there were. Nulls and empty texts are no secrets."""
    taken = 0
    if not SECRET_PROPERTIES.isdisjoint(values):
        for name in SECRET_PROPERTIES.intersection(values):
            taken += bool(values.pop(name))
    secret = SECRETS.get(native)
    if secret is not None:
        if secret.when(values):
            for name in secret.properties:
                taken += bool(values.pop(name, None))
    elif native in _WITH_ATTRIBUTES and isinstance(values.get("attributes"), dict):
        attributes = values["attributes"]
        for name in [one for one, value in attributes.items() if _is_secret_attribute(one, value)]:
            taken += bool(attributes.pop(name))
    return taken
