"""Bind each sealed value to its column and row, and record this format in `key_checks`.

Why: a sealed value could be decrypted in whatever row it was copied to, so somebody who can write to the database
could give one person the real name, the message or the second factor of another. Existing values are decrypted and
encrypted again, so this step needs the data keys; a value that none of them decrypts stays as it is. The new column is
mandatory, so that earlier versions, which cannot decrypt the new values, refuse the tables.
"""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NONCE = 12
BATCH = 200
# Sealed columns: table, column, purpose of its key, primary key, columns to which the value is bound.
SEALED = (
    ("users", "totp_secret", "totp", "id", ("id",)),
    ("users", "totp_proposed", "totp", "id", ("id",)),
    ("outbox_messages", "content", "outbox", "id", ("message_id", "recipient")),
    ("submissions", "fingerprint", "identity", "key", ("key",)),
    ("submissions", "answers", "identity", "key", ("key",)),
    ("protected_identities", "answer", "identity", "registration_id", ("registration_id",)),
    ("care_answers", "answer", "care", "registration_id", ("registration_id",)),
)
Locate = Callable[[str, str, list[Any]], str]


def upgrade() -> None:
    _seal_again(_nowhere, _in_row)
    with op.batch_alter_table("key_checks") as batch_op:
        batch_op.add_column(sa.Column("form", sa.SmallInteger(), nullable=False, server_default="2"))
        batch_op.create_check_constraint("form_known", "form = 2")
    with op.batch_alter_table("key_checks") as batch_op:
        batch_op.alter_column("form", server_default=None, existing_type=sa.SmallInteger())


def downgrade() -> None:
    _seal_again(_in_row, _nowhere)
    with op.batch_alter_table("key_checks") as batch_op:
        batch_op.drop_constraint("form_known", type_="check")
        batch_op.drop_column("form")


def _nowhere(_table: str, _column: str, _keys: list[Any]) -> str:
    return ""


def _in_row(table: str, column: str, keys: list[Any]) -> str:
    return json.dumps([table, column, *keys])


def _seal_again(before: Locate, after: Locate) -> None:
    opened: Counter[str] = Counter()
    closed: Counter[str] = Counter()
    for table, column, purpose, key, bound_to in SEALED:
        for number, sealed, keys in _rows(table, column, key, bound_to):
            plain = _unseal(sealed, purpose, before(table, column, keys))
            (closed if plain is None else opened)[purpose] += 1
            if plain is not None:
                _write(table, column, key, number, _seal(plain, purpose, after(table, column, keys)))
    for purpose in closed:
        if not opened[purpose]:
            raise CommandError(
                f"The data keys for {purpose} do not open what they sealed. Nothing has been changed;"
                " use the right keys."
            )


def _rows(
    table: str, column: str, key: str, bound_to: tuple[str, ...]
) -> Iterator[tuple[Any, bytes, list[Any]]]:
    """Yield each row's primary key, sealed value and values to which it is bound; in batches, as mails are long."""
    rows = sa.table(table, *(sa.column(name) for name in {column, key, *bound_to}))
    order, sealed = rows.c[key], rows.c[column]
    chosen = sa.select(order, sealed, *(rows.c[name] for name in bound_to))
    query = chosen.where(sealed.is_not(None)).order_by(order).limit(BATCH)
    batch = op.get_bind().execute(query).all()
    while batch:
        yield from ((row[0], bytes(row[1]), list(row[2:])) for row in batch)
        batch = op.get_bind().execute(query.where(order > batch[-1][0])).all()


def _write(table: str, column: str, key: str, number: Any, sealed: bytes) -> None:
    rows = sa.table(table, sa.column(key), sa.column(column, sa.LargeBinary()))
    op.execute(rows.update().where(rows.c[key] == number).values({column: sealed}))


def _seal(plain: bytes, purpose: str, location: str) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    key = current_app.config["DATA_KEYS"][purpose][0]
    return nonce + AESGCM(key).encrypt(nonce, plain, (purpose + location).encode())


def _unseal(sealed: bytes, purpose: str, location: str) -> bytes | None:
    """Decrypt a value for a location; return None when no key does."""
    for key in current_app.config["DATA_KEYS"][purpose]:
        try:
            return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], (purpose + location).encode())
        except InvalidTag:
            continue
    return None
