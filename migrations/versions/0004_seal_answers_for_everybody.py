"""Store encrypted answers about protected identity, diet and access for every registration, all of one length.

Why: the mere existence of a row revealed, without any key, who has a protected identity or needs something, and its
length how long the real name is. Existing answers are decrypted and encrypted again, so this step needs the data keys.
"""

import json
import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LENGTH = 1024
NONCE = 12
MOMENT = sa.DateTime(timezone=True)
# By table: the purpose of its key, its encrypted columns before this step, the answers of a person who has given
# none.
TABLES = {
    "protected_identities": ("identity", ("real_name",), {"is_protected": False}),
    "care_answers": ("care", ("diet", "access"), {}),
}


def upgrade() -> None:
    """Decrypt the existing answers, recreate the tables, and insert an encrypted answer for each registration."""
    registrations = op.get_bind().scalars(sa.text("SELECT id FROM registrations ORDER BY id")).all()
    for table, (purpose, columns, nothing) in TABLES.items():
        told = {row["registration_id"]: _open(row, purpose, columns) for row in _rows(table)}
        op.drop_table(table)
        made = _create(table, sa.Column("answer", sa.LargeBinary(), nullable=False))
        empty = {**nothing, **dict.fromkeys(columns), "recorded_at": None}
        rows = [
            {"registration_id": number, "answer": _seal(_padded({**empty, **told.get(number, {})}), purpose)}
            for number in registrations
        ]
        if rows:
            op.bulk_insert(made, rows)


def downgrade() -> None:
    """Recreate the earlier tables with rows only for people who have answered something."""
    for table, (purpose, columns, _nothing) in TABLES.items():
        told = {row["registration_id"]: json.loads(_unseal(row["answer"], purpose)) for row in _rows(table)}
        op.drop_table(table)
        sealed = [sa.Column(name, sa.LargeBinary(), nullable=True) for name in columns]
        made = _create(table, *sealed, sa.Column("recorded_at", MOMENT, nullable=False))
        rows = [
            {
                "registration_id": number,
                **{name: _seal(answer[name].encode(), purpose) if answer[name] else None for name in columns},
                "recorded_at": datetime.fromisoformat(answer["recorded_at"]),
            }
            for number, answer in told.items()
            if answer["recorded_at"]
        ]
        if rows:
            op.bulk_insert(made, rows)


def _rows(table: str) -> list:
    found = sa.Table(table, sa.MetaData(), autoload_with=op.get_bind())
    return list(op.get_bind().execute(sa.select(found)).mappings())


def _create(table: str, *columns: sa.Column) -> sa.Table:
    return op.create_table(
        table,
        sa.Column("registration_id", sa.Integer(), autoincrement=False, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f(f"fk_{table}_registration_id_registrations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registration_id", name=op.f(f"pk_{table}")),
    )


def _open(row, purpose: str, columns: tuple[str, ...]) -> dict:
    at = row["recorded_at"]
    moment = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    words = {name: _unseal(row[name], purpose).decode() if row[name] else None for name in columns}
    return {**words, **({"is_protected": True} if purpose == "identity" else {}), "recorded_at": moment}


def _padded(answer: dict) -> bytes:
    plain = json.dumps(answer, ensure_ascii=False).encode()
    if len(plain) > LENGTH:
        raise CommandError("A sealed answer is longer than its new column. Nothing has been changed.")
    return plain.ljust(LENGTH)


def _seal(plain: bytes, purpose: str) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    key = current_app.config["DATA_KEYS"][purpose][0]
    return nonce + AESGCM(key).encrypt(nonce, plain, purpose.encode())


def _unseal(sealed: bytes, purpose: str) -> bytes:
    for key in current_app.config["DATA_KEYS"][purpose]:
        try:
            return AESGCM(key).decrypt(bytes(sealed)[:NONCE], bytes(sealed)[NONCE:], purpose.encode())
        except InvalidTag:
            continue
    raise CommandError(
        f"The data keys for {purpose} do not open what they sealed. Nothing has been changed; use the right keys."
    )
