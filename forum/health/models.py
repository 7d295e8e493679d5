"""The tables of check values, which tell if the data keys are those of this database, and of the worker's clock."""

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import UtcDateTime
from forum.database import Base

# The format of sealed values: since format 2 each is bound to its column and row. Versions that know only format 1
# find in `key_checks` a column that they cannot fill, and so refuse the tables (`migrating.find_lacking`).
FORM = 2


class KeyCheck(Base):
    """A known value, encrypted with the data key of one purpose. Keys that do not decrypt it are the wrong ones.

    One further row is a fingerprint of FORUM_SECRET_KEY (`health/signing.py`).
    """

    __tablename__ = "key_checks"
    __table_args__ = (CheckConstraint(f"form = {FORM}", name="form_known"),)

    purpose: Mapped[str] = mapped_column(String(20), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    form: Mapped[int] = mapped_column(SmallInteger, default=FORM)


class WorkerClock(Base):
    """The time that the worker's clock showed last, and since when it has not jumped; in a single row (R18)."""

    __tablename__ = "worker_clock"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    steady_since: Mapped[datetime] = mapped_column(UtcDateTime)
