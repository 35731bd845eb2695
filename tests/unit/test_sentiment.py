"""The tone of headlines, by a table of them; the wording is ours."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.analysis.sentiment import Lexicon, SentimentReader
from core.settings import ROOT

FILE = ROOT / "data" / "lexicon.yaml"
CLEAR = 0.15

GOOD = """
Tesla beats quarterly profit estimates as margins recover
Nvidia raises full-year guidance on data-center demand
Apple shares climb after analyst upgrade
Meta upgraded to buy at a large broker
Price target raised to $420 for Amazon
Microsoft hikes dividend by 10% and plans buyback
Netflix stock jumps 8% on subscriber surprise
Alphabet announces $70 billion share repurchase
Shares rise despite lawsuit over patents
Boeing wins $4 billion tanker contract
FDA approves Lilly's obesity pill
Judge dismisses lawsuit against Coinbase
Tesla tops delivery estimates in third quarter
Semiconductor stocks rally as export fears ease
Bank posts record profit
Stock hits all-time high after blowout quarter
Retailer swings to profit as traffic recovers
Airline's net loss narrows, revenue up 12%
Nasdaq up 2% in broad advance
Inflation cools more than forecast
Fed cuts rates by a quarter point
Uber turns profitable for the first time
Carmaker reports better-than-expected margins
Broker starts Palantir at overweight
Trading resumes and shares surge 15%
Drugmaker's cancer therapy succeeds in late trial
Short squeeze sends GameStop soaring
Disney stock +4% after streaming growth accelerates
Oil producer boosts output and lifts forecast
Company raises dividend for 40th year
Shares rebound from Monday's losses
Chipmaker guides fourth-quarter revenue above estimates
Supplier secures multi-year battery deal with Tesla
Regulator clears merger without conditions
Jobless claims fall to lowest level in a decade
Goldman lifts Tesla rating to neutral from sell
Ford shares edge higher after union deal
Salesforce climbs on activist stake
Exxon doubles profit as crude prices soar
Analysts see more upside for Nvidia
Starbucks sales growth tops forecasts in China
Broadcom lands multibillion-dollar AI chip order
Moderna vaccine gets European approval
Costco same-store sales beat estimates
Coinbase shares pop as court sides with exchange
Home Depot sticks to outlook, shares gain
General Motors reinstates dividend
Amazon to buy back $10 billion of stock
Court throws out case against Apple
Palantir wins Army contract worth $480 million
Eli Lilly lifts sales outlook as weight-loss demand booms
Airlines gain as fuel costs fall
Tesla stock extends rally after robotaxi permit
Adobe tops Wall Street targets
Citi upgrades Boeing, sees strong cash flow
Judge rules in favor of Microsoft in merger fight
Caterpillar hits record as orders swell
Uber to join S&P 500
Lower-than-expected inflation cheers investors
AMD narrows gap with Nvidia, shares up 7%
""".strip().splitlines()
BAD = """
Tesla misses delivery estimates for second straight quarter
Nvidia cuts revenue forecast
Apple downgraded to sell on weak iPhone demand
Shares plunge 12% after profit warning
Intel suspends dividend to save cash
Trading halted in shares of drugmaker
SEC opens probe into accounting at software firm
Short seller alleges fraud at electric truck maker
Price target cut to $150 for Boeing
Walmart warns of higher prices as tariffs bite
Retailer files for bankruptcy
Meta fined 1.2 billion euros over data transfers
Recall of 2 million vehicles weighs on Tesla
Netflix stock slides as subscriber growth slows
Chipmaker's quarterly loss widens
Company announces secondary offering of 20 million shares
Chief financial officer resigns abruptly
Microsoft hit by worldwide cloud outage
Stock falls to 52-week low
Bank posts record loss on bad loans
Stocks tumble as recession fears mount
Nasdaq down 3% in worst day since March
Regulator rejects drug, shares sink
Apple sued by Justice Department in antitrust case
Airline cuts 5,000 jobs as demand slumps
Inflation accelerates to highest in two years
Shares fall even though earnings beat
Hackers steal customer data from hotel chain
Lender defaults on bond payment
Amazon drops 5% after disappointing guidance
Broker cuts Ford to underperform
Auditor raises going concern doubt at EV startup
Company delays launch of new chip
Shares of biotech crater 60% after trial failure
Tesla is not raising guidance this year
Workers strike at three plants
Reverse stock split planned to avoid delisting
Stock -7% premarket as margins shrink
Analysts lower estimates ahead of results
Despite record sales, shares drop
Nike shares slump to lowest since 2020
Tesla loses market share in Europe
Boeing grounded jets to cost airlines billions
Intel to lay off 15,000 workers
Starbucks pulls guidance amid turnaround
UnitedHealth under criminal investigation, shares dive
Shares slip as Apple warns on China
Pfizer trial halted over safety concerns
Google loses antitrust appeal
Moody's cuts automaker's debt to junk
GameStop sinks after share sale plan
Rivian burns through cash, widens loss forecast
Crypto exchange hacked, $100 million missing
Fed signals higher rates for longer, stocks retreat
China bans iPhones at government agencies
Target trims outlook as shoppers pull back
Boeing burns cash as strike drags on
Snap sheds a quarter of its value
Regulators sue to block grocery merger
Pfizer ends development of weight-loss pill
Tesla deliveries fall short of forecasts
Broker slashes target on Intel
FAA opens safety probe into airline
Lululemon cut at three brokers
Founder steps down amid scandal
""".strip().splitlines()
NEUTRAL = """
Tesla to report third-quarter results on Wednesday
Apple schedules annual shareholder meeting
Best Buy names new finance chief
Super Micro to present at investor conference
Fed leaves interest rates unchanged
Five things to know before the opening bell
Treasury Secretary speaks in Washington
Amazon opens office in Denver
Microsoft publishes annual report
What analysts say about Nvidia
United Airlines vice president moves to Boeing
Google updates its privacy policy
Company sets record date for dividend
Energy trust holds shareholder vote
Natural gas futures little changed
Apple to hold product event on September 9
Tesla changes name of software package
Amazon hires former Google executive
Dow futures flat before inflation data
Analyst day set for November at Oracle
What to watch in markets this week
Stocks little changed before Fed decision
Apple to move event to October
Tesla files annual proxy statement
Wall Street opens after holiday
How index funds are built
""".strip().splitlines()


def lexicon(**changes: Any) -> Lexicon:
    return Lexicon.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")) | changes)


READER = SentimentReader(lexicon())


@pytest.mark.parametrize("headline", GOOD)
def test_good_news_sounds_good(headline: str) -> None:
    assert READER.read(headline) > CLEAR


@pytest.mark.parametrize("headline", BAD)
def test_bad_news_sounds_bad(headline: str) -> None:
    assert READER.read(headline) < -CLEAR


@pytest.mark.parametrize("headline", NEUTRAL)
def test_news_without_a_tone_is_near_zero(headline: str) -> None:
    assert abs(READER.read(headline)) < CLEAR


def test_more_than_the_words_of_the_general_list_are_understood() -> None:
    headlines = ("Nvidia beats", "Shares plunge 12%", "Lender files for bankruptcy")

    assert [READER.read(headline) > 0 for headline in headlines] == [True, False, False]


def test_the_bigger_word_sounds_worse() -> None:
    dips, falls, plunges = (
        READER.read(f"Apple {verb} 4%") for verb in ("dips", "falls", "plunges")
    )

    assert plunges < falls < dips < 0


@pytest.mark.parametrize(("move", "sign"), [("up 5%", 1), ("+5%", 1), ("down $3", -1), ("-5%", -1)])
def test_a_move_in_numbers_has_a_tone(move: str, sign: int) -> None:
    assert READER.read(f"Tesla stock {move}") * sign > CLEAR


def test_a_range_and_a_plain_number_are_no_moves() -> None:
    assert READER.read("Analysts see 5-10% of revenue from services, 3% from other sources") == 0


def test_what_is_denied_before_a_comma_does_not_deny_what_follows() -> None:
    assert READER.read("Despite lawsuit, shares rise") > CLEAR


def test_a_phrase_is_found_with_hyphens_and_in_any_case() -> None:
    spellings = ("short seller report on Acme", "Short-Seller report on Acme")

    assert READER.read(spellings[0]) == READER.read(spellings[1]) < -CLEAR


def test_curly_and_straight_apostrophes_read_the_same() -> None:
    assert READER.read("Tesla isn\u2019t raising guidance") == READER.read(
        "Tesla isn't raising guidance"
    )


def test_emoticons_and_slang_of_two_letters_have_no_tone() -> None:
    assert READER.read("Windows XP :) and 8) :D") == 0


def test_no_company_of_the_entities_file_has_a_tone_by_its_name() -> None:
    entities = yaml.safe_load((ROOT / "data" / "entities.yaml").read_text(encoding="utf-8"))
    names = {name for names in entities["names"].values() for name in names}

    assert {name for name in names if READER.read(name)} == set()


def test_the_method_names_the_version_of_the_lexicon() -> None:
    assert SentimentReader(lexicon(version="7")).method == "vader+finance/7"


def test_a_lexicon_without_phrases_works() -> None:
    reader = SentimentReader(lexicon(terms={"beats": 2.5}))

    assert reader.read("Nvidia beats") > CLEAR


@given(st.text(max_size=300))
def test_any_text_gets_a_number_between_minus_one_and_one(text: str) -> None:
    first = READER.read(text)

    assert -1 <= first <= 1
    assert READER.read(text) == first


@pytest.mark.parametrize(
    "changes",
    [
        {"terms": {"beats": 5}},
        {"terms": {"Beats": 2}},
        {"terms": {"beats": float("nan")}},
        {"move_up": -9},
        {"version": ""},
        {"surprise": 1},
    ],
)
def test_a_wrong_lexicon_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        lexicon(**changes)


def test_the_file_says_nothing_twice() -> None:
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line[:2] == "  "]
    terms = [line.partition(":")[0] for line in lines if not line.lstrip().startswith("#")]

    assert len(terms) == len(set(terms)) == len(lexicon().terms)
