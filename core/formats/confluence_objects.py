"""The XML of a Confluence export → rows: one `<object>` is one record, or one row that is only a secret."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from core.content import confluence
from core.errors import NotAnExport
from core.formats.batches import Batches
from core.formats.confluence_mapping import OWNING_COLLECTIONS, key_of, native_of
from core.formats.confluence_owners import Owners
from core.formats.confluence_rows import RowBuilder, Value
from core.formats.confluence_secrets import SECRET_ROWS, take_out_secrets
from core.formats.export import Dropped

_NO_PROPERTY: Final[Mapping[str, str]] = MappingProxyType({})
_COLLECTIONS: Final = tuple(OWNING_COLLECTIONS.items())
_OWNED: Final = frozenset({confluence.BODY.name, confluence.CONTENT_PROPERTY.name})


class ConfluenceObjects:
    """An lxml parser target. Secrets are out before anything else sees a row."""

    def __init__(self, batches: Batches, owners: Owners) -> None:
        self.objects = 0
        self.native_counts: Counter[str] = Counter()
        self.dropped_rows: Counter[str] = Counter()
        self.dropped_values: Counter[str] = Counter()
        self.written_at: str | None = None
        self._batches = batches
        self._owners = owners
        self._builders: dict[int, RowBuilder] = {}
        self._started = False
        self._native = ""
        self._identity: str | None = None
        self._values: dict[str, Value] = {}
        #: inside a collection or a component, which `_name` is and `_items` gathers
        self._within = False
        self._name = ""
        self._items: Any = None
        self._property: Mapping[str, str] = _NO_PROPERTY
        self._inner: Mapping[str, str] = _NO_PROPERTY
        self._reference: str | None = None
        self._parts: list[str] = []
        #: the list's own method: text costs no call of ours
        self.data = self._parts.append

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._parts.clear()
        if tag == "property":
            self._reference = None
            if self._within:
                self._inner = attributes
            else:
                self._property = attributes
        elif tag == "id":
            pass
        elif tag == "element":
            self._reference = None
            self._inner = attributes
        elif tag == "collection":
            self._within, self._name, self._items = True, attributes.get("name", tag), []
        elif tag == "object":
            self._native, self._identity = attributes.get("class", ""), None
        elif tag in ("component", "composite-id"):
            self._within, self._name, self._items = True, attributes.get("name", tag), {}
        elif not self._started:
            if tag != "hibernate-generic":
                raise NotAnExport(
                    f"entities.xml begins with <{tag}>: it is no Confluence export. Nothing was imported.",
                    hint="Give the zip that Confluence wrote.",
                )
            self._started = True
            self.written_at = attributes.get("datetime")

    def end(self, tag: str) -> None:
        if tag == "property":
            attributes = self._inner if self._within else self._property
            value: Value = None
            if "class" in attributes:
                if self._reference is not None:
                    value = {"class": attributes["class"], "id": self._reference}
            elif self._parts:
                value = self._parts[0] if len(self._parts) == 1 else "".join(self._parts)
                if "]] >" in value:
                    # The writer's escape of what would end a CDATA section.
                    value = value.replace("]] >", "]]>")
            name = attributes.get("name", tag)
            if self._within:
                self._items[name] = value
            else:
                self._property = _NO_PROPERTY
                if name in self._values:
                    name = f"{name}#{len(self._values)}"
                self._values[name] = value
        elif tag == "id":
            identity = "".join(self._parts).strip()
            if self._within or self._property is not _NO_PROPERTY:
                self._reference = identity
            else:
                self._identity = identity
        elif tag == "element":
            self._end_element()
        elif tag in ("collection", "component", "composite-id"):
            self._values[self._name] = self._items
            self._within = False
        elif tag == "object":
            self._end_object()
            self._values = {}

    def _end_element(self) -> None:
        """Elements are references, texts (enums), or entries of a map, which have a name."""
        attributes = self._inner
        if self._reference is not None:
            self._items.append([attributes.get("class"), self._reference])
            return
        text = "".join(self._parts)
        if "name" in attributes:
            if not self._items:
                self._items = {}
            self._items[attributes["name"]] = text
        else:
            self._items.append(text)

    def _end_object(self) -> None:
        native, values, identity = self._native, self._values, self._identity
        self.objects += 1
        self.native_counts[native] += 1
        if native in SECRET_ROWS:
            self.dropped_rows[native] += 1
            return
        taken = take_out_secrets(native, values)
        if taken:
            self.dropped_values[native] += taken
        if identity is None:
            composite = values.get("composite-id")
            identity = (
                "|".join(str(one) for one in composite.values())
                if isinstance(composite, dict)
                else f"without-id-{self.native_counts[native]}"
            )
        mapping = native_of(native, values)
        builder = self._builders.get(id(mapping))
        if builder is None:
            builder = self._builders[id(mapping)] = RowBuilder(mapping)
        for collection, owned in _COLLECTIONS:
            if collection in values and type(values[collection]) is list:
                owner = key_of(native, identity)
                self._owners.add(owned, owner, [one[1] for one in values[collection] if type(one) is list])
        row = builder.row(native, identity, values)
        if builder.record_type.name in _OWNED and row[builder.owner] is None:
            self._owners.hold(builder.record_type, row)
        else:
            self._batches.add(builder.record_type, row)

    def dropped(self) -> dict[str, Dropped]:
        natives = self.dropped_rows.keys() | self.dropped_values.keys()
        return {
            native: Dropped(rows=self.dropped_rows[native], values=self.dropped_values[native])
            for native in sorted(natives)
        }
