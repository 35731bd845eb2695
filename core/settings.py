"""Process-wide settings, read once from the environment or `.env`."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.domain.base import SYMBOL_PATTERN
from core.errors import ConfigurationError

Names = Annotated[tuple[str, ...], NoDecode]
ROOT = Path(__file__).resolve().parents[1]


class Mode(StrEnum):
    """`demo` replays the sample; `paper` and `live` follow the wall clock."""

    DEMO = "demo"
    PAPER = "paper"
    LIVE = "live"


class Vendors(BaseSettings):
    """Keys and addresses of outside systems; each address can be a local server instead."""

    alpaca_key_id: SecretStr = Field(default=SecretStr(""), validation_alias="APCA_API_KEY_ID")
    alpaca_secret_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="APCA_API_SECRET_KEY"
    )
    alpaca_trading_url: str = Field(
        default="https://paper-api.alpaca.markets", validation_alias="APCA_API_BASE_URL"
    )
    alpaca_data_url: str = Field(
        default="https://data.alpaca.markets", validation_alias="APCA_API_DATA_URL"
    )
    alpaca_stream_url: str = Field(
        default="wss://stream.data.alpaca.markets", validation_alias="APCA_API_STREAM_URL"
    )
    alpaca_feed: Literal["iex", "sip", "delayed_sip"] = "iex"
    ibkr_host: str = Field(default="127.0.0.1", validation_alias="IBKR_HOST")
    ibkr_port: int = Field(default=4002, ge=1, le=65535, validation_alias="IBKR_PORT")
    ibkr_client_id: int = Field(default=17, ge=1, validation_alias="IBKR_CLIENT_ID")
    ibkr_account: str = Field(default="", validation_alias="IBKR_ACCOUNT")
    ibkr_restart_window: str = Field(default="23:45-00:45", validation_alias="IBKR_RESTART_WINDOW")
    yahoo_url: str = "https://query2.finance.yahoo.com"
    sec_url: str = "https://data.sec.gov"
    sec_user_agent: str = ""
    openai_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="OPENAI_API_KEY")
    openai_url: str = Field(default="https://api.openai.com/v1", validation_alias="OPENAI_BASE_URL")
    openai_model: str = Field(default="", validation_alias="OPENAI_MODEL")
    rss_urls: Names = (
        "https://feeds.finance.yahoo.com/rss/2.0/headline?s={symbol}&region=US&lang=en-US",
        "https://www.nasdaq.com/feed/rssoutbound?symbol={symbol}",
        "https://feeds.content.dowjones.io/public/rss/mw_topstories",
    )


class Settings(Vendors):
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
    market_data: Names = ("sample",)
    news: Names = ("sample",)
    fundamentals: Names = ("sample",)
    stream: str = ""
    analyst: str = "rules"
    publishers: Names = ("preview",)
    alerts: str = "log"
    watchlist: Names = ()
    password_hash: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")
    oidc_metadata_url: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_redirect_uri: str = ""
    oidc_allowed_emails: Names = ()
    demo_sessions: int = Field(default=60, ge=1, le=2000)
    demo_seconds_per_session: float = Field(default=120, gt=0)
    engine_database_url: str = Field(default="", validation_alias="ENGINE_DATABASE_URL")

    @field_validator(
        "market_data", "news", "fundamentals", "publishers", "watchlist", "oidc_allowed_emails",
        "rss_urls", mode="before",
    )  # fmt: skip
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("watchlist")
    @classmethod
    def _symbols(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        symbols = tuple(dict.fromkeys(text.upper() for text in value))
        wrong = [text for text in symbols if not re.fullmatch(SYMBOL_PATTERN, text)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no symbol; write them like AAPL or BRK.B")
        return symbols

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
