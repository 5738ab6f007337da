"""`python -m scripts.bench [NAME …]`: run the measures with these names, all of them when none is given.

Each runs on SQLite and on PostgreSQL. What is printed as a ratio says the same on a slow machine and on a fast one;
the exit status is 1 when a promise was broken, whatever the speed.
"""

import argparse
import sys
from collections.abc import Callable

from scripts.bench import contention, lists, pages, phone, rows
from scripts.bench.databases import Fresh, databases

MEASURES: dict[str, Callable[[Fresh], list[str]]] = {
    "contention": contention.measure,
    "rows": rows.measure,
    "lists": lists.measure,
    "pages": pages.measure,
    "phone": phone.measure,
}
"""Each prints its figures for one kind of database, and returns the promises that were broken."""


def main() -> None:
    """Measure, and end with 1 when a promise was broken."""
    arguments = argparse.ArgumentParser(prog="scripts.bench", description=__doc__.split(":")[0])
    arguments.add_argument("name", nargs="*", help=f"of {', '.join(MEASURES)}")
    names = arguments.parse_args().name or list(MEASURES)
    if unknown := set(names) - MEASURES.keys():
        arguments.error(f"there is no {', '.join(sorted(unknown))}")
    broken = []
    with databases() as fresh:
        for name in names:
            for kind, database in fresh.items():
                print(f"{name} on {kind}", flush=True)
                broken += [f"{name} on {kind}: {promise}" for promise in MEASURES[name](database)]
    for promise in broken:
        print("BROKEN:", promise)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
