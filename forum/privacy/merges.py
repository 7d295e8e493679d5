"""The entry of the register of personal data about registrations of one person that were merged."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, NOBODY, Entry, of

MERGES = Entry(
    what=_l("That two registrations of yours were merged, and what each had before"),
    purpose=_l(
        "To undo the merge if it was a mistake, and to erase both when you ask for it. It is encrypted"
    ),
    basis=LEGITIMATE_INTEREST,
    audience=NOBODY,
    retention=_l("What each had before: a day. That they were merged: as long as the registration"),
    columns=of(
        "registration_merges", "kept_id", "ended_id", "ended_from", "merged_at", "before", "care_before"
    ),
    fields=("MergeForm.taken",),
)
