"""The entry of the register of personal data about requests for restriction and objections."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, OFFICE, UNTIL_ERASED, Entry, of

RESTRICTION = Entry(
    what=_l("Your request for restriction or your objection, in your words, and the answer to it"),
    purpose=_l("To answer within a month, and to keep your data from being used"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE,
    retention=UNTIL_ERASED,
    columns=(
        *of("restriction_requests", "registration_id", "kind", "words", "state", "asked_at"),
        *of("restriction_requests", "due_at", "decided_at", "reason", "ends_at"),
    ),
    fields=("RestrictionForm.kind", "RestrictionForm.words", "LiftingForm.reason"),
)
