"""Transactions that write the least a registration needs, as a reference for the forum's registrations."""

import time

from sqlalchemy import ForeignKey, String, create_engine, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from forum.database import engine_options, prepare_engine, start_write

MAIL = b"x" * 4000


class Bare(DeclarativeBase):
    """Base class of the tables of the reference transactions, which share nothing with the forum's tables."""


class Counter(Bare):
    """A counter of taken places."""

    __tablename__ = "bare_counters"

    id: Mapped[int] = mapped_column(primary_key=True)
    taken: Mapped[int] = mapped_column(default=0)


class Person(Bare):
    """A registered person."""

    __tablename__ = "bare_people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    organisation: Mapped[str] = mapped_column(String(200), index=True)


class Letter(Bare):
    """A mail to be sent."""

    __tablename__ = "bare_letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("bare_people.id"), index=True)
    content: Mapped[bytes]


def transactions(url: str, times: int) -> float:
    """Return the CPU time of a transaction in ms; each raises a counter, adds a person and a mail.

    The time that disk or server take is not counted: it differs from machine to machine, and from hour to hour.
    """
    engine = create_engine(url, **engine_options(url))
    prepare_engine(engine)
    with Session(engine) as session:
        start_write(session)
        Bare.metadata.create_all(session.connection())
        session.add(Counter(id=1))
        session.commit()
        began = time.process_time()
        for number in range(times):
            start_write(session)
            session.execute(update(Counter).where(Counter.id == 1).values(taken=Counter.taken + 1))
            person = Person(name=f"Åsa {number}", email=f"bare{number}@example.org", organisation="Myndighet")
            session.add(person)
            session.flush()
            session.add(Letter(person_id=person.id, content=MAIL))
            session.commit()
        seconds = time.process_time() - began
    engine.dispose()
    return 1000 * seconds / times
