#!/usr/bin/env python3
"""Verify the public ledger in this folder: python verify_ledger.py [HEAD]

Recomputes every link of ledger.jsonl, compares it with ledger.csv and with README.txt, and counts
what became of the plans. HEAD is a hash that was noted earlier: the ledger must hold it. Needs the
standard library of Python 3.9 or newer. Exit code 0: it holds; 1: it does not, with the first bad
line.
"""

import csv
import hashlib
import json
import re
import sys
from datetime import datetime
from pathlib import Path

GENESIS = "0" * 64
UNTRADED = ("invalidated", "never_triggered", "cancelled")
DECIDED_R = 0.05


class BadLedger(Exception):
    """Something does not hold."""


def main(arguments):
    folder = Path(__file__).resolve().parent
    try:
        entries = read_entries(folder / "ledger.jsonl")
        compare_csv(entries, folder / "ledger.csv")
        compare_head(entries, folder / "README.txt")
        for noted in arguments:
            find_head(entries, noted.strip().lower())
        report(entries, tell_story(entries))
    except (BadLedger, OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        print("BAD: %s" % error)
        return 1
    print("OK: every line follows from the one before, and ledger.csv says the same")
    return 0


def read_entries(path):
    """Return the entries with their hashes, each checked against the one before."""
    text = path.read_bytes().decode("ascii")
    lines = text.split("\n")
    if lines.pop() != "":
        raise BadLedger("ledger.jsonl line %d is cut off" % (len(lines) + 1))
    entries, previous = [], GENESIS
    for number, line in enumerate(lines, 1):
        entries.append(read_entry(number, line, previous))
        previous = entries[-1]["sha256"]
    return entries


def read_entry(number, line, previous):
    body, mark, told = line.rpartition(',"sha256":"')
    where = "ledger.jsonl line %d" % number
    if not mark or not re.fullmatch(r'[0-9a-f]{64}"\}', told):
        raise BadLedger("%s does not end in its hash" % where)
    sha256 = hashlib.sha256((body + "}").encode()).hexdigest()
    if sha256 != told[:64]:
        raise BadLedger("%s was changed: its hash does not fit its text" % where)
    try:
        entry = json.loads(body + "}")
    except ValueError:
        raise BadLedger("%s is not JSON" % where) from None
    if entry.get("sequence") != number or entry.get("previous_sha256") != previous:
        raise BadLedger(
            "%s does not follow the line before: entries were removed, added or moved" % where
        )
    entry["sha256"] = sha256
    return entry


def compare_csv(entries, path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    names = list(entries[0]) if entries else rows[:1] and rows[0]
    expected = [names] + [[cell(entry[name]) for name in names] for entry in entries]
    for number, (row, wanted) in enumerate(zip(rows, expected), 1):
        if row != wanted:
            raise BadLedger("ledger.csv row %d differs from ledger.jsonl" % number)
    if len(rows) != len(expected):
        raise BadLedger("ledger.csv has %d rows, %d were expected" % (len(rows), len(expected)))


def cell(value):
    if isinstance(value, str):
        return "'" + value if value.startswith(("=", "+", "-", "@")) else value
    return "" if value is None else json.dumps(value)


def compare_head(entries, path):
    text = path.read_text(encoding="utf-8")
    count = re.search(r"^entries: (\d+)$", text, re.MULTILINE)
    head = re.search(r"^head: ([0-9a-f]{64})$", text, re.MULTILINE)
    if not count or not head:
        raise BadLedger("README.txt does not state entries and head")
    last = entries[-1]["sha256"] if entries else GENESIS
    if int(count.group(1)) != len(entries) or head.group(1) != last:
        raise BadLedger(
            "ledger.jsonl line %d: README.txt states %s entries and the head %s, "
            "the file has %d and ends at %s"
            % (min(int(count.group(1)), len(entries)) + 1, *count.groups(), *head.groups(),
               len(entries), last)
        )


def find_head(entries, noted):
    if noted != GENESIS and noted not in {entry["sha256"] for entry in entries}:
        raise BadLedger("no entry has the hash %s: this is not the ledger that you saw" % noted)


def tell_story(entries):
    """Return each published plan with how it stands; nothing may end that was not published."""
    plans = {}
    for entry in entries:
        key = (entry["tactic_id"], entry["version"], entry["scenario_key"])
        where = "ledger.jsonl line %d" % entry["sequence"]
        if entry["kind"] == "published":
            if key in plans:
                raise BadLedger("%s publishes a plan a second time" % where)
            plans[key] = {"published": entry, "end": None, "last": None, "bars": None}
            continue
        plan = plans.get(key)
        if plan is None:
            raise BadLedger("%s ends a plan that was never published" % where)
        if (entry["kind"] == "corrected") != (plan["end"] == "resolved"):
            raise BadLedger("%s: a plan ends once, and only a result is corrected" % where)
        plan["end"] = "resolved" if entry["kind"] == "corrected" else entry["kind"]
        plan["last"] = entry
        plan["bars"] = plan["bars"] or entry["bars"]
    return list(plans.values())


def report(entries, plans):
    real = [plan for plan in plans if plan["published"]["setup"] is not None]
    ends = [plan["end"] for plan in real]
    resolved = [plan["last"] for plan in real if plan["end"] == "resolved"]
    results = [end["system_r"] for end in resolved if end["outcome"] not in UNTRADED]
    wins = sum(result > DECIDED_R for result in results)
    losses = sum(result < -DECIDED_R for result in results)
    late = [plan for plan in real if plan["last"] and moment(plan["last"]) < moment(plan["published"])]
    print("entries: %d, head %s" % (len(entries), entries[-1]["sha256"] if entries else GENESIS))
    print("published: %d plans, and %d times to wait" % (len(real), len(plans) - len(real)))
    print(
        "became of them: %d resolved, %d superseded, %d cancelled, %d open"
        % (len(resolved), ends.count("superseded"), ends.count("cancelled"), ends.count(None))
    )
    print(
        "entered: %d, won %d, lost %d, breakeven %d, net %+.2f R"
        % (len(results), wins, losses, len(results) - wins - losses, sum(results))
    )
    synthetic = sum(plan["bars"] == "synthetic" for plan in real)
    if synthetic:
        print("note: %d results rest on synthetic bars: an example, not a track record" % synthetic)
    if late:
        print("note: %d plans were published after they had ended" % len(late))


def moment(entry):
    return datetime.fromisoformat(entry["at"].replace("Z", "+00:00"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
