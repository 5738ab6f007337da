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


NO_ANSWER = ("Could not connect", "not redirecting properly", "requests.exceptions.")
"""What pip-audit writes where a registry does not answer as one."""
SKIPPED = "known holes: skipped, for no registry answers here"


def main() -> int:
    """0 when nothing is known, or nobody could be asked, which is said; 1 with each hole and its mend."""
    try:
        run = subprocess.run(
            [sys.executable, *AUDIT, "--format=json", "--timeout=5"],
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        status, words = 0, SKIPPED
    else:
        status, words = judge(run.stdout, run.stderr)
    print(words)
    return status


def judge(found: str, errors: str) -> tuple[int, str]:
    """The exit status and the words for what pip-audit wrote on its two outputs."""
    try:
        packages = json.loads(found)["dependencies"]
    except ValueError:
        if any(words in errors for words in NO_ANSWER):
            return 0, SKIPPED
        return 1, (errors.strip() or "pip-audit says nothing").splitlines()[-1]
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}, "
        + (f"mended in {', '.join(hole['fix_versions'])}" if hole["fix_versions"] else "not mended yet")
        for package in packages
        for hole in package.get("vulns", ())
    ]
    if holes:
        return 1, "\n".join(holes)
    unknown = [package["name"] for package in packages if "vulns" not in package]
    if len(unknown) == len(packages):
        return 0, SKIPPED
    said = f"known holes: none in {len(packages) - len(unknown)} packages"
    return 0, said + (f"; the registry does not know {', '.join(unknown)}" if unknown else "")


if __name__ == "__main__":
    sys.exit(main())
