"""Fundamentals out of the filings at the SEC, point in time by filing date."""

from core.adapters.fundamentals.sec.source import SecFundamentals, create

__all__ = ["SecFundamentals", "create"]
