"""`python -m scripts.soak [opening] [mixed] [--on SQLite] [--minutes 30]`.

The exit status is 1 when a promise was broken. Only loopback addresses are asked, for a bounded time.
"""

import sys
from argparse import ArgumentParser

from scripts.bench.promises import Measure, read, run
from scripts.soak import mixed, opening


def main() -> int:
    """Soak; 1 when a promise was broken."""
    arguments = ArgumentParser(prog="scripts.soak")
    arguments.add_argument("--minutes", type=float, default=30, help="of the mixed load, on each database")
    soaks: dict[str, Measure] = {
        "opening": opening.soak,
        "mixed": lambda fresh: mixed.soak(fresh, told.minutes),
    }
    told = read(arguments, soaks)
    return run(soaks, told)


if __name__ == "__main__":
    sys.exit(main())
