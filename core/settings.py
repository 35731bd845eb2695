"""Process-wide settings, read once from the environment or `.env`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[1]


class Mode(StrEnum):
    """`demo` replays the sample; `paper` and `live` follow the wall clock."""

    DEMO = "demo"
    PAPER = "paper"
    LIVE = "live"


class Settings(BaseSettings):
    """The defaults run everything embedded: no keys, no network."""

    model_config = SettingsConfigDict(
        env_prefix="CONVERGENCE_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    data_dir: Path = ROOT / "data" / "var"
    config_dir: Path = ROOT / "data"
    mode: Mode = Mode.DEMO
    port: int = Field(default=8501, ge=1, le=65535)
    broker: str = "paper"
    market_data: str = "sample"
    news: str = "sample"
    fundamentals: str = "sample"
    analyst: str = "rules"
    publishers: Annotated[tuple[str, ...], NoDecode] = ("preview",)
    alerts: str = "log"
    watchlist: Annotated[tuple[str, ...], NoDecode] = ()
    password_hash: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")
    oidc_metadata_url: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_redirect_uri: str = ""
    oidc_allowed_emails: Annotated[tuple[str, ...], NoDecode] = ()
    demo_seconds_per_session: float = Field(default=120, gt=0)
    engine_database_url: str = Field(default="", validation_alias="ENGINE_DATABASE_URL")

    @field_validator("publishers", "watchlist", "oidc_allowed_emails", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("oidc_allowed_emails")
    @classmethod
    def _lower(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(email.lower() for email in value)

    @property
    def oidc_configured(self) -> bool:
        """True if any part is set: the pages stay shut then, and core.web.oidc asks for more."""
        texts = (self.oidc_metadata_url, self.oidc_client_id, self.oidc_redirect_uri)
        return any(texts) or bool(self.oidc_client_secret) or bool(self.oidc_allowed_emails)

    @property
    def store_path(self) -> Path:
        return self.data_dir / "desk.duckdb"

    @property
    def engine_url(self) -> str:
        """PostgreSQL where it is set, else the SQLite file beside the store."""
        return self.engine_database_url or f"sqlite:///{self.data_dir / 'engine.sqlite'}"


def load() -> Settings:
    """Read the settings.

    Raises: ConfigurationError that names the variable and what it should be.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "CONVERGENCE_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"{name}: {first['msg']}") from None
