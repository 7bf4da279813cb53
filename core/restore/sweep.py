"""Generations that are left over go when their time has come: those that were replaced, and those nobody will fill."""

from datetime import timedelta

from core.apps.driver import Driver
from core.catalog import apps, generations
from core.catalog.generations import Generation
from core.restore.assess import Tools


def sweep(tools: Tools) -> int:
    """Returns how many places were removed. May be broken off and repeated at any time."""
    return _drop_retired(tools) + _discard_orphans(tools)


def _drop_retired(tools: Tools) -> int:
    cutoff = tools.now() - timedelta(hours=tools.settings.generation_grace_hours)
    with tools.database.reading() as session:
        retired = generations.retired_before(session, cutoff)
    for generation in retired:
        _remove(tools, generation)
    return len(retired)


def _discard_orphans(tools: Tools) -> int:
    """Staged by a run that no longer holds the app, so that nothing will ever fill or publish them."""
    cutoff = tools.now() - timedelta(hours=tools.settings.staging_keep_hours)
    with tools.database.reading() as session:
        orphans = generations.orphans(session, cutoff)
    for generation in orphans:
        _remove(tools, generation)
    return len(orphans)


def _remove(tools: Tools, generation: Generation) -> None:
    """The place first, then the row: a row that says dropped has no place."""
    with tools.database.reading() as session:
        place = generations.place(session, generation.id)
        driver: Driver = tools.drivers[apps.get(session, generation.app_id).driver]
    driver.drop(place)
    with tools.database.transaction() as session:
        generations.mark_dropped(session, generation.id)
