"""The words in which adding people from a file is spoken about: what, where, and the mend."""

from portal.content.event import Event
from portal.domain.errors import ImportRefused
from portal.domain.imports import ANSWER, Fate, Problem, Verdict
from portal.formats.tables import LARGEST_FILE, MOST_COLUMNS, MOST_ROWS, Kind, TableRefused
from portal.i18n import gettext as _


def field_words(field: str, event: Event) -> str:
    """What a column can be, in words."""
    if field.startswith(ANSWER):
        name = field.removeprefix(ANSWER)
        return next((question.label for question in event.questions if question.name == name), name)
    return {
        "first_name": _("First name"),
        "last_name": _("Last name"),
        "full_name": _("First and last name"),
        "full_name_reversed": _("Last and first name"),
        "email": _("E-mail address"),
        "phone": _("Telephone"),
        "school": _("School or organisation"),
        "ticket": _("Ticket"),
        "remarks": _("Remarks"),
        "status": _("Status, such as cancelled or waiting"),
        "cancelled": _("Cancelled: yes, or when"),
        "order": _("Order: who came together"),
        "contact_email": _("E-mail address of who ordered"),
    }[field]


def fate_words() -> dict[Fate, str]:
    """What becomes of a row, in a few words, the best first."""
    return {
        "place": _("gets a place"),
        "over": _("gets a place, over capacity"),
        "waits": _("comes on the waiting list"),
        "known": _("is registered already"),
        "other_name": _("address registered for another name"),
        "twice": _("stands twice in the file"),
        "withdrew": _("was registered and cancelled"),
        "cancelled": _("cancelled there, left out"),
        "waits_there": _("waits there, left out"),
        "full": _("no place left"),
        "cannot": _("cannot be added"),
    }


def verdict_words(verdict: Verdict, event: Event) -> str:
    """Why a row needs a look, in a sentence."""
    if verdict.problem:
        return _problem(verdict.problem, event)
    if verdict.fate == "other_name":
        return _("The address %(address)s is registered already, for %(name)s. Nobody is added.") % {
            "address": verdict.guest.email,
            "name": verdict.name,
        }
    if verdict.fate == "withdrew":
        return _(
            "Was registered here and cancelled. Nobody is added: sign them up by hand if they come after all."
        )
    return _("There is no place left, and the event has no waiting list.")


def _problem(problem: Problem, event: Event) -> str:
    told = {"value": problem.value, "field": field_words(problem.field, event)}
    if problem.kind == "unknown_ticket" and not problem.value:
        return _("No ticket is named.")
    return {
        "no_name": _("There is no name."),
        "bad_address": _("“%(value)s” is not an e-mail address."),
        "unknown_ticket": _("“%(value)s” is not a ticket of this event."),
        "too_long": _("“%(field)s” is longer than %(value)s characters."),
        "not_offered": _("“%(value)s” is not one of the answers to “%(field)s”."),
        "too_many": _("“%(field)s” takes %(value)s answers at most."),
        "no_number": _("“%(value)s” is not a whole number that “%(field)s” takes."),
        "no_day": _("“%(value)s” is not a day, for “%(field)s”."),
    }[problem.kind] % told


def import_refusal(refused: ImportRefused) -> str:
    """Why people were not added."""
    if refused.kind == "blocked":
        return _("Some rows cannot be added. Mend them, or tick that they are left out.")
    return _(
        "Nothing was added yet: it goes otherwise than you saw. This is how it goes now; confirm once more."
    )


def table_refusal(refused: TableRefused) -> str:
    """What is wrong with a file, and the mend."""
    no_list = _("This is not a list that can be read. Save it as .xlsx or .csv.")
    words: dict[Kind, str] = {
        "too_large": _("The file is larger than %(megabytes)d MB. Take out pictures, or split it."),
        "too_many_rows": _(
            "The file has more than %(rows)d rows. Split it, and bring the parts one after the other."
        ),
        "too_many_columns": _("Row %(row)d has more than %(columns)d columns. Keep those that you need."),
        "empty": _("There is nobody in it. Bring a row with the names of the columns, and people below it."),
        "old_excel": _(
            "This workbook is from before 2007, or has a password. Save it as .xlsx without a password."
        ),
        "open_document": _("This is an OpenDocument file. Save it as .xlsx or .csv."),
        "damaged": _("The file is damaged, or not what its name says. Save it once more as .xlsx or .csv."),
        "unpacks_too_large": _("Unpacked, this workbook is far too large. Copy the people into a new one."),
        "open_quote": _("In row %(row)d a quotation mark opens and never closes. Save the list as .xlsx.")
        if refused.row
        else no_list,
        "not_a_table": no_list,
    }
    return words[refused.kind] % {
        "megabytes": LARGEST_FILE // 1024**2,
        "rows": MOST_ROWS,
        "columns": MOST_COLUMNS,
        "row": refused.row or 0,
    }
