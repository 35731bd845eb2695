"""Made-up fundamentals of the bundled sample, point in time: data/sample/fundamentals.yaml."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from core.domain.base import Frozen, Symbol
from core.domain.feeds import Fundamentals, Label
from core.errors import ConfigurationError, FileError
from core.settings import ROOT, Settings

FILE = ROOT / "data" / "sample" / "fundamentals.yaml"


class Company(Frozen):
    sector: str
    reports: tuple[dict[str, Any], ...]


class SampleFile(Frozen):
    synthetic: Literal[True]
    provider_note: str
    companies: dict[Symbol, Company]


def create(settings: Settings) -> SampleFundamentals:
    """Build it; the sample belongs to the program, so no setting moves it."""
    del settings
    return SampleFundamentals(FILE)


class SampleFundamentals:
    """Serves what the file says was known on a date; all of it is labelled SYNTHETIC."""

    name = "sample"

    def __init__(self, path: Path) -> None:
        self._path = path

    def fundamentals(self, symbol: str, as_of: date) -> Fundamentals | None:
        """Return the newest report known on `as_of`, None before the first and for other symbols.

        Raises: ConfigurationError if the file cannot be used.
        """
        known = [one for one in self._reports.get(symbol, []) if one.as_of_date <= as_of]
        return max(known, key=lambda one: one.as_of_date, default=None)

    @cached_property
    def _reports(self) -> dict[str, list[Fundamentals]]:
        companies = self._read().companies
        return {symbol: self._parse(symbol, company) for symbol, company in companies.items()}

    def _read(self) -> SampleFile:
        try:
            return SampleFile.model_validate(
                yaml.load(self._path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
            )
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            raise FileError(self._path, mark.line + 1 if mark else 1, "", str(error)) from error
        except ValidationError as error:
            raise self._refusal(error) from error

    def _parse(self, symbol: str, company: Company) -> list[Fundamentals]:
        facts = {"symbol": symbol, "sector": company.sector, "provider": self.name}
        reports = []
        for place, report in enumerate(company.reports):
            try:
                fields = {**report, **facts, "label": Label.SYNTHETIC}
                reports.append(Fundamentals.model_validate(fields))
            except ValidationError as error:
                raise self._refusal(error, "companies", symbol, "reports", place) from error
        return reports

    def _refusal(self, error: ValidationError, *place: str | int) -> ConfigurationError:
        first = error.errors(include_input=False)[0]
        field = ".".join(map(str, [*place, *first["loc"]]))
        return ConfigurationError(f"{self._path}: {field}: {first['msg']}")
