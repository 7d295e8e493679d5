"""Store for each registration the title, the phone digits and the short spellings by which a search finds it.

Why: organisers look for people by title or phone number too, and by "Soerensen" as well as "Sørensen". The text that
was searched so far stays as it is, for earlier versions may run beside this one; a registration that they make has no
extra text until it is changed, and is found by the old one. The column is added in place: no table is copied.
"""

import re
import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BATCH = 1000
LONGEST = 500
PLAIN = str.maketrans(
    {"æ": "a", "ø": "o", "ð": "d", "đ": "d", "þ": "th", "ł": "l", "ŧ": "t", "ŋ": "n", "ı": "i", "œ": "oe"}
)
SPELT_OUT = (("aa", "a"), ("ae", "a"), ("oe", "o"))
REGISTRATIONS = sa.table(
    "registrations",
    sa.column("id", sa.Integer()),
    sa.column("title", sa.String()),
    sa.column("phone", sa.String()),
    sa.column("search_text", sa.String()),
    sa.column("search_extra", sa.String()),
)


def upgrade() -> None:
    op.add_column(
        "registrations",
        sa.Column("search_extra", sa.String(length=500), nullable=False, server_default=sa.text("''")),
    )
    columns = REGISTRATIONS.c
    filled = sa.update(REGISTRATIONS).where(columns.id == sa.bindparam("number"))
    for rows in _batches():
        values = [{"number": row.id, "extra": _extra(row)} for row in rows]
        op.get_bind().execute(filled.values(search_extra=sa.bindparam("extra")), values)


def downgrade() -> None:
    op.drop_column("registrations", "search_extra")


def _batches() -> Iterator[list[sa.Row]]:
    columns, last = REGISTRATIONS.c, 0
    asked = sa.select(columns.id, columns.title, columns.phone, columns.search_text).order_by(columns.id)
    while rows := op.get_bind().execute(asked.where(columns.id > last).limit(BATCH)).all():
        last = rows[-1].id
        yield list(rows)


def _extra(row: sa.Row) -> str:
    title = _folded(row.title)
    words = f"{row.search_text} {title}".split()
    spelt = dict.fromkeys(short for word in words if (short := _one_letter(word)) != word)
    digits = re.sub(r"[^0-9]+", "", (row.phone or "").replace("(0)", ""))
    return " ".join(filter(None, (digits, title, *spelt)))[:LONGEST]


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold().translate(PLAIN))
    seen = (mark for mark in plain if not unicodedata.combining(mark) and unicodedata.category(mark) != "Cf")
    return " ".join("".join(seen).split())


def _one_letter(word: str) -> str:
    for spelt, letter in SPELT_OUT:
        word = word.replace(spelt, letter)
    return word
