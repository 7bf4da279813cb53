"""Which app wrote an export, told by its content; a file's name says nothing."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from core.errors import MissingEntities, NotAnExport
from core.formats.confluence_xml import ConfluenceReader
from core.formats.export import ExportReader
from core.formats.export_source import ENTITIES, ExportSource, open_source
from core.formats.jira_xml import JiraReader
from core.formats.xml_stream import XmlFeed

#: Tables of Confluence Cloud's other export, which is no XML.
_CSV_TABLES: Final = frozenset({"spaces.csv", "content.csv", "content.csv.gz", "bodycontent.csv.gz"})


def open_export(
    path: Path, *, max_entries: int, attachments: Path | None = None, work: Path | None = None
) -> ExportReader:
    """The reader for what the person gave: a zip (also with all in one folder of it) or a bare XML file.

    `attachments` is a zip that `pack_folder` made of the app's attachments folder. `work` is the folder for what a
    reader must keep on the disk meanwhile; None is the system's.
    """
    with ExitStack() as opened:
        source = open_source(path, max_entries=max_entries)
        opened.callback(source.close)
        copy = open_source(attachments, max_entries=max_entries) if attachments is not None else None
        if copy is not None:
            opened.callback(copy.close)
        reader = _reader(_with_entities(source), copy, work)
        opened.pop_all()  # the reader closes them
        return reader


def _reader(source: ExportSource, attachments: ExportSource | None, work: Path | None) -> ExportReader:
    root = _root(source)
    if root == "hibernate-generic":
        return ConfluenceReader(source, attachments, work=work)
    if root == "entity-engine-xml":
        return JiraReader(source, attachments)
    raise NotAnExport(
        f"{source.path} begins with <{root}>, which is neither Jira's nor Confluence's XML. Nothing was imported.",
        hint="Give the XML backup that Jira or Confluence wrote, as the app wrote it.",
    )


def _with_entities(source: ExportSource) -> ExportSource:
    if source.has(ENTITIES):
        return source
    names = {entry.name for entry in source.entries}
    folders = [name.removesuffix(ENTITIES) for name in names if name.count("/") == 1 and name.endswith(f"/{ENTITIES}")]
    if len(folders) == 1:
        return source.inside(folders[0])
    if names & _CSV_TABLES:
        reason, hint = "it is an export in CSV", "In Confluence choose the export as XML instead of CSV."
    elif folders:
        reason, hint = f"several of its folders hold {ENTITIES}", "Give one export at a time."
    else:
        reason, hint = f"it holds no {ENTITIES}", "Give the XML backup as Jira or Confluence wrote it."
    raise MissingEntities(f"{source.path} cannot be imported: {reason}. Nothing was imported.", hint=hint)


def _root(source: ExportSource) -> str:
    first = _FirstElement()
    with source.open(ENTITIES) as stream:
        for _ in XmlFeed(stream, first, name=ENTITIES):
            if first.tag:
                break
    return first.tag


class _FirstElement:
    def __init__(self) -> None:
        self.tag = ""

    def start(self, tag: str, attributes: object) -> None:  # noqa: ARG002 — the parser calls it so
        if not self.tag:
            self.tag = tag

    def end(self, tag: str) -> None:
        """Only the first start counts."""

    def data(self, text: str) -> None:
        """Text says nothing."""
