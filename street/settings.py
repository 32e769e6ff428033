"""Settings of the office: the environment, then `.env`, then what `street up` has remembered in STREET_VAR."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, create_model, field_validator
from pydantic_settings import (
    BaseSettings,
    JsonConfigSettingsSource,
    NoDecode,
    SecretsSettingsSource,
    SettingsConfigDict,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_settings import PydanticBaseSettingsSource

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder: relative paths of settings count from it, wherever a command is called."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The business time zone: business dates, due times and the morning run are in it."""


def as_of_at(as_of: dt.date) -> dt.datetime:
    """Return the default "now" of the business date: 07:30 Shanghai (docs/rules.md, R-DAY-3)."""
    return dt.datetime.combine(as_of, dt.time(7, 30), SHANGHAI)


@dataclass(frozen=True)
class Access:
    """How a server that a contract names is reached, and the two settings that say so."""

    url: str | None
    token: SecretStr | None
    url_setting: str
    token_setting: str


class Settings(BaseSettings):
    """Every setting of the project but those of `access`; `.env.example` documents each."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore", frozen=True)

    street_var: Path = ROOT / "var"
    street_inbox: Path | None = None
    street_scenario_runs: Path | None = None
    street_pull_patience_seconds: float = Field(default=60.0, ge=0)
    street_pull_max_pages: int = Field(default=2_000, ge=1)
    street_pull_max_bytes: int = Field(default=256 * 1024 * 1024, ge=1)
    street_pull_max_answer_bytes: int = Field(default=64 * 1024 * 1024, ge=1)
    street_pull_max_barren_pages: int = Field(default=50, ge=1)
    warehouse_url: str | None = Field(default=None, repr=False)  # carries a password
    street_hmac_key: SecretStr | None = None
    smtp_host: str | None = None
    smtp_port: int = 25
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str = "street-office@localhost"
    report_recipients: Annotated[tuple[str, ...], NoDecode] = Field(default=())
    alert_recipients: Annotated[tuple[str, ...], NoDecode] = Field(default=())
    street_schedules: bool = False
    street_read_file_mb: int = Field(default=200, gt=0)
    street_read_opened_mb: int = Field(default=1024, gt=0)
    street_read_ratio: int = Field(default=200, gt=0)
    street_read_rows: int = Field(default=2_000_000, gt=0)
    street_read_columns: int = Field(default=500, gt=0)
    street_read_cells: int = Field(default=20_000_000, gt=0)
    street_read_memory_mb: int = Field(default=4096, gt=0)
    street_read_seconds: int = Field(default=600, gt=0)
    street_read_undecodable: float = Field(default=0.001, ge=0, le=1)
    street_board_database_url: str | None = Field(default=None, repr=False)  # carries a password
    street_board_port: int = Field(default=8081, gt=0, lt=65536)
    street_board_tls_certificate: Path | None = None
    street_board_tls_key: Path | None = None
    street_board_proxy: str | None = None
    street_check_share: float = Field(default=0.001, ge=0, le=1)
    street_check_persons: int = Field(default=20, ge=1)

    @field_validator("report_recipients", "alert_recipients", mode="before")
    @classmethod
    def _split_recipients(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator(
        "street_var", "street_inbox", "street_scenario_runs", "street_board_tls_certificate", "street_board_tls_key",
        mode="after",
    )  # fmt: skip
    @classmethod
    def _from_the_project(cls, path: Path | None) -> Path | None:
        return ROOT / path if path else path

    def access(self, server: str) -> Access:
        """Return how the server of this name in a contract is reached: `STREET_<NAME>_URL` and `STREET_<NAME>_TOKEN`.

        Which servers there are only contracts know: their settings are read when they are asked for, from wherever
        these were read.
        """
        url, token = f"street_{server}_url", f"street_{server}_token"
        fields: dict[str, Any] = {url: (str | None, None), token: (SecretStr | None, None)}
        read = create_model("SettingsOfServer", __base__=type(self), **fields)()
        return Access(getattr(read, url), getattr(read, token), url.upper(), token.upper())

    @property
    def run_dir(self) -> Path:
        """Where the running set-up keeps its state (ports, process ids)."""
        return self.street_var / "run"

    @property
    def secrets_dir(self) -> Path:
        """Where the embedded set-up keeps its secrets: one file a setting, mode 0600."""
        return self.street_var / "secrets"


class _Remembered(Settings):
    """Settings that also read `STREET_VAR/secrets/<setting>` and `STREET_VAR/run/settings.json`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        given = Settings()
        remembered = JsonConfigSettingsSource(settings_cls, json_file=_remembered_file(given.street_var))
        if given.secrets_dir.is_dir():
            file_secret_settings = SecretsSettingsSource(settings_cls, secrets_dir=given.secrets_dir)
        return init_settings, env_settings, dotenv_settings, file_secret_settings, remembered


def _remembered_file(var: Path) -> Path:
    return var / "run" / "settings.json"


_OF_SERVER = re.compile(r"street_[a-z0-9_]+_(url|token)")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings, read once; `settings.cache_clear()` reads them again."""
    return _Remembered()


def remember(plain: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """Keep the embedded set-up's settings for later commands, under the names of `Settings` and of its `access`.

    `plain` replaces what was kept in `run/settings.json`; each secret becomes a file of its own, readable by its
    owner alone. A value given by the environment or `.env` wins over a remembered one.
    """
    current = Settings()
    unknown = (plain.keys() | secrets.keys()) - Settings.model_fields.keys()
    unknown = {name for name in unknown if not _OF_SERVER.fullmatch(name)}
    if unknown:
        raise ValueError(f"No such setting: {', '.join(sorted(unknown))}.")
    for name, value in secrets.items():
        write_private(current.secrets_dir / name, value)
    write_private(_remembered_file(current.street_var), json.dumps(dict(plain), default=str, indent=2))
    settings.cache_clear()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step: a reader never sees half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)  # a full disk leaves no half
