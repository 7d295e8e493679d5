"""The entries of the register of personal data about acts of organisers on many people at once."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, OFFICE, Entry, of

CHANGES = Entry(
    what=_l("That the organisers changed your registration together with others, and what became of it"),
    purpose=_l("So that nobody is changed twice, and the organisers see whom it left as they were, and why"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE,
    retention=_l("Two weeks after the change to all of them has ended; words written for it until it ends"),
    columns=(*of("task_people", "registration_id", "outcome", "done_at"), "tasks.payload"),
    fields=(
        "TagManyForm.tags",
        "UntagManyForm.tag",
        "OfferManyForm.reason",
        "CancelManyForm.reason",
    ),
)
CHOICES = Entry(
    what=_l("That an organiser has chosen you in the list of registrations, and when"),
    purpose=_l("So that organisers can change or export several people of the list at once"),
    basis=LEGITIMATE_INTEREST,
    audience=_l("The organiser who has chosen you, alone"),
    retention=_l(
        "A day after the organiser last changed the choice; it goes at once if you are erased, and does not count while"
        " your data may not be used"
    ),
    columns=of("chosen_people", "registration_id", "chosen_at"),
)
KEPT_EXPORTS = Entry(
    what=_l("Your registration in a prepared file: a list that an organiser exports and downloads later"),
    purpose=_l("So that a long file can be prepared without keeping anybody waiting"),
    basis=LEGITIMATE_INTEREST,
    audience=_l("The organiser who has asked for the file, alone; its rows are encrypted"),
    retention=_l(
        "24 hours, whether the file was downloaded or not; it goes at once if your name, address or organisation"
        " changes, if you are erased or if your data may not be used any more"
    ),
    columns=("kept_exports.people", "kept_export_parts.content"),
)
BULK = (CHANGES, CHOICES, KEPT_EXPORTS)
