"""Add the readers of the list of participants; add to each consent what the list shows, and to which readers.

Why: organisers choose who reads the list, and people how they are shown. A consent that is older names no readers and
shows nobody; an earlier version that runs beside this one writes such consents. The column of events is added in
place: copying the table would turn the checks of the columns of reviews (0039) into checks of the whole table, and the
downgrade of 0039 could not drop these columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

AUDIENCES = "'off', 'participants', 'public'"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE events ADD COLUMN participant_list VARCHAR(20) DEFAULT 'off' NOT NULL"
        f" CONSTRAINT ck_events_participant_list_known CHECK (participant_list IN ({AUDIENCES}))"
    )
    with op.batch_alter_table("consents") as consents:
        consents.add_column(sa.Column("listed_as", sa.String(20)))
        consents.add_column(sa.Column("audience", sa.String(20)))
        consents.create_check_constraint(
            op.f("ck_consents_listed_as_known"), "listed_as IN ('name', 'organisation')"
        )
        consents.create_check_constraint(op.f("ck_consents_audience_known"), f"audience IN ({AUDIENCES})")


def downgrade() -> None:
    with op.batch_alter_table("consents") as consents:
        consents.drop_constraint(op.f("ck_consents_audience_known"))
        consents.drop_constraint(op.f("ck_consents_listed_as_known"))
        consents.drop_column("audience")
        consents.drop_column("listed_as")
    op.drop_column("events", "participant_list")
