"""What each column of a file is: guessed from its name as other programs and people write it, in four languages."""

import re
from collections.abc import Sequence

from portal.content.addresses import is_address
from portal.content.event import Event
from portal.domain.typed import folded
from portal.formats.tables import Table

Columns = tuple[str, ...]
"""For each column what it is: one of ``fields``, or nothing where it is left out."""

FIELDS = (
    "first_name",
    "last_name",
    "full_name",
    "full_name_reversed",
    "email",
    "phone",
    "school",
    "ticket",
    "remarks",
    "status",
    "cancelled",
    "order",
    "contact_email",
)
SEVERAL = {"", "remarks"}
"""What more than one column may be."""

ANSWER = "answer:"
LOOKED_AT = 50

_BUYER = r"(buyer|purchaser|ordered by|besteller|koper|acheteur|kaufer)"

# Looked at from top to bottom; names are without accents, case and punctuation. An empty field is left out.
_PATTERNS = [
    (field, re.compile(pattern))
    for field, pattern in (
        ("contact_email", rf"^(contact e ?mail|{_BUYER}\b.*mail.*)$"),
        ("", rf"^{_BUYER}\b"),
        (
            "status",
            r"^((attendee|order|registration|deelnemer\w*|inschrijvings?) ?)?(status|statut)$",
        ),
        ("status", r"^(toestand|etat)$"),
        ("cancelled", r"^(geannuleerd|afgemeld|cancell?ed|annule|storniert)( (op|at|on|le|am))?$"),
        (
            "",
            r"\b(event|evenement|veranstaltung|prijs|price|prix|preis|datum|date|currency|quantity|url|link)\b",
        ),
        ("", r"^ip\b|username|gebruikersnaam|nom d utilisateur|benutzername"),
        ("order", r"^(order|bestel\w*|commande|bestellung)( ?(id|no|nr|number|nummer|code|numero))?$"),
        ("order", r"^(ordernummer|bestellnummer|(n|no|numero) (de )?commande|registration( id)?)$"),
        ("order", r"^(inschrijvings|registratie)(nummer|code|id)$|^(referentie|reference|referenz)$"),
        ("email", r"\be ?mail|\bmail ?adres|^mails?$|\bcourriel|\badresse electronique"),
        (
            "phone",
            r"telefoon|telephone|telefon|\bphone|\bgsm\b|\bmobiel|\bmobile?\b|\bportable\b|\bhandy|\btel\b",
        ),
        ("ticket", r"^(attendee )?(tickets?|billet|tarif|formule|karte|keuze|inschrijvings?type)$"),
        (
            "ticket",
            r"^(ticket ?(type|naam|name|soort|art|kategorie|category)|(type|soort)( de| d)? ?(ticket|billet))$",
        ),
        ("school", r"school|organisati|organizat|\becole|etablissement|schule\b|einrichtung|instelling"),
        ("school", r"\bcompany\b|\bbedrijf|\bfirma\b|werkgever|employer|entreprise|societe\b"),
        (
            "full_name_reversed",
            r"^(naam|familienaam|achternaam)( en | )voornaam|^nom (et )?prenom|^nachname (und )?vorname",
        ),
        (
            "full_name",
            r"voornaam (en )?\w*naam|prenom (et )?nom|vor ?(name)? und nachname|first (and |name )+last",
        ),
        ("first_name", r"voornaam|prenom|vorname|\bfirst ?name|\bgiven ?name|\bforename"),
        (
            "last_name",
            r"achternaam|familienaam|nachname|nom de famille|\blast ?name|\bsurname|\bfamily ?name",
        ),
        ("remarks", r"opmerking|remark|comment|bemerkung|remarque|^(notes?|notitie|vragen|notiz)$"),
        (
            "full_name",
            r"\b(naam|name|nom)\b|volledige naam|^(deelnemer|participant|attendee|teilnehmer(in)?)$",
        ),
    )
]


def fields(event: Event) -> list[str]:
    """What a column of a list for this event can be."""
    offered = [field for field in FIELDS if field != "ticket" or event.tickets]
    return [*offered, *(ANSWER + question.name for question in event.questions)]


def guess(table: Table, event: Event) -> Columns:
    """What each column most likely is; each thing once, for the first that seems to be it."""
    offered = set(fields(event))
    guessed: list[str] = []
    for name in table.header:
        field = _guess(_plain(name), event)
        again = field in guessed and field not in SEVERAL
        guessed.append("" if again or field not in offered else field)
    _settle_names(guessed)
    if "email" not in guessed:
        _find_addresses(guessed, table)
    return tuple(guessed)


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", folded(name)).split())


def _guess(name: str, event: Event) -> str:
    if not name:
        return ""
    for question in event.questions:
        asked = {_plain(question.name), _plain(question.label), _plain(ANSWER + question.name)}
        if name in asked:
            return ANSWER + question.name
    return next((field for field, pattern in _PATTERNS if pattern.search(name)), "")


def _settle_names(guessed: list[str]) -> None:
    """Beside a first name, what is called "name" is the last name; beside both it is neither."""
    for whole in ("full_name", "full_name_reversed"):
        if whole in guessed and "first_name" in guessed:
            guessed[guessed.index(whole)] = "" if "last_name" in guessed else "last_name"


def _find_addresses(guessed: list[str], table: Table) -> None:
    """A column in which most cells are e-mail addresses holds those, whatever it is called."""
    for at, field in enumerate(guessed):
        cells = [row.cells[at] for row in table.rows[:LOOKED_AT] if row.cells[at]]
        if field == "" and cells and sum(map(is_address, cells)) > len(cells) // 2:
            guessed[at] = "email"
            return


def twice(columns: Sequence[str]) -> list[str]:
    """What two columns were said to be and only one can."""
    return sorted({field for field in columns if field not in SEVERAL and columns.count(field) > 1})
