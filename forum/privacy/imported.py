"""The entry of the register of personal data about people whom organisers have registered from a table."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, Entry, of

LONG_TABLES = Entry(
    what=_l("What a long table of people says about you that organisers want to import: the whole row"),
    purpose=_l(
        "So that a table of thousands of people can be checked and imported without keeping anybody waiting"
    ),
    basis=LEGITIMATE_INTEREST,
    audience=_l("The organiser who has sent the table, alone; it is encrypted"),
    retention=_l(
        "Until that part of the table has been imported, else at most three days; the reasons why rows were left out"
        " for three days"
    ),
    columns=("import_table_parts.content",),
)
IMPORTED = Entry(
    what=_l("If organisers have registered you from a table: when, and from which row"),
    purpose=_l("To say where your data come from, and to take back a table that was wrong"),
    basis=LEGITIMATE_INTEREST,
    audience=_l("The office, and you when you ask"),
    retention=_l("As long as your registration; a short table itself is not kept"),
    columns=of("imported_people", "registration_id", "import_id", "row_number", "imported_at"),
    fields=("ImportTableForm.file", "ImportTableForm.lines", "ImportPeopleForm.table", "LongTableForm.table"),
)
