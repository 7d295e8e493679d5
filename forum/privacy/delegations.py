"""The entries of the register of personal data about substitutes and delegations."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import (
    LEGITIMATE_INTEREST,
    OFFICE_AND_CARRIER,
    OFFICE_CARRIER_AND_CONTACT,
    UNTIL_ERASED,
    Entry,
    of,
)

DELEGATION = Entry(
    what=_l("The contact of a delegation, and how the contact wants it registered"),
    purpose=_l("To let one person register several people and answer for them"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE_AND_CARRIER,
    retention=_l(
        "Until 30 days after the forum, or until the contact erases it; three days if it is never confirmed"
    ),
    columns=(
        *of("delegations", "sector_id", "given_name", "family_name", "email", "email_canonical"),
        *of("delegations", "organisation", "country", "language", "is_all_or_nobody"),
        *of("delegations", "asked_at", "confirm_by", "confirmed_at"),
        *of("delegation_links", "digest", "delegation_id", "purpose", "created_at", "expires_at", "left_at"),
    ),
    fields=(
        *of("DelegationForm", "given_name", "family_name", "email", "organisation", "country", "language"),
        "DelegationForm.choice",
    ),
)
DELEGATES = Entry(
    what=_l("The people of a delegation: name, title and address, and how each of them stands"),
    purpose=_l("To let one person register several people and answer for them"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE_CARRIER_AND_CONTACT,
    retention=_l(
        "Until 30 days after the forum, or until you or the contact are erased; three days if you do not confirm"
    ),
    columns=(
        *of("delegates", "delegation_id", "registration_id", "given_name", "family_name", "title", "email"),
        *of("delegates", "state", "told", "asked_at", "first_asked_at", "confirm_by", "typed"),
        "delegates.bare_hold_id",
    ),
    fields=(
        *of("DelegationForm", "people", "lines"),
        *of("PersonFields", "given_name", "family_name", "title"),
        "DelegateFields.email",
        "CorrectAddressForm.email",
    ),
)
SUBSTITUTION = Entry(
    what=_l("Who was named to come instead of somebody, and who has come"),
    purpose=_l("To let a colleague take over a registration"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE_AND_CARRIER,
    retention=UNTIL_ERASED,
    columns=(
        *of("substitutions", "digest", "registration_id", "successor_id", "email"),
        *of("substitutions", "asked_at", "expires_at", "confirmed_at", "is_by_contact"),
    ),
    fields=("SubstituteForm.email",),
)
COLLEAGUES = (SUBSTITUTION, DELEGATION, DELEGATES)
