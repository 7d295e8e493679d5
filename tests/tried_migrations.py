"""Adds migrations to a copy of the project's, to test the added ones or to simulate a newer version of the forum."""

import shutil
from pathlib import Path

from alembic.script import ScriptDirectory

from forum import MIGRATIONS

MIGRATION = '''"""Try it."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
{upgrades}


def downgrade() -> None:
{downgrades}
'''


def copy_migrations(folder: Path) -> Path:
    """Copy the project's migrations into this folder and return the copy."""
    return Path(shutil.copytree(MIGRATIONS, folder / "migrations"))


def add_migration(migrations: Path, upgrades: str, downgrades: str = "    pass") -> Path:
    """Add a migration after the newest one; `upgrades` and `downgrades` are indented lines of Python."""
    before = ScriptDirectory(str(migrations)).get_current_head()
    revision = f"{int(before) + 1:04}"
    path = migrations / "versions" / f"{revision}_try_it.py"
    path.write_text(
        MIGRATION.format(revision=revision, before=before, upgrades=upgrades, downgrades=downgrades)
    )
    return path
