"""`python -m scripts.bench [NAME …] [--on SQLite]`: run the measures with these names, all of them when none is given.

Each runs on SQLite and on PostgreSQL. What is printed as a ratio says the same on a slow machine and on a fast one;
the exit status is 1 when a promise was broken, whatever the speed.
"""

import sys
from argparse import ArgumentParser

from scripts.bench import contention, lists, pages, phone, rows
from scripts.bench.promises import Measure, read, run

MEASURES: dict[str, Measure] = {
    "contention": contention.measure,
    "rows": rows.measure,
    "lists": lists.measure,
    "pages": pages.measure,
    "phone": phone.measure,
}

if __name__ == "__main__":
    sys.exit(run(MEASURES, read(ArgumentParser(prog="scripts.bench"), MEASURES)))
