"""Yahoo's web services, asked within bounds; both Yahoo adapters let yfinance ask through here.

Not through yfinance 1.7's own client: it remembers failed answers for good, asks four fixed hosts
for cookies, waits 30 s at times, and keeps a database in the home directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import yfinance
from curl_cffi import CurlOpt
from curl_cffi.const import CurlECode
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import InvalidSchema, InvalidURL, RequestException

from core.domain.text import plain_text
from core.errors import (
    AuthenticationError,
    ConfigurationError,
    InsufficientDataError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.settings import Settings

yfinance.config.debug.hide_exceptions = False  # else a failure looks like an empty answer

NAME = "yahoo"
TIMEOUT_S = 10.0  # for the whole answer
MAX_BODY_BYTES = 16 * 2**20  # 40 years of daily bars have 1 MB
COOKIE_URL = "https://fc.yahoo.com"
CRUMB_PATH = "/v1/test/getcrumb"
CRUMB_LENGTH = 64
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


class YahooRest:
    """Asks the server of the settings, whichever host yfinance has in mind; each call once."""

    def __init__(self, settings: Settings, operation: str) -> None:
        self._base_url = settings.yahoo_url.rstrip("/")
        is_yahoo = self._base_url.endswith(".yahoo.com")
        self._cookie_url = COOKIE_URL if is_yahoo else self._base_url
        self._operation, self._crumb = operation, ""
        self.requests_sent = 0
        self.session: Session[Response] = Session(
            impersonate="chrome",  # Yahoo turns other clients away
            allow_redirects=False,
            curl_options={CurlOpt.MAXFILESIZE_LARGE: MAX_BODY_BYTES},
        )

    def get(self, url: str, params: Mapping[str, Any]) -> Response:
        """Return the answer.

        Raises: InsufficientDataError for what Yahoo does not have; UnavailableError,
            AuthenticationError, RejectedError, UnexpectedResponseError, ConfigurationError.
        """
        return self._checked(self._send(self._address(url), params))

    def get_with_crumb(self, url: str, params: Mapping[str, Any]) -> Response:
        """Return the answer of a service that wants a cookie and the crumb which belongs to it.

        Raises: as `get`.
        """
        response = self._send_with_crumb(url, params)
        if response.status_code == 401:
            self._crumb = ""  # it has expired
            response = self._send_with_crumb(url, params)
        return self._checked(response)

    def _send_with_crumb(self, url: str, params: Mapping[str, Any]) -> Response:
        self._crumb = self._crumb or self._fetch_crumb()
        return self._send(self._address(url), {**params, "crumb": self._crumb})

    def _fetch_crumb(self) -> str:
        self._send(self._cookie_url, {})  # answers 404, with the cookie
        crumb = self.get(CRUMB_PATH, {}).text.strip()
        if not 0 < len(crumb) <= CRUMB_LENGTH or "<" in crumb:
            raise UnexpectedResponseError(NAME, self._operation, f"no crumb at {CRUMB_PATH}")
        return crumb

    def _address(self, url: str) -> str:
        return self._base_url + urlsplit(url).path

    def _send(self, url: str, params: Mapping[str, Any]) -> Response:
        self.requests_sent += 1
        try:
            return self.session.get(url, params=dict(params), timeout=TIMEOUT_S)
        except (InvalidURL, InvalidSchema) as error:
            reason = f"CONVERGENCE_YAHOO_URL: {self._base_url!r} is no address"
            raise ConfigurationError(reason) from error
        except RequestException as error:
            if error.code == CurlECode.FILESIZE_EXCEEDED:
                reason = f"the answer is larger than {MAX_BODY_BYTES:,} bytes"
                raise UnexpectedResponseError(NAME, self._operation, reason) from error
            reason = str(error).partition(" See https://curl.se")[0]
            raise UnavailableError(NAME, self._operation, reason) from error

    def _checked(self, response: Response) -> Response:
        status = response.status_code
        if status == 200:
            return response
        found = f"HTTP {status} at {urlsplit(response.url).path}"
        if status == 429 or status >= 500:
            raise UnavailableError(NAME, self._operation, found)
        if status in {401, 403}:
            raise AuthenticationError(NAME, self._operation, found)
        with parsing(self._operation, found):
            found = f"{found}: {_explanation(response)}"
        if status in {404, 422}:
            raise InsufficientDataError(f"{NAME} has no such data: {found}")
        raise RejectedError(NAME, self._operation, found)


@contextmanager
def parsing(operation: str, what: str) -> Iterator[None]:
    """Turn what goes wrong with an answer of another shape into UnexpectedResponseError."""
    try:
        yield
    except MALFORMED as error:
        reason = f"{what}: {type(error).__name__} {plain_text(str(error), 200)}"
        raise UnexpectedResponseError(NAME, operation, reason) from error


def _explanation(response: Response) -> str:
    """Return why Yahoo refuses: each service wraps the same object in its own name."""
    (content,) = response.json().values()
    return plain_text(content["error"]["description"], 200)
