"""What all measures share: which of them run, on which databases, and how the promises that were broken are told."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Mapping

from scripts.bench.databases import KINDS, Fresh, databases

Measure = Callable[[Fresh], list[str]]
"""Prints its figures for one kind of database, and returns the promises that were broken."""


def read(arguments: ArgumentParser, names: Collection[str]) -> Namespace:
    """What was asked for: ``name`` of the measures, and ``on`` which databases."""
    arguments.add_argument("name", nargs="*", help=f"of {', '.join(names)}; all when none is given")
    arguments.add_argument("--on", choices=KINDS, action="append", help="all when none is given")
    told = arguments.parse_args()
    if unknown := set(told.name) - set(names):
        arguments.error(f"there is no {', '.join(sorted(unknown))}")
    return told


def run(measures: Mapping[str, Measure], told: Namespace) -> int:
    """Run them; 1 when a promise was broken, and each of these is printed last."""
    broken = []
    with databases() as fresh:
        for name in told.name or measures:
            for kind in told.on or KINDS:
                print(f"{name} on {kind}", flush=True)
                broken += [f"{name} on {kind}: {promise}" for promise in measures[name](fresh[kind])]
    for promise in broken:
        print("BROKEN:", promise)
    return 1 if broken else 0
