"""LibreOffice, where it is installed: what becomes of our files in a spreadsheet program."""

import shutil
import subprocess
from pathlib import Path

import pytest

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
needs_office = pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")


def converted(file: Path, kind: str, *options: str) -> Path:
    """``file`` as LibreOffice opens and saves it again, in a folder beside it, as a file of another ``kind``."""
    folder = file.parent / "converted"
    command = [
        str(OFFICE), f"-env:UserInstallation=file://{file.parent}/profile", "--headless", *options,
        "--convert-to", kind, "--outdir", str(folder), str(file),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    made = folder / f"{file.stem}.{kind}"
    assert made.exists(), done.stderr
    return made
