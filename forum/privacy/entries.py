"""The fields of an entry of the register of personal data, and texts that several entries share."""

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

LEGITIMATE_INTEREST = _l("Legitimate interest, Article 6(1)(f)")
CONSENT = _l("Consent, Article 6(1)(a)")
EXPLICIT_CONSENT = _l("Explicit consent, Article 9(2)(a)")

OFFICE = _l("The office")
OFFICE_AND_CARRIER = _l("The office and the provider that carries our e-mail")
NOBODY = _l("Nobody; the system only compares it")
OFFICE_CARRIER_AND_CONTACT = _l(
    "The office, the provider that carries our e-mail, and the contact who has registered the delegation"
)
CARERS = _l("Those at the office who arrange food and access")
HANDLERS = _l(
    "Only those at the organiser who handle protected identities, one person at a time, with a reason that is recorded"
)
EVERYBODY = _l("Everybody")

UNTIL_ERASED = _l(
    "Until the organiser erases it. The service does that by itself only for those who did not confirm the address, a"
    " day after the registration ended, and for those who did not accept an offered place in time, 30 days after the"
    " forum"
)
UNTIL_ERASED_OR_WEEK = _l(
    "Until the organiser erases it. The service does that by itself only for those who did not confirm the address, a"
    " day after the registration ended, and for those who did not accept an offered place in time, 30 days after the"
    " forum. Where the form says so below a question, because the answer tells where you are, the service deletes it"
    " seven days after the forum"
)
WEEK_AFTER = _l("Until seven days after the forum. Then the service deletes it by itself")
UNTIL_CONFIRMED = _l(
    "Until the address is confirmed, at most 48 hours; up to eight days while our message cannot be sent, or if the"
    " forum is cancelled"
)
WITH_ACCOUNT = _l("As long as the account exists")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One kind of personal data: its description, and the columns ("table.column") and form fields that hold it."""

    what: LazyString | str
    purpose: LazyString | str
    basis: LazyString
    audience: LazyString
    retention: LazyString
    columns: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def of(table: str, *columns: str) -> tuple[str, ...]:
    """Return the full names of a table's columns, or of a form's fields."""
    return tuple(f"{table}.{column}" for column in columns)
