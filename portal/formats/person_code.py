"""The code of one attendee, such as ``K7M2-QX4P-1``, and the QR code that holds it: scanned or typed at the door.

It is the registration's reference and the person's number in the party, as in the list's ``attendee`` column. It is a
name, no key: who shows it is looked at by somebody with the list.
"""

import re
from io import BytesIO

import segno
from segno import QRCode

QUIET_ZONE = 4
"""Light modules around the code, without which it does not scan (ISO/IEC 18004)."""

_CODE = re.compile(r"\s*([0-9A-Z]{4})[-\s]*([0-9A-Z]{4})[-\s]*([0-9]{1,3})\s*", re.IGNORECASE | re.ASCII)


def written(reference: str, position: int) -> str:
    """The code of who stands at ``position`` (from 0) of a registration."""
    return f"{reference}-{position + 1}"


def read(text: str) -> tuple[str, int] | None:
    """Reference and position (from 0) of a code as it was scanned or typed; None when it is none."""
    found = _CODE.fullmatch(text)
    if found is None or int(found[3]) == 0:
        return None
    return f"{found[1]}-{found[2]}".upper(), int(found[3]) - 1


def svg(code: str, *, title: str) -> str:
    """The QR code as an ``<svg class="person-qr">`` for an HTML page, as wide as its style sheet makes it.

    Black on white in its own quiet zone, so that it scans on a dark page too; no style attribute and nothing from
    elsewhere. ``title`` is escaped.
    """
    return qr_code(code).svg_inline(
        border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True, svgclass="person-qr", title=title
    )


def png(code: str, *, scale: int = 8) -> bytes:
    """The QR code as a PNG file, black on white, ``scale`` pixels for a module."""
    file = BytesIO()
    qr_code(code).save(file, kind="png", scale=scale, border=QUIET_ZONE, dark="#000", light="#fff")
    return file.getvalue()


def qr_code(code: str) -> QRCode:
    """The symbol itself; error level Q or better, for a creased print and a scratched screen."""
    # Never a Micro QR code: phones do not read those. And always the same mask: each can be read, and trying all eight
    # took a tenth of a whole sign-up.
    return segno.make(code, error="q", micro=False, mask=0)
