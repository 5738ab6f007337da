"""Are there known holes in what the portal stands on? Asks a registry where one answers; ``make check`` runs it."""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.txt"
PATIENCE = 90
"""Seconds; a registry that is slower counts as none."""
AUDIT = (
    "-m",
    "pip_audit",
    "--requirement",
    str(LOCK),
    "--disable-pip",
    "--no-deps",
    "--progress-spinner=off",
)


def main() -> int:
    """0 when nothing is known, or nobody could be asked, which is said; 1 with each hole and its mend."""
    try:
        run = subprocess.run(
            [sys.executable, *AUDIT, "--format=json", "--timeout=5"],
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        found = json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        print("known holes: skipped, for no registry answers here")
        return 0
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}, "
        + (f"mended in {', '.join(hole['fix_versions'])}" if hole["fix_versions"] else "not mended yet")
        for package in found
        for hole in package.get("vulns", ())
    ]
    print("\n".join(holes) or f"known holes: none in {len(found)} packages")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
