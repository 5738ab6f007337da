"""How much memory a portal that runs here takes."""

import re
from pathlib import Path
from urllib.parse import urlsplit


def portals_memory(url: str) -> float:
    """MiB of the processes of the ``portal serve`` at this address: the proportional set size, so that what they share
    counts once. Raises RuntimeError where none is to be seen: no memory is no promise kept."""
    total, port = 0, str(urlsplit(url).port).encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if {b"serve", port} <= set((process / "cmdline").read_bytes().split(b"\0")):
                rollup = (process / "smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[1])  # type: ignore[index]
        except OSError:
            continue
    if not total:
        raise RuntimeError(f"no process is to be seen that serves {url}")
    return total / 1024
