"""What the windows show: values without a database behind them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.metadata import foreign
from core.catalog.run_tables import RunStatus
from core.database.pages import Page
from core.findings import Finding
from core.restore.overview import RestoreLine


@dataclass(frozen=True, kw_only=True)
class TableAt:
    """Which page of the table is shown, with which filters: what a window carries of it."""

    status: RunStatus | None = None
    app: str = ""
    offset: int = 0

    def pack(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value}, separators=(",", ":"))

    @classmethod
    def unpack(cls, text: str) -> "TableAt":
        """WrongState: not ours."""
        try:
            value = json.loads(text or "{}")
            status, app, offset = value.get("status"), value.get("app", ""), value.get("offset", 0)
            if not (isinstance(app, str) and isinstance(offset, int) and offset >= 0):
                raise foreign()
            return cls(status=RunStatus(status) if status else None, app=app, offset=offset)
        except (ValueError, AttributeError) as error:
            raise foreign() from error


@dataclass(frozen=True, kw_only=True)
class Table:
    at: TableAt
    app_name: str  # of the filter, or ""
    page: Page[RestoreLine]
    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Failure:
    code: str
    message: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Status:
    line: RestoreLine
    findings: Sequence[Finding]
    failure: Failure | None
    #: per record type: in_backup, restored, left_out, failed; of one that is over
    counts: Mapping[str, Mapping[str, int]]
    now: datetime
