"""The bot's settings: from the environment, with the prefix RESTOREBOT_SLACK_."""

import os
from enum import StrEnum

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingError
from core.settings import BOT_PREFIX


class Mode(StrEnum):
    """How Slack reaches the bot: over a connection the bot opens, or by requests to it."""

    SOCKET = "socket"
    HTTP = "http"


class SlackSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=BOT_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    bot_token: SecretStr = Field(default=SecretStr(""), description="xoxb-…: what the bot acts with; empty: no Slack")
    app_token: SecretStr = Field(default=SecretStr(""), description="xapp-…: opens the connection of Socket Mode")
    signing_secret: SecretStr = Field(
        default=SecretStr(""), description="proves that a request comes from Slack (HTTP)"
    )
    mode: Mode = Field(default=Mode.SOCKET, description="socket, or http where Slack can reach this machine")
    base_url: str = Field(default="https://slack.com/api/", description="the Web API")
    host: str = Field(default="127.0.0.1", description="the address to listen on in mode http")
    port: int = Field(default=3000, ge=1, le=65535, description="the port to listen on in mode http")
    command_prefix: str = Field(
        default="",
        pattern=r"^[a-z0-9-]{0,12}$",
        description="before the names of the commands: acme- makes /acme-restore",
    )

    @property
    def is_connected(self) -> bool:
        return bool(self.bot_token.get_secret_value())


def load_slack_settings(**overrides: object) -> SlackSettings:
    """Read and check the bot's settings. An unknown, wrong or missing one raises SettingError naming it."""
    known = {f"{BOT_PREFIX}{name.upper()}" for name in SlackSettings.model_fields}
    for name in sorted(os.environ):
        if name.startswith(BOT_PREFIX) and name not in known:
            raise SettingError(
                f"The environment names a setting {name} that does not exist. Nothing was started.",
                hint="Correct or remove it; README.md, section Configuration, lists every setting.",
            )
    try:
        settings = SlackSettings.model_validate(overrides) if overrides else SlackSettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingError(
            f"The setting {BOT_PREFIX}{name} is wrong: {first['msg']}. Nothing was started.",
            hint="README.md, section Configuration, lists every setting with its type and default.",
        ) from error
    return _complete(settings)


def _complete(settings: SlackSettings) -> SlackSettings:
    """What goes with a bot token depends on the mode."""
    name, needed = {
        Mode.SOCKET: ("APP_TOKEN", settings.app_token),
        Mode.HTTP: ("SIGNING_SECRET", settings.signing_secret),
    }[settings.mode]
    if settings.is_connected and not needed.get_secret_value():
        raise SettingError(
            f"The mode {settings.mode.value} needs the setting {BOT_PREFIX}{name}. Nothing was started.",
            hint="README.md, section Slack, says where Slack shows it.",
        )
    return settings
