"""The entry of the register of personal data about people whom organisers have registered from a table."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, Entry, of

IMPORTED = Entry(
    what=_l("If organisers have registered you from a table: when, and from which row"),
    purpose=_l("To say where your data come from, and to take back a table that was wrong"),
    basis=LEGITIMATE_INTEREST,
    audience=_l("The office, and you when you ask"),
    retention=_l("As long as your registration; the table itself is not kept"),
    columns=of("imported_people", "registration_id", "import_id", "row_number", "imported_at"),
    fields=("ImportTableForm.file", "ImportTableForm.lines", "ImportPeopleForm.table"),
)
