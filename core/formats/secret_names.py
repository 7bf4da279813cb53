"""Secrets by the name an export gives them, or by their own look."""

import re
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SECRET_WORD: Final = re.compile(
    r".*(password|passwd|passphrase|credential|privatekey|apikey|secret(?!ar)).*|.*(tokens?|licen[cs]es?)|pwd"
)
#: Words that only next to each other, in this order, name a secret.
_SECRET_PAIRS: Final = frozenset(
    {
        ("api", "key"),
        ("crypter", "key"),
        ("encryption", "key"),
        ("key", "private"),
        ("private", "key"),
        ("signing", "key"),
        ("trustedapp", "key"),
        ("pass", "phrase"),
        ("pass", "word"),
    }
)
#: A name with one of these words behind the secret's speaks about it: how old, how often, how long …
_ABOUT_BEHIND: Final = frozenset(
    {
        "attempt", "attempts", "change", "changed", "complexity", "count", "created", "date", "enabled", "expired",
        "expires", "expiry", "expiration", "last", "length", "max", "method", "min", "policy", "regex", "role",
        "roles", "timestamp", "ttl", "type", "updated",
    }
)  # fmt: skip
#: … or with one of these right before it.
_ABOUT_BEFORE: Final = frozenset({"require", "requires", "use", "uses", "version"})
#: Notices about licences are called after them.
_LICENCE_WORD: Final = re.compile(r".*licen[cs]es?")
_NOTICE: Final = frozenset({"dismissal", "notification", "notifications"})
_PRIVATE_KEY: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
#: The text form of an Atlassian licence.
_LICENCE: Final = re.compile(r"\s*AAAB[A-Za-z0-9+/=\s]{150,}X0[0-9a-z]{1,3}\s*", re.ASCII)


@lru_cache(maxsize=4096)
def names_secret(name: str) -> bool:
    """Whether a name of an attribute, a property or a column says that its value is a secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    for place in range(len(words) - 1, -1, -1):
        word = words[place]
        if _SECRET_WORD.fullmatch(word) or tuple(words[place : place + 2]) in _SECRET_PAIRS:
            is_notice = _LICENCE_WORD.fullmatch(word) is not None and not _NOTICE.isdisjoint(words)
            before = words[place - 1] if place else ""
            is_about = before in _ABOUT_BEFORE or not _ABOUT_BEHIND.isdisjoint(words[place + 1 :])
            return not (is_notice or is_about)
    return False


def looks_secret(text: str) -> bool:
    """Whether a text is a private key or a licence, whatever its name."""
    return bool(_PRIVATE_KEY.search(text) or _LICENCE.fullmatch(text))
