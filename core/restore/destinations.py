"""Where a backup can go: an organization's apps, of which only those that are shown are looked into.

The catalog does not know what apps hold, since people change them elsewhere; to ask each of two thousand would take
minutes. So a page looks into its candidates, a bounded number of them, and the next page goes on from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from core.apps.driver import Contents, Place
from core.catalog import apps, backups, holds, shards
from core.catalog.apps import App
from core.catalog.tables import AppStatus
from core.database.pages import Page
from core.errors import RestorebotError
from core.restore.assess import Tools
from core.restore.draft_state import ContainsData

#: Apps that one page looks into at most.
LOOKED_INTO: Final = 60
#: Candidates read from the catalog at once.
_BATCH: Final = 20


@dataclass(frozen=True, kw_only=True)
class Destination:
    """An active app of the backup's organization, type and region."""

    app: App
    #: None where it could not be looked into, which `problem` then says
    contents: Contents | None
    problem: str = ""
    #: on another shard than the backup's, so that it is moved with the restore
    moves: bool
    #: sentence naming who holds it, or ""
    held: str


@dataclass(frozen=True, kw_only=True)
class DestinationPage:
    found: tuple[Destination, ...]
    #: where the next page goes on; None when all candidates were looked into
    next_offset: int | None
    candidates: int
    #: why nothing was found on the first page, and what to do; "" where something was
    empty: str


def find_destinations(
    tools: Tools,
    backup_id: str,
    *,
    contains_data: ContainsData = ContainsData.NO,
    only_backup_shard: bool = True,
    text: str = "",
    limit: int = 20,
    offset: int = 0,
) -> DestinationPage:
    """Newly made apps first where they are to be empty, since those mostly are; else by name. Raises NotFound."""
    search = _Search(tools, backup_id, text, newest_first=contains_data is ContainsData.NO)
    shard = search.shard if only_backup_shard else None
    found: list[Destination] = []
    looked = 0
    for candidate in islice(search.candidates(shard, offset), LOOKED_INTO):
        looked += 1
        destination = search.looked_into(candidate)
        if _wanted(destination, contains_data):
            found.append(destination)
        if len(found) == limit:
            break
    total = search.total(shard)
    more = offset + looked if looked and offset + looked < total else None
    empty = "" if found or offset or more else search.why_empty(total, contains_data, shard)
    if not found and more and not offset:
        empty = f"None of the {looked} apps looked into so far fits. Look further, or search by name."
    return DestinationPage(found=tuple(found), next_offset=more, candidates=total, empty=empty)


def _wanted(one: Destination, contains_data: ContainsData) -> bool:
    if contains_data is ContainsData.ANY or one.contents is None:
        return True
    return (one.contents is not Contents.NOTHING) == (contains_data is ContainsData.YES)


class _Search:
    """One backup's destinations, with what the catalog says of both."""

    def __init__(self, tools: Tools, backup_id: str, text: str, *, newest_first: bool) -> None:
        self._tools = tools
        self._text = text
        self._newest_first = newest_first
        with tools.database.reading() as session:
            self._backup = backups.get(session, backup_id)
            source = apps.get(session, self._backup.app_id)
            known = {one.name for one in shards.list_all(session)}
        self._organization_id, self._type = source.organization_id, source.type
        #: the backup's, while it is there
        self.shard = self._backup.shard if self._backup.shard in known else None

    def candidates(self, shard: str | None, offset: int) -> Iterator[App]:
        while True:
            page = self._page(shard, offset, _BATCH)
            yield from page.found
            if page.next_offset is None:
                return
            offset = page.next_offset

    def total(self, shard: str | None) -> int:
        return self._page(shard, 0, 0).total

    def looked_into(self, app: App) -> Destination:
        with self._tools.database.reading() as session:
            held = holds.holds_on(session, holds.on_app(app.id))
            place = apps.place(session, app)
        contents, problem = self._contents(app, place)
        return Destination(
            app=app,
            contents=contents,
            problem=problem,
            moves=self.shard is not None and app.shard != self.shard,
            held=holds.held_error(app.name, held[0]).message if held else "",
        )

    def why_empty(self, candidates: int, contains_data: ContainsData, shard: str | None) -> str:
        kind = self._type.value.capitalize()
        if self._text and self._search_without_text(shard):
            return f"No app that could be a destination has “{self._text}” in its name. Search for something else."
        if candidates and contains_data is ContainsData.NO:
            return (
                f"Every active {kind} app here contains data, and a restore goes into an empty app only. Provision a"
                " new app, or show those that contain data."
            )
        if candidates:
            return f"No active {kind} app here contains data. Show those that contain none."
        if shard is not None and self.total(None):
            return (
                f"No active {kind} app is on shard {shard}, the backup's. Show apps on other shards (they are moved"
                " with the restore), or provision a new app."
            )
        return f"There is no active {kind} app in region {self._backup.region}, the backup's. Provision a new app."

    def _search_without_text(self, shard: str | None) -> int:
        return self._page(shard, 0, 0, text="").total

    def _page(self, shard: str | None, offset: int, limit: int, text: str | None = None) -> Page[App]:
        with self._tools.database.reading() as session:
            return apps.search_apps(
                session,
                organization_id=self._organization_id,
                text=self._text if text is None else text,
                app_type=self._type,
                status=AppStatus.ACTIVE,
                shard=shard,
                region=self._backup.region,
                newest_first=self._newest_first,
                limit=limit,
                offset=offset,
            )

    def _contents(self, app: App, place: Place) -> tuple[Contents | None, str]:
        try:
            return self._tools.drivers[app.driver].contents(place), ""
        except (RestorebotError, OSError) as error:
            return None, f"{app.name} could not be looked at: {error}."
