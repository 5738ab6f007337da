"""`python -m scripts.soak [opening] [mixed] [--on SQLite] [--minutes 30]`.

The exit status is 1 when a promise was broken. Only loopback addresses are asked, for a bounded time.
"""

import argparse
import sys

from scripts.bench.databases import databases
from scripts.soak import mixed, opening

KINDS = ("SQLite", "PostgreSQL")


def main() -> None:
    """Soak, and end with 1 when a promise was broken."""
    arguments = argparse.ArgumentParser(prog="scripts.soak")
    arguments.add_argument(
        "name", nargs="*", choices=["opening", "mixed", []], help="both when none is given"
    )
    arguments.add_argument(
        "--on", choices=KINDS, action="append", help="the database; both when none is given"
    )
    arguments.add_argument("--minutes", type=float, default=30, help="of the mixed load, on each database")
    told = arguments.parse_args()
    broken = []
    with databases() as fresh:
        for kind in told.on or KINDS:
            for name in told.name or ["opening", "mixed"]:
                print(f"{name} on {kind}", flush=True)
                found = (
                    opening.soak(fresh[kind]) if name == "opening" else mixed.soak(fresh[kind], told.minutes)
                )
                broken += [f"{name} on {kind}: {promise}" for promise in found]
    for promise in broken:
        print("BROKEN:", promise)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
