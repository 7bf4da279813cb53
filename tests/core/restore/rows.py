"""Small batches of records, and a manifest to plan with."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from core.archive.manifest import Contains, Manifest, PackObject, RecordObject
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType, RecordType

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def archived(record_type: RecordType, *rows: dict[str, Any]) -> pa.RecordBatch:
    """A batch as the archive has it; what a row does not say is null, or no."""
    defaults = {"native": "Native", "personal": False, "repeated": False}
    filled = [{**defaults, **row} for row in rows]
    schema = record_type.archive_schema
    columns = [pa.array([row.get(one.name) for row in filled], one.type) for one in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def loaded(record_type: RecordType, *rows: dict[str, Any]) -> pa.RecordBatch:
    """A batch as it is loaded."""
    batch = archived(record_type, *rows)
    return pa.RecordBatch.from_arrays(
        [batch.column(name) for name in record_type.schema.names], schema=record_type.schema
    )


def an_object(record_type: str, size: int, *, rows: int = 1, number: int = 1) -> RecordObject:
    return RecordObject(
        key=f"backups/b/records/{record_type}/{number:05}-1.parquet",
        record_type=record_type,
        rows=rows,
        size=size // 2,
        arrow_bytes=size,
        first_key="a",
        last_key="b",
        blake3="0" * 64,
    )


def a_manifest(objects: Sequence[RecordObject] = (), packs: Sequence[PackObject] = (), **values: Any) -> Manifest:
    words: dict[str, Any] = {
        "format_version": 1,
        "backup_id": "b",
        "organization": "org",
        "app_id": "app",
        "app_name": "Wiki",
        "app_type": AppType.CONFLUENCE,
        "shard": "eu-1",
        "region": "eu",
        "taken_at": NOW,
        "exported_at": None,
        "complete": True,
        "contains": Contains(attachments=True, users_and_groups=True, personal_spaces=True),
        "records": {one.record_type: one.rows for one in objects},
        "native": {},
        "size_bytes": sum(one.arrow_bytes for one in objects),
        "attachments": 0,
        "attachment_bytes": 0,
        "objects": tuple(objects),
        "attachments_index": None,
        "packs": tuple(packs),
    }
    return Manifest(**{**words, **values})


def type_of(name: str) -> RecordType:
    return BY_NAME[name]
