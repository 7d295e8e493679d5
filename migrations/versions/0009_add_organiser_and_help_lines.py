"""Add who arranges an event, and whom to call in each country, to the events.

Why: organisers' names and telephone numbers of help lines stood in templates, so that no event could have its own.
Until now every page named the Swedish numbers 112 and 114 14, and the event's hotline: existing events get a help line
that says the same. The column `hotline_url` stays for an older version that runs beside this one. The columns are added
in place: no table is copied.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NONE, NOTHING = sa.text("'[]'"), sa.text("'{}'")
SAID_SO_FAR = {"country": "SE", "emergency": "112", "police": "114 14"}


def upgrade() -> None:
    for column in (
        sa.Column("help_lines", sa.JSON(), nullable=False, server_default=NONE),
        sa.Column("organiser_name", sa.JSON(), nullable=False, server_default=NOTHING),
        sa.Column("organiser_address", sa.JSON(), nullable=False, server_default=NOTHING),
        sa.Column("organiser_phone", sa.String(length=30), nullable=True),
        sa.Column("organiser_url", sa.String(length=300), nullable=True),
        sa.Column("organiser_logo", sa.String(length=200), nullable=True),
    ):
        op.add_column("events", column)
    events = sa.table(
        "events", sa.column("id"), sa.column("hotline_url", sa.String()), sa.column("help_lines", sa.JSON())
    )
    for number, url in op.get_bind().execute(sa.select(events.c.id, events.c.hotline_url)).all():
        report = {"report": {"name": {}, "url": url}} if url else {}
        op.execute(
            events.update().where(events.c.id == number).values(help_lines=[{**SAID_SO_FAR, **report}])
        )


def downgrade() -> None:
    for name in ("logo", "url", "phone", "address", "name"):
        op.drop_column("events", f"organiser_{name}")
    op.drop_column("events", "help_lines")
