"""restorebot demo: a backup and a restore of generated apps, told as they happen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.markup import escape

from core.access.grants import list_grants
from core.apps.driver import Place
from core.catalog import apps
from core.catalog.apps import App
from core.cli.apps import provision_app
from core.cli.backups import run_import
from core.cli.context import FAILED, INTERRUPTED, engine_of, output, say, show_table
from core.cli.follow import follow_to_end
from core.cli.grants import show_grants_table
from core.cli.initialise import initialise
from core.cli.reports import show_plan, show_report
from core.cli.restores import exit_status, make_request
from core.content.record_type import AppType
from core.engine import Engine, build_engine
from core.findings import blocks
from core.look.item import item
from core.look.outline import containers, items
from core.look.text import as_text
from core.restore.assess import assess
from core.restore.restores import RUNS
from core.restore.submission import Confirmed, submit
from core.samples.organization import write_demo_exports
from core.settings import load_settings

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    context: typer.Context,
    cli: Annotated[bool, typer.Option("--cli", help="Here in the terminal.")] = True,  # noqa: ARG001 - the only place
    keep: Annotated[
        Path | None, typer.Option(help="Keep everything in this folder, to go on with it. Default: it is removed.")
    ] = None,
) -> None:
    """Restore a wiki and a tracker that are generated for it, in a folder of their own. Takes less than a minute."""
    with _folder(keep) as folder:
        context.obj = lambda: build_engine(load_settings(data_dir=folder / "data", database_url=""))
        with engine_of(context) as engine:
            try:
                _tell(engine, folder)
            except KeyboardInterrupt:
                say("\nStopped." + ("" if keep else " Nothing of the demo is left."))
                raise typer.Exit(INTERRUPTED) from None
    if keep:
        _say(f"Go on with it: export RESTOREBOT_DATA_DIR={folder / 'data'}; restorebot app list")
    else:
        _say("The demo's folder is removed. Keep it next time: restorebot demo --cli --keep FOLDER")
    _say("Begin with your own data: restorebot init")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with TemporaryDirectory(prefix="restorebot-demo-") as folder:
            yield Path(folder)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise typer.BadParameter(f"{keep} is not an empty folder. Nothing was made.", param_hint="--keep")
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield keep.absolute()


def _tell(engine: Engine, folder: Path) -> None:
    _chapter("Acme has a wiki and a tracker. Their exports are generated, with a few oddities that real ones have.")
    exports = write_demo_exports(folder / "exports")
    for made in (exports.wiki, exports.tracker):
        _say(f"{made.path.name}: {made.path.stat().st_size // 1000} kB")
    _chapter("What one machine needs is made: organization, shard, storage, signing key, roles.")
    for line in initialise(engine, "Acme"):
        _say(line)
    _restore(engine, exports.wiki.path, AppType.CONFLUENCE, "Acme Wiki")
    _restore(engine, exports.tracker.path, AppType.JIRA, "Acme Tracker")
    _chapter("No restore gives anyone access. What would take a seat waits for a person's decision.")
    with engine.database.reading() as session:
        (organization,) = {one.organization_id for one in apps.list_all(session)}
        show_grants_table(session, list_grants(session, organization), empty="Nothing waits for a decision.")
    _say("An approver looks at what each would do, and decides: restorebot access show ID, … approve ID, … deny ID")


def _restore(engine: Engine, export: Path, app_type: AppType, name: str) -> None:
    """One app's story: imported as a backup, planned, restored into a new app, and looked at there."""
    copy = f"{name} restored"
    for one in (name, copy):
        provision_app(engine, one, app_type, org="", shard="")
    _chapter(f"{name}: its export is taken in as a backup. Every byte gets a hash, and the whole is signed.")
    backup = run_import(engine, export, app_name=name)
    _chapter(f"The restore into the empty app {copy} is planned and validated. Nothing is changed by that.")
    request = make_request(engine, backup.id, copy, "", [])
    found = assess(engine.tools, request)
    show_plan(engine, request, found)
    if found.plan is None or blocks(found.findings):
        raise typer.Exit(FAILED)
    _chapter("It is loaded beside the app, read back, compared with the backup, and published in one switch.")
    restore = follow_to_end(engine, RUNS, submit(engine.tools, request, Confirmed.of(found)).id, quiet=False)
    show_report(engine, restore)
    if exit_status(restore):
        raise typer.Exit(exit_status(restore))
    with engine.database.reading() as session:
        restored = apps.get(session, restore.app_id)
        place = apps.place(session, restored)
    _chapter(f"What is in {copy} now, as people read it.")
    _look(engine, restored, place)


def _look(engine: Engine, restored: App, place: Place) -> None:
    """The app's spaces or projects, and one of its items."""
    driver = engine.drivers[restored.driver]
    outline = containers(driver, place)
    show_table(("key", "name", "items"), [(one.key, one.name, one.items) for one in outline], empty="")
    inside = next(filter(None, (items(driver, place, one.key) for one in outline)), [])
    if inside:
        text = as_text(item(driver, place, inside[0].record_key))
        output().print("\n".join(f"  │ {line}" for line in text.splitlines()), markup=False, soft_wrap=True)


def _chapter(sentence: str) -> None:
    output().print(f"\n[bold]{escape(sentence)}[/]", soft_wrap=True)


def _say(sentence: str) -> None:
    output().print(sentence, markup=False, soft_wrap=True)
