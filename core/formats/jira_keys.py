"""Keys of Jira's records: a native attribute, several of them, or a digest of all that a row says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from blake3 import blake3
from orjson import OPT_SORT_KEYS, dumps

#: Holds the key of a row that was made ready; no attribute is called so.
KEY: Final = "@key"


@dataclass(frozen=True, kw_only=True)
class KeyRule:
    """How rows of one native kind are told apart."""

    native: str
    #: attributes that make the key. One: its value is the key and stands nowhere else
    attributes: tuple[str, ...]
    #: the key starts with the kind, since several kinds share the record type
    prefixed: bool
    #: attributes that name persons
    people: frozenset[str]

    def is_in(self, row: Mapping[str, str]) -> bool:
        """Whether the row has every attribute, and in the first one a value: then `joined` gives its key."""
        return all(one in row for one in self.attributes) and bool(row[self.attributes[0]])

    def take(self, row: dict[str, str]) -> str:
        """The key of any row, without the kind; the attribute that alone is the key goes."""
        if len(self.attributes) == 1:
            key = row.pop(self.attributes[0], "")
        elif any(row.get(one) for one in self.attributes):
            key = ":".join(self._part(one, row.get(one, "")) for one in self.attributes)
        else:
            key = ""
        if key:
            return key
        digest = _digest(dumps(row, option=OPT_SORT_KEYS))
        return f"#{digest}" if self.prefixed else f"{self.native}:#{digest}"

    def joined(self, columns: Sequence[tuple[str, Sequence[str]]]) -> Sequence[str]:
        """The whole keys of rows: of the key's attributes, or of KEY alone where it was taken before."""
        parts = [
            [self._part(name, text) for text in column] if name in self.people else column for name, column in columns
        ]
        keys = parts[0] if len(parts) == 1 else list(map(":".join, zip(*parts, strict=True)))
        return [f"{self.native}:{key}" for key in keys] if self.prefixed else keys

    def _part(self, attribute: str, value: str) -> str:
        # Keys stay when persons become placeholders, so none of several parts may name one.
        return _digest_of(value) if attribute in self.people and len(self.attributes) > 1 else value


def _digest(data: bytes) -> str:
    return blake3(data).hexdigest(length=8)


@lru_cache(maxsize=4096)
def _digest_of(name: str) -> str:
    return _digest(name.encode())
