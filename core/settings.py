"""Every setting once: name, type, default, unit, why. From the environment (`RESTOREBOT_…`) or the settings file."""

import os
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from core.errors import SettingError

PREFIX = "RESTOREBOT_"
#: Names with this prefix belong to the bot, which checks them itself.
BOT_PREFIX = "RESTOREBOT_SLACK_"
SETTINGS_FILE = "RESTOREBOT_SETTINGS_FILE"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    data_dir: Path = Field(
        default_factory=lambda: Path.home() / ".local" / "share" / "restorebot",
        description="everything lives here unless another setting says otherwise",
    )
    database_url: str = Field(
        default="",
        repr=False,  # it may hold a password
        description="catalog and journal: postgresql://ACCOUNT:PASSWORD@HOST/DATABASE; empty: SQLite files in data_dir",
    )
    retention_managed_days: int = Field(default=14, ge=1, description="days a backup in managed storage is restorable")
    retention_s3_days: int = Field(default=30, ge=1, description="the same for the customer's S3")
    deactivated_app_days: int = Field(default=25, ge=1, description="days a deactivated app's backups stay")
    expiry_notice_days: int = Field(default=3, ge=0, description="days of notice before the last good backup expires")
    self_service_limit_bytes: int = Field(
        default=60_000_000_000, ge=0, description="logical size of a backup above which support restores it"
    )
    shard_move_estimate_minutes: int = Field(
        default=30, ge=0, description="told for a move, and a restore across shards, until past ones tell better"
    )
    restore_interval_days: int = Field(default=0, ge=0, description="one backup at most once in N days; 0: no limit")
    validation_cache_minutes: int = Field(default=60, ge=0, description="how long a good validation is reused")
    second_person: str = Field(
        default="", pattern="^(|always|admin-access|never)$", description="overrides the organization's own rule if set"
    )
    apps_per_shard: int = Field(
        default=500, ge=1, description="provisioning, moves and restores across shards refuse above it"
    )
    max_archive_entries: int = Field(default=500_000, ge=1, description="an export with more entries is refused")
    generation_grace_hours: int = Field(default=24, ge=0, description="between retiring a generation and dropping it")
    staging_keep_hours: int = Field(default=24, ge=0, description="how long a failed run can be resumed")
    draft_days: int = Field(default=7, ge=1, description="days an unfinished restore wizard can be continued")
    journal_days: int = Field(default=7, ge=1, description="days finished runs stay in the journal")
    shard_parts_at_once: int = Field(
        default=8, ge=1, description="parts loaded into or read from one shard at once, on all workers together"
    )
    storage_parts_at_once: int = Field(
        default=16, ge=1, description="parts read from or written to one storage at once, on all workers together"
    )
    max_takeovers: int = Field(default=3, ge=1, description="takeovers of one part in a row before the run fails")
    part_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024, description="size a part is aimed at, in bytes of Arrow or of a pack"
    )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        return value and checked_database_url(value)

    @property
    def catalog_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'catalog.sqlite'}"

    @property
    def journal_url(self) -> str:
        """DBOS's own tables: on PostgreSQL a schema of their own beside the catalog's, else a file of their own, so
        that its migrations and ours never meet."""
        if self.database_url.startswith("postgresql"):
            return self.database_url
        return f"sqlite:///{self.data_dir / 'journal.sqlite'}"

    @property
    def keys_dir(self) -> Path:
        return self.data_dir / "keys"

    @property
    def work_dir(self) -> Path:
        """Scratch files of running imports; nothing in it outlives its run."""
        return self.data_dir / "work"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class hands all four
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        found = os.environ.get(SETTINGS_FILE)
        file = (TomlConfigSettingsSource(settings_cls, Path(found)),) if found else ()
        return (init_settings, env_settings, *file)


def checked_database_url(value: str) -> str:
    """What is refused here, by ValueError, would reach a driver that repeats it, password and all."""
    scheme = value.partition(":")[0]
    try:
        url = make_url(value)
    except ArgumentError as error:
        raise ValueError("it is no URL of a database") from error
    if scheme not in ("postgresql", "sqlite"):
        raise ValueError("it must begin with postgresql:// (or sqlite:///)")
    if "@" in (url.host or "") or "password" in url.query:
        raise ValueError("a password stands before the last @, with @ : / in it written %40 %3A %2F")
    return value


def load_settings(**overrides: Any) -> Settings:
    """Read and check all settings. An unknown or wrong one raises SettingError naming it."""
    _refuse_unknown()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingError(
            f"The setting {PREFIX}{name} is wrong: {first['msg']}. Nothing was started.",
            hint="README.md, section Configuration, lists every setting with its type and default.",
        ) from error


def _refuse_unknown() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {SETTINGS_FILE}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and not name.startswith(BOT_PREFIX) and name not in known:
            raise SettingError(
                f"The environment names a setting {name} that does not exist. Nothing was started.",
                hint="Correct or remove it; README.md, section Configuration, lists every setting.",
            )
    file = os.environ.get(SETTINGS_FILE)
    if file and not Path(file).is_file():
        raise SettingError(
            f"The settings file {file} does not exist. Nothing was started.",
            hint=f"Correct {SETTINGS_FILE}, or remove it.",
        )
