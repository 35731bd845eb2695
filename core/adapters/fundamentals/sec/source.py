"""The adapter: finds the company, and asks for it once an hour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Generic, NamedTuple, TypeVar

from core.adapters.fetching import MissingError, Reader, is_web_address
from core.adapters.fundamentals.sec.filings import Facts, parse_facts, parse_sector, parse_tickers
from core.adapters.fundamentals.sec.report import PROVIDER, to_fundamentals
from core.domain.feeds import Fundamentals
from core.errors import AuthenticationError, ConfigurationError, UnexpectedResponseError
from core.settings import Settings

MAX_BYTES = 60_000_000  # the facts of a large company have 5 to 20 MB
DEADLINE_S = 60.0
KEPT_S = 3600.0
COMPANIES_KEPT = 200
DATA_URL, TICKERS_URL = "https://data.sec.gov", "https://www.sec.gov"

ValueT = TypeVar("ValueT")
ParsedT = TypeVar("ParsedT")


class Company(NamedTuple):
    sector: str
    facts: Facts


def create(settings: Settings) -> SecFundamentals:
    """Build it.

    Raises: ConfigurationError if the SEC would not know who asks, or the address is none.
    """
    if not _is_name_and_mail(settings.sec_user_agent):
        raise ConfigurationError(
            "CONVERGENCE_SEC_USER_AGENT: the SEC wants to know who asks: set it to a name and a "
            "mail address, for instance 'Jane Doe jane@example.com'"
        )
    if not is_web_address(settings.sec_url):
        raise ConfigurationError("CONVERGENCE_SEC_URL must begin with http:// or https://")
    return SecFundamentals(settings.sec_url.rstrip("/"), settings.sec_user_agent)


def _is_name_and_mail(text: str) -> bool:
    words = text.split()
    is_header = text.isascii() and text.isprintable()
    return is_header and len(words) > 1 and any("@" in word.strip("@") for word in words)


class SecFundamentals:
    """Serves what companies had filed on a date, in figures of the year up to then."""

    name = PROVIDER

    def __init__(self, url: str, user_agent: str) -> None:
        self._url = url
        self._reader = Reader(PROVIDER, "fundamentals", user_agent, MAX_BYTES, DEADLINE_S)
        self._tickers = Recent[dict[str, int]](1)
        self._companies = Recent[Company | None](COMPANIES_KEPT)
        self._one_at_a_time = threading.Lock()

    @property
    def requests_sent(self) -> int:
        return self._reader.requests_sent

    def fundamentals(self, symbol: str, as_of: date) -> Fundamentals | None:
        """Return what had been filed by the end of `as_of`.

        None for a symbol that the SEC does not list, a company whose filings carry no figures in
        USD, and before the first of them.
        Raises: UnavailableError, AuthenticationError, RejectedError, UnexpectedResponseError.
        """
        with self._one_at_a_time:
            tickers = self._tickers.get("", self._fetch_tickers)
            cik = tickers.get(symbol.replace(".", "-"))
            if cik is None:
                return None
            company = self._companies.get(str(cik), lambda: self._fetch_company(cik))
        if company is None:
            return None
        return to_fundamentals(symbol, company.sector, company.facts, as_of)

    @property
    def tickers_address(self) -> str:
        """Where the tickers are listed: at the SEC on another host than the data."""
        host = TICKERS_URL if self._url == DATA_URL else self._url
        return f"{host}/files/company_tickers.json"

    def _fetch_tickers(self) -> dict[str, int]:
        return self._read(self.tickers_address, parse_tickers)

    def _fetch_company(self, cik: int) -> Company | None:
        """Return the company, None where its filings hold no data, as those of a fund."""
        name = f"CIK{cik:010d}.json"
        try:
            facts = self._read(
                f"{self._url}/api/xbrl/companyfacts/{name}", lambda body: parse_facts(body, cik)
            )
        except MissingError:
            return None
        sector = self._read(f"{self._url}/submissions/{name}", lambda body: parse_sector(body, cik))
        return Company(sector, facts)

    def _read(self, address: str, parse: Callable[[bytes], ParsedT]) -> ParsedT:
        try:
            return parse(self._reader.read(address).body)
        except AuthenticationError as error:
            reason = (
                f"{error.reason}: it refuses CONVERGENCE_SEC_USER_AGENT, or more than 10 requests "
                "a second"
            )
            raise AuthenticationError(PROVIDER, "fundamentals", reason) from error
        except ValueError as error:
            reason = f"{address} answers something unexpected: {error}"
            raise UnexpectedResponseError(PROVIDER, "fundamentals", reason) from error


class Recent(Generic[ValueT]):
    """Keeps what was fetched within the hour, and of it what was asked for last."""

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._clock = size, clock
        self._kept: dict[str, tuple[float, ValueT]] = {}

    def get(self, key: str, fetch: Callable[[], ValueT]) -> ValueT:
        """Return what is kept, else fetch it."""
        found = self._kept.pop(key, None)
        if found is None or self._clock() - found[0] >= KEPT_S:
            found = (self._clock(), fetch())
        self._kept[key] = found
        while len(self._kept) > self._size:
            del self._kept[next(iter(self._kept))]
        return found[1]
