"""The entries of the register of personal data about requests to be erased, and about tombstones of erased people."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, NOBODY, OFFICE, Entry, of

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

SUPPRESSIONS = Entry(
    what=_l(
        "A mark that messages of a forum to your address come back, or that you have marked one as unwanted, made"
        " from the address and the forum; it says nothing without our keys"
    ),
    purpose=_l("To send no messages to many there, even after you were erased"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE,
    retention=_l("Until you confirm the address anew, or the organiser takes it off"),
    columns=of("suppressed_addresses", "digest", "cause", "code", "noted_at"),
    fields=("LiftForm.reason",),
)

TOMBSTONES = Entry(
    what=_l(
        "A mark that you were erased or left the news by e-mail, made from your registration and address; it says"
        " nothing without our keys"
    ),
    purpose=_l("To erase you or end the news again, should we have to restore a backup from before"),
    basis=LEGITIMATE_INTEREST,
    audience=NOBODY,
    retention=_l("As long as a backup from before may be kept"),
    columns=of("tombstones", "digest", "address", "erased_at"),
)
