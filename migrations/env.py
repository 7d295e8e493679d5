"""Alembic's environment: migrations run on the app's engine, each in a transaction of its own."""

import sqlalchemy as sa
from alembic import context
from flask import current_app

from forum import migrating

config = context.config
database = current_app.extensions["migrate"].db


def as_plain_type(kind, item, autogen_context):
    """Render the project's column types as SQLAlchemy's own, so that migrations need not import the forum."""
    if kind == "type" and isinstance(item, sa.types.TypeDecorator):
        impl = item.impl_instance
        return f"sa.{impl!r}" if not isinstance(impl, sa.DateTime) else "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Upgrade, downgrade or compare the app's database."""
    configure_args = current_app.extensions["migrate"].configure_args
    with database.engine.connect() as connection, migrating.prepared(connection):
        connection.execution_options(sqlite_begin="IMMEDIATE")
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            transaction_per_migration=True,
            on_version_apply=migrating.StepCheck(connection),
            render_item=as_plain_type,
            include_name=lambda name, kind, parents: (
                not (kind in {"table", "index"} and migrating.is_index(name))
            ),
            **{**configure_args, "compare_type": True},
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
