"""What shows whether the data keys are those that sealed this database."""

from sqlalchemy import CheckConstraint, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from forum.database import Base

# How values are sealed: each for its own column and row. Versions before this form find a column here that they
# cannot fill, and refuse the tables (`migrating.find_lacking`).
FORM = 2


class KeyCheck(Base):
    """A known value, sealed with the data key of one purpose. Keys that do not open it belong to another database.

    One further row tells which FORUM_SECRET_KEY signs (`health/signing.py`).
    """

    __tablename__ = "key_checks"
    __table_args__ = (CheckConstraint(f"form = {FORM}", name="form_known"),)

    purpose: Mapped[str] = mapped_column(String(20), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    form: Mapped[int] = mapped_column(SmallInteger, default=FORM)
