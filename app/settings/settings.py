"""The settings: from the environment (`KIN_…`), or a TOML file named by KIN_CONFIG; the environment wins."""

import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from app.settings.deadlines import DeadlineSettings


class Mode(StrEnum):
    """What start-up lets pass: production refuses development keyrings."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class SettingsRefused(Exception):
    """One or more settings are wrong; the text names each and says what to do, never its value."""


class Settings(BaseSettings):
    """Everything an operator can set. Times are in seconds."""

    model_config = SettingsConfigDict(env_prefix="KIN_", extra="forbid", frozen=True)

    mode: Mode = Mode.PRODUCTION
    database_url: str = Field(description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
    keyring: Path = Field(description="the local key provider's keyring file")
    home_tenant: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "shop"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    authentication_seconds: Annotated[float, Field(ge=0, le=60)] = 2.0
    database_pool: Annotated[int, Field(ge=1, le=100)] = 8
    database_hot_pool: Annotated[int, Field(ge=1, le=100)] = 6
    database_patience: Annotated[float, Field(gt=0, le=60)] = 5.0
    people_per_hour: int | None = Field(
        default=None, ge=1, description="whom a caller may meet; no limit unless set"
    )
    searches_per_hour: int | None = Field(default=None, ge=1, description="of a caller; no limit unless set")
    statistics_per_hour: int = Field(default=60, ge=1, description="how often a caller may count people")
    statistics_threshold: int = Field(
        default=10, ge=5, description="the fewest people a group may have to be counted"
    )
    metrics_token: str | None = Field(default=None, min_length=16, repr=False)
    audit_signing_key: Path | None = Field(
        default=None, description="the key that signs checkpoints of the log"
    )
    audit_origin: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9./-]{0,127}$")] = "kin.local/audit"
    audit_sequencer: Literal["embedded", "worker", "off"] = Field(
        default="embedded", description="where the log is sequenced: every process, the worker alone, nowhere"
    )
    checkpoint_file: Path | None = Field(default=None, description="an append-only file for checkpoints")
    witness_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    witness_key: str | None = Field(default=None, description="the witness's verifier key, name+id+key")
    deadlines: DeadlineSettings = Field(
        default=DeadlineSettings(), description="the terms of people's requests; JSON in the environment"
    )
    worker: Literal["embedded", "separate"] | None = Field(
        default=None, description="where the schedule is kept; embedded in the server on SQLite unless set"
    )
    erasure_ledger: Path | None = Field(default=None, description="an append-only file of what was erased")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic-settings' signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic-settings' signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file."""
        file = os.environ.get("KIN_CONFIG")
        from_file = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *from_file)


def load(**given: Any) -> Settings:
    """The settings; `SettingsRefused` names every one that is missing or wrong."""
    file = os.environ.get("KIN_CONFIG")
    if file and not Path(file).is_file():
        raise SettingsRefused("KIN_CONFIG names a file that does not exist; correct it or unset it")
    try:
        return Settings(**given)
    except ValidationError as refused:
        lines = [
            f"KIN_{'_'.join(str(part) for part in error['loc']).upper()}: {_say(error['type'], error['msg'])}"
            for error in refused.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise SettingsRefused("\n".join(lines)) from None
    except SettingsError:
        raise SettingsRefused("KIN_DEADLINES: is not JSON; correct it, or write it as a table") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise SettingsRefused("KIN_CONFIG names a file that is not TOML; correct it") from None


def _say(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing; set it"
    if kind == "extra_forbidden":
        return "is not a setting; remove it"
    return message[:1].lower() + message[1:]
