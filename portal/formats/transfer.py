"""What a Belgian bank transfer is made with: structured communication, account numbers, QR code.

python-stdnum checks and spells the numbers, segno draws the code. Amounts are whole cents (``int``).
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO

from segno import QRCode
from segno.helpers import make_epc_qr
from stdnum import bic as bic_number
from stdnum import iban as iban_number
from stdnum.be import ogm_vcs

HIGHEST_NUMBER = 10**10 - 1
LONGEST_NAME = 70
QUIET_ZONE = 4
"""Light modules around the code, without which it does not scan (ISO/IEC 18004)."""

# 3, 4 and 5 digits with little between them; looked for at each digit, since one find may hide the next.
_TWELVE_DIGITS = re.compile(r"(?<![0-9])(?=([0-9]{3}[\s/.-]{0,3}[0-9]{4}[\s/.-]{0,3}[0-9]{5})(?![0-9]))")
_PLAIN_AMOUNT = re.compile(r"-?[0-9]+\.[0-9]{2}")
_BETWEEN_DIGITS = re.compile(r"[\s+*/.-]")


def communication_for(number: int) -> str:
    """The 12 digits of the structured communication (OGM-VCS, Febelfin) of a registration or payment.

    ``number`` is from 1 to ``HIGHEST_NUMBER``, else ValueError. The last two digits are the first ten modulo
    97, and 97 where that is 0.
    """
    if not 0 < number <= HIGHEST_NUMBER:
        raise ValueError(f"a communication is made from a number between 1 and {HIGHEST_NUMBER}")
    digits = f"{number:010}"
    return digits + ogm_vcs.calc_check_digits(digits)


def written_communication(communication: str) -> str:
    """The 12 digits as people know them: ``+++123/4567/89002+++``."""
    return f"+++{ogm_vcs.format(communication)}+++"


def read_communication(written: str) -> str | None:
    """The 12 digits of what a person or a bank wrote, with ``+++``, ``***``, slashes, dots, dashes, spaces or
    none; None when anything else stands there or the check fails."""
    digits = _BETWEEN_DIGITS.sub("", written)
    return digits if re.fullmatch(r"[0-9]{12}", digits) and ogm_vcs.is_valid(digits) else None


def find_communications(text: str) -> frozenset[str]:
    """Every communication that stands in a free text, marked or not, as 12 digits."""
    found = (read_communication(written) for written in _TWELVE_DIGITS.findall(text))
    return frozenset(communication for communication in found if communication)


def read_iban(written: str) -> str | None:
    """The account number (ISO 13616) without spaces, in capitals; None when length, country or check is wrong."""
    number = iban_number.compact(written)
    # Without check_country, which knows the Belgian banks by a list and would refuse a bank that is new.
    return number if number.isascii() and iban_number.is_valid(number, check_country=False) else None


def shown_iban(iban: str) -> str:
    """The account number in fours, as on a bank card: ``BE68 5390 0754 7034``."""
    return iban_number.format(iban)


def read_bic(written: str) -> str | None:
    """The bank's code (ISO 9362), 8 or 11 characters in capitals; None when it is none."""
    code = bic_number.compact(written)
    return code if code.isascii() and bic_number.is_valid(code) else None


def plain_amount(cents: int) -> str:
    """1234 as ``12.34``: two decimals, a point, no thousands mark."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def cents_of(plain: str) -> int:
    """The other way round. Raises ValueError for what ``plain_amount`` did not write."""
    if not _PLAIN_AMOUNT.fullmatch(plain):
        raise ValueError(f"{plain!r} is no amount with two decimals")
    return int(plain.replace(".", ""))


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What somebody is asked to pay: to whom, on which account, how much (euro cents), with which 12 digits.

    The bank's code may be left out: within the European Economic Area the account number is enough.
    """

    name: str
    iban: str
    amount_cents: int
    communication: str
    bic: str = ""


def svg(transfer: Transfer, *, title: str) -> str:
    """The QR code as an ``<svg class="transfer-qr">`` for an HTML page, as wide as its style sheet makes it.

    Black on white in its own quiet zone, so that it scans on a dark page too; no style attribute, script or
    reference to anything, so that it suits the strictest content security policy. ``title`` is escaped.
    ValueError as for ``qr_code``.
    """
    return qr_code(transfer).svg_inline(
        border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True, svgclass="transfer-qr", title=title
    )


def png(transfer: Transfer, *, scale: int = 8) -> bytes:
    """The QR code as a PNG file, black on white, ``scale`` pixels for a module. ValueError as for ``qr_code``."""
    file = BytesIO()
    qr_code(transfer).save(file, kind="png", scale=scale, border=QUIET_ZONE, dark="#000", light="#fff")
    return file.getvalue()


def qr_code(transfer: Transfer) -> QRCode:
    """The code that banking apps scan: EPC069-12 version 002, UTF-8, error level M, at most QR version 13.

    Raises ValueError for an account number, bank code or communication that fails its check, an empty name,
    an amount below 0.01 or above 999,999,999.99 euro, or more than 331 bytes in all.

    The communication stands as bare digits in the field for structured references. EPC069-12 speaks of
    ISO 11649 there, and Belgian apps take their own twelve digits in it: Odoo fills it so. As
    ``+++…+++`` in the field for text, an app shows it as a free message and the bank checks nothing.
    """
    if read_iban(transfer.iban) is None:
        raise ValueError(f"{transfer.iban!r} is no account number")
    if transfer.bic and read_bic(transfer.bic) is None:
        raise ValueError(f"{transfer.bic!r} is no bank code")
    if read_communication(transfer.communication) is None:
        raise ValueError(f"{transfer.communication!r} is no structured communication")
    return make_epc_qr(
        name=" ".join(transfer.name.split())[:LONGEST_NAME].rstrip(),
        iban=read_iban(transfer.iban) or "",
        amount=Decimal(plain_amount(transfer.amount_cents)),
        reference=read_communication(transfer.communication),
        bic=read_bic(transfer.bic),
        encoding="utf-8",
    )
