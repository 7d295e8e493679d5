"""The entries of the register of personal data about people who come for others or with others."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, OFFICE_AND_CARRIER, UNTIL_ERASED, Entry, of

SUBSTITUTION = Entry(
    what=_l("Who was named to come instead of somebody, and who has come"),
    purpose=_l("To let a colleague take over a registration"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE_AND_CARRIER,
    retention=UNTIL_ERASED,
    columns=(
        *of("substitutions", "digest", "registration_id", "successor_id", "email"),
        *of("substitutions", "asked_at", "expires_at", "confirmed_at"),
    ),
    fields=("SubstituteForm.email",),
)
