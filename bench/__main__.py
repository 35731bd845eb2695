"""Print every number that the project promises: `make bench`."""

from __future__ import annotations

import importlib
import sys

MODULES = (
    "flow",
    "store",
    "data",
    "indicators",
    "decisions",
    "sizing",
    "reconciliation",
    "morning",
    "resolution",
    "paper",
    "claims",
    "desk",
)


def main() -> int:
    """Run the named benches, or all of them, and print one table."""
    wanted = sys.argv[1:] or MODULES
    print(f"{'what':58} {'measured':>14}  {'target'}")
    for name in wanted:
        for what, value, unit, target in importlib.import_module(f"bench.{name}").run():
            print(f"{what:58} {value:>10,.1f} {unit:<3}  {target}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
