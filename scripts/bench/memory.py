"""How much memory the portals that run here take."""

import re
from pathlib import Path


def portals_memory() -> float:
    """MiB of every ``portal serve`` here: the proportional set size, so that what processes share counts once."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if re.search(rb"portal(\.cli)?\0serve\0", (process / "cmdline").read_bytes()):
                rollup = (process / "smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[1])  # type: ignore[index]
        except OSError:
            continue
    return total / 1024
