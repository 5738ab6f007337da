"""To whom the invoice goes: asked where there is something to pay, needed by nobody who pays for themselves."""

from typing import Any

from babel import Locale
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError as NotANumber
from wtforms import Field, Form, HiddenField, SelectChoice, StringField
from wtforms.validators import ValidationError

from portal.domain.signup import BillingDetails
from portal.domain.typed import LONGEST_LINE, clean
from portal.i18n import gettext as _
from portal.i18n import locale
from portal.storage.ledger import Billing
from portal.web.fields import SelectField, length

COUNTRIES = ("BE", "NL", "LU", "FR", "DE")
"""Offered first; the rest of the European Union follows."""
OTHERS = (
    "AT BG CY CZ DK EE ES FI GR HR HU IE IT LT LV MT PL PT RO SE SI SK".split()  # noqa: SIM905  # easier to read
)


def billing_form() -> type[Form]:
    """The form, to stand inside another: all empty, or with a name."""
    names = Locale.parse(str(locale())).territories
    others = sorted(OTHERS, key=lambda code: names[code])
    return type(
        "BillingForm",
        (_Checked,),
        {
            "method": HiddenField(default="transfer"),
            "name": _line(_("Name of the school or organisation"), "organization"),
            "street": _line(_("Street and number"), "billing street-address"),
            "postcode": _line(_("Postcode"), "billing postal-code", 20),
            "city": _line(_("Town"), "billing address-level2"),
            "country": SelectField(
                _("Country"),
                choices=[SelectChoice(code, names[code]) for code in (*COUNTRIES, *others)],
                default="BE",
                render_kw={"autocomplete": "billing country"},
            ),
            "vat": _line(_("VAT or enterprise number"), "off", 30),
            "reference": _line(
                _("Your own reference"),
                "off",
                description=_("An order number or a department: it stands on the invoice."),
            ),
        },
    )


def read_billing(form: Any) -> BillingDetails | None:
    """What a valid form says; None when nothing was filled in."""
    if not form.name.data:
        return None
    return BillingDetails(
        name=form.name.data,
        street=form.street.data,
        postcode=form.postcode.data,
        city=form.city.data,
        country=form.country.data,
        vat=_number(form.vat.data, form.country.data) if form.vat.data else "",
        reference=form.reference.data,
    )


def filled(billing: Billing | None) -> dict[str, str]:
    """What stands, by field."""
    names = ("name", "street", "postcode", "city", "country", "vat", "reference")
    return {name: getattr(billing, name) for name in names} if billing else {}


class _Checked(Form):  # type: ignore[misc]  # WTForms has no types
    def validate_name(self, field: Field) -> None:
        others = (self.street, self.postcode, self.city, self.vat, self.reference)
        if not field.data and any(other.data for other in others):
            raise ValidationError(_("Fill in to whom the invoice goes."))

    def validate_vat(self, field: Field) -> None:
        if field.data:
            try:
                _number(field.data, self.country.data)
            except NotANumber:
                raise ValidationError(_("Fill in a complete number, such as BE 0123.456.749.")) from None


def _number(written: str, country: str) -> str:
    """The number with its country's letters; raises stdnum's ValidationError when its check fails."""
    try:
        return str(eu_vat.validate(written))
    except NotANumber:
        # Typed without the letters, which for Greece are not those of its country.
        return str(eu_vat.validate(("EL" if country == "GR" else country) + written))


def _line(label: str, autocomplete: str, longest: int = LONGEST_LINE, description: str = "") -> StringField:
    return StringField(
        label,
        [length(longest)],
        filters=[clean],
        description=description,
        render_kw={"autocomplete": autocomplete, "maxlength": longest},
    )
