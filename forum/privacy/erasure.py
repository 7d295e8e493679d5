"""The entry of the register of personal data about requests to be erased."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, OFFICE, Entry

ERASURE = Entry(
    what=_l("Your request to be erased, and the answer to it"),
    purpose=_l("To answer within a month, and to be able to show that we did"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE,
    retention=_l("Until the organiser erases it; that somebody was erased stays, without a name"),
    columns=(
        *(f"erasure_requests.{name}" for name in ("registration_id", "state", "asked_at")),
        *(f"erasure_requests.{name}" for name in ("due_at", "decided_at", "reason")),
    ),
    fields=("RefusalForm.reason",),
)
