"""What filings say at which moment, and what the SEC's server may answer instead."""

from __future__ import annotations

import gzip
import json
from datetime import date
from functools import partial
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from core.adapters.fundamentals.sec import SecFundamentals, create
from core.adapters.fundamentals.sec.filings import parse_facts, parse_sector, parse_tickers
from core.adapters.fundamentals.sec.report import to_fundamentals
from core.adapters.fundamentals.sec.source import Recent
from core.domain.feeds import Fundamentals, Label
from core.errors import (
    AdapterError,
    AuthenticationError,
    ConfigurationError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.settings import Settings
from tests.contract.stubs import fundamentals_sec as stub

REVENUE, INCOME, EARNED = "Revenues", "NetIncomeLoss", "EarningsPerShareDiluted"
SHARES = "WeightedAverageNumberOfDilutedSharesOutstanding"
CONTRACTS = "RevenueFromContractWithCustomerExcludingAssessedTax"
UNIT = {EARNED: "USD/shares", SHARES: "shares"}
DAY = date(2023, 9, 15)

# Each as start, end, filed: calendar years, the second quarter's half years, the year before.
YEAR_21 = ("2021-01-01", "2021-12-31", "2022-02-10")
YEAR_22 = ("2022-01-01", "2022-12-31", "2023-02-10")
HALF_21 = ("2021-01-01", "2021-06-30", "2021-07-30")
HALF_22 = ("2022-01-01", "2022-06-30", "2022-07-30")
HALF_23 = ("2023-01-01", "2023-06-30", "2023-07-30")

Row = tuple[tuple[str, str, str], float]


def answer(concepts: dict[str, list[Row]], unit: str = "USD") -> dict[str, Any]:
    rows = {name: [stub.row(*p, value) for p, value in of] for name, of in concepts.items()}
    content = {name: {"units": {UNIT.get(name, unit): of}} for name, of in rows.items()}
    return {"cik": 1, "facts": {"us-gaap": content}}


def reported(concepts: dict[str, list[Row]], as_of: date = DAY) -> Fundamentals | None:
    facts = parse_facts(json.dumps(answer(concepts)).encode(), 1)
    return to_fundamentals("AAPL", "Computers", facts, as_of)


def known(concepts: dict[str, list[Row]], as_of: date = DAY) -> Fundamentals:
    found = reported(concepts, as_of)
    assert found is not None
    return found


def adapter(httpserver: HTTPServer, facts: dict[str, Any] | None = None) -> SecFundamentals:
    stub.serve(httpserver, facts or stub.company_facts())
    return unserved(httpserver)


def unserved(httpserver: HTTPServer) -> SecFundamentals:
    url = httpserver.url_for("")
    return create(Settings(_env_file=None, sec_url=url, sec_user_agent="Jane Doe jane@example.com"))


def asked(httpserver: HTTPServer) -> list[str]:
    return [request.path.rpartition("/")[2] for request, _ in httpserver.log]


def test_the_year_to_date_is_added_and_the_one_before_taken_away() -> None:
    found = known({REVENUE: [(YEAR_22, 100), (HALF_22, 45), (HALF_23, 60)]})

    assert found.revenue_usd == 100 + 60 - 45


def test_without_the_year_to_date_before_the_fiscal_year_counts() -> None:
    found = known({REVENUE: [(YEAR_22, 100), (HALF_23, 60)]})

    assert (found.revenue_usd, found.as_of_date) == (100, date(2023, 2, 10))


def test_a_single_quarter_of_the_year_is_no_year_to_date() -> None:
    quarter = ("2023-04-01", "2023-06-30", "2023-07-30")

    assert known({REVENUE: [(YEAR_22, 100), (quarter, 30), (HALF_22, 45)]}).revenue_usd == 100


def test_growth_is_against_the_year_before() -> None:
    rows = [(YEAR_21, 80.0), (HALF_21, 30.0), (YEAR_22, 100.0), (HALF_22, 45.0), (HALF_23, 60.0)]
    found = known({REVENUE: rows})

    assert found.revenue_growth_fraction == pytest.approx(115 / (80 + 45 - 30) - 1)


def test_margins_are_of_the_same_year_as_the_revenue() -> None:
    halves = [(YEAR_22, 100.0), (HALF_22, 45.0), (HALF_23, 60.0)]
    found = known({REVENUE: halves, "GrossProfit": [(YEAR_22, 90)], INCOME: [(YEAR_22, 50)]})

    assert found.revenue_usd == 115
    assert (found.gross_margin_fraction, found.net_income_usd, found.net_margin_fraction) == (
        None, None, None,
    )  # fmt: skip


def test_gross_profit_is_computed_where_only_the_cost_is_reported() -> None:
    assert known(
        {REVENUE: [(YEAR_22, 100)], "CostOfRevenue": [(YEAR_22, 40)]}
    ).gross_margin_fraction == pytest.approx(0.6)


def test_a_loss_has_a_negative_margin() -> None:
    found = known({REVENUE: [(YEAR_22, 100)], INCOME: [(YEAR_22, -150)]})

    assert found.net_margin_fraction == -1.5


@pytest.mark.parametrize("revenue", [0.0, -5.0, 1e-300])
def test_without_a_positive_revenue_there_are_no_fractions_of_it(revenue: float) -> None:
    found = known(
        {REVENUE: [(YEAR_22, revenue), (YEAR_21, revenue)], INCOME: [(YEAR_22, -1)]},
    )

    assert (found.net_margin_fraction, found.revenue_growth_fraction) == (None, None)


def test_what_is_not_reported_is_unknown_and_not_zero() -> None:
    found = known({INCOME: [(YEAR_22, -30)]})

    assert found.net_income_usd == -30
    assert not found.model_dump(exclude_none=True).keys() & {
        "market_cap_usd", "price_earnings_ratio", "earnings_per_share_usd", "revenue_usd",
        "revenue_growth_fraction", "gross_margin_fraction", "net_margin_fraction",
        "next_earnings_date",
    }  # fmt: skip


def test_a_company_that_reports_in_another_currency_has_nothing() -> None:
    body = json.dumps(answer({REVENUE: [(YEAR_22, 100)]}, unit="EUR")).encode()

    assert to_fundamentals("SAP", "", parse_facts(body, 1), DAY) is None


def test_a_figure_filed_on_the_next_day_is_invisible() -> None:
    rows: dict[str, list[Row]] = {REVENUE: [(YEAR_21, 80), (YEAR_22, 100)]}

    assert known(rows, date(2023, 2, 9)).revenue_usd == 80
    assert known(rows, date(2023, 2, 10)).revenue_usd == 100


def test_before_the_first_filing_nothing_is_known() -> None:
    assert reported({REVENUE: [(YEAR_21, 80)]}, date(2022, 2, 9)) is None


def test_a_restatement_shows_only_from_its_filing_on() -> None:
    restated = (*YEAR_22[:2], "2023-05-05")
    rows: dict[str, list[Row]] = {REVENUE: [(YEAR_22, 100), (restated, 97)]}

    before, after = known(rows, date(2023, 5, 4)), known(rows, date(2023, 5, 5))
    assert (before.revenue_usd, before.as_of_date) == (100, date(2023, 2, 10))
    assert (after.revenue_usd, after.as_of_date) == (97, date(2023, 5, 5))


def test_a_filing_that_only_repeats_a_figure_makes_it_no_newer() -> None:
    repeated = (*YEAR_22[:2], "2023-05-05")

    assert known({REVENUE: [(YEAR_22, 100), (repeated, 100)]}).as_of_date == date(2023, 2, 10)


def test_a_restatement_that_is_taken_back_counts_as_it_was_filed_last() -> None:
    rows = [((*YEAR_22[:2], f"2023-0{month}-01"), value) for month, value in ((3, 1.0), (4, 2.0))]
    back = ((*YEAR_22[:2], "2023-05-01"), 1.0)

    assert known({REVENUE: [*rows, back]}).revenue_usd == 1


def test_the_day_of_the_newest_fact_that_was_used_is_given() -> None:
    found = known({REVENUE: [(YEAR_22, 100), (HALF_22, 45), (HALF_23, 60)], INCOME: [(YEAR_22, 9)]})

    assert found.as_of_date == date(2023, 7, 30)


def test_fiscal_years_of_52_and_53_weeks_are_years() -> None:
    year = ("2022-01-30", "2023-01-28", "2023-03-01")
    long_year = ("2023-01-29", "2024-02-03", "2024-03-01")
    quarters = (
        ("2023-01-29", "2023-04-29", "2023-05-25"),
        ("2024-02-04", "2024-05-04", "2024-05-25"),
    )
    rows = [(year, 100.0), (long_year, 120.0), (quarters[0], 25.0), (quarters[1], 35.0)]

    assert known({REVENUE: rows}, date(2024, 4, 1)).revenue_growth_fraction == pytest.approx(0.2)
    assert known({REVENUE: rows}, date(2024, 6, 1)).revenue_usd == 120 + 35 - 25


def test_the_total_goes_before_a_part_of_the_revenue() -> None:
    assert known({CONTRACTS: [(YEAR_22, 90)], REVENUE: [(YEAR_22, 100)]}).revenue_usd == 100


def test_a_concept_that_is_not_used_any_more_is_left_behind() -> None:
    found = known({REVENUE: [(YEAR_21, 80)], CONTRACTS: [(YEAR_22, 100)]})

    assert found.revenue_usd == 100
    assert found.revenue_growth_fraction == pytest.approx(0.25)


def test_a_company_may_change_the_concept_within_a_year() -> None:
    found = known({CONTRACTS: [(YEAR_22, 100)], REVENUE: [(HALF_22, 45), (HALF_23, 60)]})

    assert found.revenue_usd == 115


def test_earnings_per_share_are_added_where_the_shares_are_the_same() -> None:
    rows = [(YEAR_22, 6.10), (HALF_22, 2.80), (HALF_23, 3.05)]
    shares = [(YEAR_22, 100.0), (HALF_22, 101.0), (HALF_23, 98.0)]
    found = known(
        {REVENUE: [(HALF_23, 1), (YEAR_22, 1), (HALF_22, 1)], EARNED: rows, SHARES: shares}
    )

    assert found.earnings_per_share_usd == 6.35


@pytest.mark.parametrize("tells", [True, False], ids=["shares reported", "shares computed"])
def test_earnings_per_share_are_right_after_a_split(tells: bool) -> None:
    rows: dict[str, list[Row]] = {
        INCOME: [(YEAR_22, 1000), (HALF_22, 400), (HALF_23, 600)],
        EARNED: [(YEAR_22, 10.0), (HALF_22, 0.40), (HALF_23, 0.60)],
    }
    shares: list[Row] = [(YEAR_22, 100), (HALF_22, 1000), (HALF_23, 1000)]

    assert known(rows | ({SHARES: shares} if tells else {})).earnings_per_share_usd == 1.2


def test_earnings_per_share_that_cannot_be_compared_are_unknown() -> None:
    cents: list[Row] = [(YEAR_22, 0.01), (HALF_22, 0.01), (HALF_23, 0.01)]

    assert known({INCOME: cents, EARNED: cents}).earnings_per_share_usd is None


def test_figures_are_real_and_say_who_gave_them(httpserver: HTTPServer) -> None:
    found = adapter(httpserver).fundamentals("AAPL", DAY)

    assert found is not None
    assert (found.provider, found.label, found.sector) == (
        "sec", Label.REAL, "Electronic Computers",
    )  # fmt: skip


def test_a_company_is_fetched_once_an_hour(httpserver: HTTPServer) -> None:
    sec = adapter(httpserver)
    for day in (DAY, date(2022, 9, 15), date(1970, 1, 1)):
        sec.fundamentals("AAPL", day)
    sec.fundamentals("SPY", DAY)

    assert asked(httpserver) == [
        "company_tickers.json", "CIK0000320193.json", "CIK0000320193.json", "CIK0000884394.json",
    ]  # fmt: skip


def test_what_is_kept_is_fetched_anew_after_an_hour_and_bounded() -> None:
    moment: list[float] = [0.0]
    fetched: list[str] = []
    kept = Recent[None](2, lambda: moment[0])
    for key in "ababcab":
        kept.get(key, partial(fetched.append, key))
    moment[0] = 3600.0
    kept.get("b", partial(fetched.append, "b"))

    assert fetched == ["a", "b", "c", "a", "b", "b"]


def test_symbols_are_written_with_a_dash_at_the_sec(httpserver: HTTPServer) -> None:
    adapter(httpserver).fundamentals("BRK.B", DAY)

    assert asked(httpserver)[-1] == "CIK0001067983.json"


def test_a_fund_whose_filings_hold_no_data_has_no_fundamentals(httpserver: HTTPServer) -> None:
    assert adapter(httpserver).fundamentals("SPY", DAY) is None


def test_a_company_without_a_sector_has_an_empty_one() -> None:
    assert parse_sector(b'{"cik": "0000000001", "sicDescription": null}', 1) == ""


def test_the_tickers_of_the_real_sec_are_on_another_host() -> None:
    sec = create(Settings(_env_file=None, sec_user_agent="Jane Doe jane@example.com"))

    assert sec.tickers_address == "https://www.sec.gov/files/company_tickers.json"


@pytest.mark.parametrize(
    "agent", ["", "Jane Doe", "jane@example.com", "Jörg j@a.de", "J a@b.c\nX: y"]
)
def test_who_asks_must_have_a_name_and_a_mail_address(agent: str) -> None:
    with pytest.raises(ConfigurationError, match="CONVERGENCE_SEC_USER_AGENT"):
        create(Settings(_env_file=None, sec_user_agent=agent))


@pytest.mark.parametrize("url", ["data.sec.gov", "file:///etc/passwd", "https://[", ""])
def test_the_address_must_be_one_of_the_web(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CONVERGENCE_SEC_URL"):
        create(Settings(_env_file=None, sec_url=url, sec_user_agent="J j@a.example"))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, AuthenticationError),
        (404, RejectedError),
        (429, UnavailableError),
        (503, UnavailableError),
    ],
)
def test_a_status_becomes_its_error(
    httpserver: HTTPServer, status: int, error: type[AdapterError]
) -> None:
    httpserver.expect_request("/files/company_tickers.json").respond_with_data("", status)
    with pytest.raises(error, match=str(status)):
        unserved(httpserver).fundamentals("AAPL", DAY)


def test_a_refusal_says_what_to_do(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/files/company_tickers.json").respond_with_data("", 403)
    with pytest.raises(AuthenticationError, match="CONVERGENCE_SEC_USER_AGENT"):
        unserved(httpserver).fundamentals("AAPL", DAY)


def test_an_error_is_not_kept_for_an_hour(httpserver: HTTPServer) -> None:
    path = "/files/company_tickers.json"
    httpserver.expect_oneshot_request(path).respond_with_data("", 503)
    sec = adapter(httpserver)
    with pytest.raises(UnavailableError):
        sec.fundamentals("AAPL", DAY)

    assert sec.fundamentals("AAPL", DAY) is not None


def test_a_body_that_unpacks_to_more_than_60_megabytes_is_refused(httpserver: HTTPServer) -> None:
    packed = Response(gzip.compress(b" " * 61_000_000), headers={"Content-Encoding": "gzip"})
    httpserver.expect_request("/files/company_tickers.json").respond_with_response(packed)
    with pytest.raises(UnexpectedResponseError, match="sends more than 60 MB"):
        unserved(httpserver).fundamentals("AAPL", DAY)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<html>Maintenance</html>", "not JSON but starts with 'Maintenance'"),
        ("[" * 100_000, "not JSON"),
        ("[]", "the answer is list instead of an object"),
        ('{"cik": 2, "facts": {}}', "not about the company 1"),
        ('{"cik": 1}', "facts is NoneType"),
        ('{"cik": 1, "facts": {"us-gaap": {"Revenues": 3}}}', "Revenues is int"),
        ('{"cik": 1, "facts": {"us-gaap": {"Revenues": {"units": {"USD": [{}]}}}}}', "malformed"),
        (
            json.dumps(answer({REVENUE: [(("2022-01-01", "2022-13-31", "2023-02-10"), 1)]})),
            "Revenues is malformed: 0.end",
        ),
        *(
            (json.dumps(answer({REVENUE: [(YEAR_22, value)]})), "Revenues is malformed: 0.val")
            for value in (float("nan"), float("inf"), 1e300)
        ),
    ],
)
def test_an_answer_of_another_shape_says_what_is_wrong(body: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_facts(body.encode(), 1)


@pytest.mark.parametrize("body", ["{}", '{"0": {"ticker": "AAPL"}}', '{"0": {"cik_str": -1}}', "x"])
def test_a_list_of_tickers_of_another_shape_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=r"tickers is|JSON"):
        parse_tickers(body.encode())


def test_a_malformed_answer_is_an_unexpected_one(httpserver: HTTPServer) -> None:
    with pytest.raises(UnexpectedResponseError, match="not about the company 320193"):
        adapter(httpserver, {"cik": 7, "facts": {}}).fundamentals("AAPL", DAY)
