"""Makes the virtual environment: `python3 scripts/venv.py .venv`.

Runs on whatever Python a machine has, to be able to say what is wrong with it: nothing newer than
Python 3.6 in here.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)


def main(folder: str) -> None:
    running = "{}.{}".format(*sys.version_info)
    if sys.version_info < OLDEST:
        sys.exit(
            f"The portal needs Python 3.{OLDEST[1]} or newer, and {sys.executable} is {running}.\n"
            "Name a newer one, for example: make PYTHON=python3.13 run"
        )
    if not has_pip():
        # Debian and its kin keep this part of Python in a package of its own.
        package = f"python{running}-venv"
        if shutil.which("apt-get") and os.geteuid() == 0:
            print(f"Python has no ensurepip here; installing {package} ...", flush=True)
            subprocess.run(["apt-get", "update", "-q"])
            subprocess.run(["apt-get", "install", "-q", "-y", package])
        if not has_pip():
            sys.exit(
                f"Python's ensurepip is missing, without which no .venv can be made.\n"
                f"On Debian and Ubuntu: apt-get install {package} (as root); then run make again."
            )
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)


def has_pip() -> bool:
    """Whether an environment made by this Python would have pip in it."""
    attempt = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL)
    return attempt.returncode == 0


if __name__ == "__main__":
    main(sys.argv[1])
