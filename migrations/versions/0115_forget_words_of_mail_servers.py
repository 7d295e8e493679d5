"""Forget what reports of mail servers said in their own words, and addresses in the answers of mail servers.

Why: a report about a mail to an alias can name the real address and the real name behind it, and organisers read it.
An answer of the mail server could show an address to organisers of another event. The status code says enough. There
is no way back to the words.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0115"
down_revision = "0114"
branch_labels = None
depends_on = None

CODE = re.compile(r"(?<![\d.])([245])[.](\d{1,3})[.](\d{1,3})(?![\d.])")
WORD = re.compile(r"[^\s<>\"'(),;:\[\]]+")
MAILS = sa.table("outbox_messages", *(sa.column(name) for name in ("id", "status", "sent_at", "last_error")))
RELAY = sa.table("mail_relay", sa.column("id"), sa.column("last_error"))


def upgrade() -> None:
    connection = op.get_bind()
    told = MAILS.c.last_error.is_not(None), MAILS.c.last_error != "Complaint"
    rows = sa.select(MAILS.c.id, MAILS.c.status, MAILS.c.sent_at, MAILS.c.last_error).where(*told)
    for number, status, sent_at, error in connection.execute(rows).all():
        _store(MAILS, number, error, _marker(status, error) if sent_at else _without_addresses(error))
    for number, error in connection.execute(sa.select(RELAY.c.id, RELAY.c.last_error)).all():
        _store(RELAY, number, error, error and _without_addresses(error))


def downgrade() -> None:
    pass


def _without_addresses(error: str) -> str:
    return WORD.sub(lambda word: "…" if "@" in word[0] else word[0], error).replace("<…>", "…")


def _marker(status: str, error: str) -> str:
    """Return what this version stores of a report: that the mail came back or is late, and the status code."""
    code = CODE.search(error)
    word = "Bounced" if status == "failed" else "Delayed"
    return f"{word} {code[0]}" if code else word


def _store(table: sa.TableClause, number: int, before: str | None, after: str | None) -> None:
    if after != before:
        op.get_bind().execute(sa.update(table).where(table.c.id == number).values(last_error=after))
