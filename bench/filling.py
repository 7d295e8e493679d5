"""Databases for benchmarks: the demo forum with enough places and a given number of registrations."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, insert, select, text, update

from forum import clock, create_app
from forum.columns import Text
from forum.commands import seeding
from forum.database import start_write
from forum.demo import touring
from forum.demo.loader import load_demo
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.events.queries import find_current, find_event
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.news.models import Post, PostText
from forum.news.searching import search_text
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Answer, Choice, Question
from forum.registration import names
from forum.registration.models import Registration
from forum.web.static import build_static

ROOM = 200_000
CHOSEN = ("first", "second", "third")
TEN_KINDS = (
    *[QuestionKind.TEXT, QuestionKind.LONG_TEXT, QuestionKind.NUMBER, QuestionKind.YES_NO] * 2,
    *[QuestionKind.ONE_OF, QuestionKind.SEVERAL_OF],
)


class Asks(Enum):
    """The questions of the current event's form besides the core questions."""

    CORE = "core"  # the form asks no questions besides the core ones
    DEMO = "demo"  # the form also asks the questions that the demo event comes with
    TEN_MORE = "ten more"  # the form asks ten more questions, one of them about diet or access


def new_app(folder: Path, database_url: str, *, asks: Asks = Asks.CORE) -> Flask:
    """Return an app on a new database with the demo and more places than registrations will need."""
    build_static(Path(__file__).resolve().parent.parent / "static", folder / "static")
    # Send mails to many people without a limit a minute: the benchmark measures how fast they can be made and sent.
    pace = {"BULK_MAILS_PER_MINUTE": 0, "BULK_MAILS_PER_MINUTE_AND_DOMAIN": 0}
    places = {"INSTANCE": folder, "DATABASE_URL": database_url, "STATIC": folder / "static"}
    app = create_app({**places, **pace})
    with app.app_context():
        upgrade()
        start_write(db.session)
        load_demo(now=clock.now())
        db.session.execute(update(Event).where(Event.is_current).values(capacity=ROOM))
        current = find_current()
        if asks != Asks.DEMO:
            demos = update(Question).where(Question.event_id == current.id)
            db.session.execute(demos.values(withdrawn_at=clock.now()))
        if asks == Asks.TEN_MORE:
            db.session.add_all(question(current, *each) for each in enumerate(TEN_KINDS, 100))
        db.session.execute(update(Sector).where(Sector.event_id == current.id).values(ceiling=ROOM))
        db.session.commit()
    return app


def add_events(app: Flask, number: int) -> list[str]:
    """Add events like the current one, for which nobody has registered; return their slugs."""
    with app.app_context():
        start_write(db.session)
        _current, *added = touring.find_all(number + 1, now=clock.now())
        slugs = [event.slug for event in added]
        db.session.commit()
        return slugs


def add_registrations(app: Flask, number: int, slug: str | None = None, letter: str = "B") -> None:
    """Add confirmed registrations in bulk, for the current event or another, and raise the counters of taken places.

    Their references begin with `letter`, which has to be another one for each event.
    """
    with app.app_context():
        start_write(db.session)
        event, now = find_event(slug) if slug else find_current(), clock.now()
        rows = [
            _row(event, event.sectors[index % len(event.sectors)], index, now, letter)
            for index in range(number)
        ]
        for start in range(0, number, 1000):
            db.session.execute(insert(Registration), rows[start : start + 1000])
        for sector in event.sectors:
            sector.taken += sum(row["sector_id"] == sector.id for row in rows)
        event.taken += number
        db.session.commit()
        seeding.settle()


def add_in_review(app: Flask, number: int) -> None:
    """Add registrations that wait for a decision, in the reviewed sector."""
    with app.app_context():
        start_write(db.session)
        event, now = find_current(), clock.now()
        sector = next(sector for sector in event.sectors if sector.policy == SectorPolicy.REVIEW)
        waits = {"status": "in_review", "holds_place": False, "review_since": now, "version": 1}
        rows = [{**_row(event, sector, index, now), **waits} for index in range(number)]
        db.session.execute(insert(Registration), rows)
        db.session.commit()


def add_posts(app: Flask, number: int) -> None:
    """Add public posts in bulk, spread over ten years, and let the worker's job index them."""
    with app.app_context():
        start_write(db.session)
        now = clock.now()
        first = (db.session.scalar(select(func.max(Post.id))) or 0) + 1
        for start in range(first, first + number, 1000):
            ids = range(start, min(start + 1000, first + number))
            db.session.execute(
                insert(Post), [_post(each, now - timedelta(days=3650) * (each / number)) for each in ids]
            )
            db.session.execute(insert(PostText), [_text(each, code) for each in ids for code in ("sv", "en")])
        db.session.commit()
        run_job(next(job for job in JOBS if job.name == "index posts"))


def question(event: Event, position: int, kind: QuestionKind) -> Question:
    """Return a new question for all sectors; a question that allows several choices is about diet or access."""
    is_care = kind == QuestionKind.SEVERAL_OF
    said = Text(sv=f"Fråga {position}", en=f"Question {position}")
    offered = CHOSEN if kind in (QuestionKind.ONE_OF, QuestionKind.SEVERAL_OF) else ()
    return Question(
        event_id=event.id,
        key=f"bench-{position}",
        kind=kind,
        position=position,
        sensitivity=Sensitivity.CARE if is_care else Sensitivity.ORDINARY,
        label=said,
        help=said,
        sector_keys=[],
        depends_on_values=[],
        choices=[Choice(key=key, position=place, label=said) for place, key in enumerate(offered)],
    )


def add_answers(question: Question, chosen: Mapping[int, str]) -> None:
    """Add answers to a question in bulk: `chosen` has the key of a choice for each registration's id."""
    rows = [
        {"registration_id": person, "question_id": question.id, "value": key}
        for person, key in chosen.items()
    ]
    for start in range(0, len(rows), 1000):
        db.session.execute(insert(Answer), rows[start : start + 1000])
    if db.engine.dialect.name == "postgresql":
        # PostgreSQL gathers statistics by itself within a minute, but not here: autovacuum is off in benchmarks.
        db.session.execute(text("ANALYZE answers"))


def _post(number: int, moment: datetime) -> dict:
    key = {"key": f"bulk-{number}", "has_help_box": False, "author": Text(sv="Kansliet", en="The office")}
    return {"id": number, **key, "published_at": moment, "announced_at": moment}


def _text(number: int, language: str) -> dict:
    said = {
        "headline": f"Post{number} om barn {number % 97}",
        "lead": f"Hur de nordiska länderna arbetar tillsammans, del {number % 31}.",
        "body": " ".join(f"Mening {number * 7 + each} om polis, skola och barnläkare." for each in range(40)),
    }
    address = {"post_id": number, "language": language, "slug": f"bulk-{number}-{language}", "label": ""}
    return {**address, **said, "search_text": search_text(**said)}


def _row(event: Event, sector: Sector, index: int, now: datetime, letter: str = "B") -> dict:
    given, family = f"Åsa{index % 977}", f"Bergström{index % 3881}"
    email, organisation = f"bulk{index}@example.org", f"Exempelmyndigheten {index % 400}"
    reference = f"{letter}{index // 10_000:03d}-{index % 10_000:04d}"
    return {
        "event_id": event.id,
        "sector_id": sector.id,
        "reference": reference,
        "status": "confirmed",
        "holds_place": True,
        "given_name": given,
        "family_name": family,
        "sort_key": names.sort_key(family, given),
        "search_text": names.search_fold(f"{given} {family} {organisation} {email} {reference}"),
        "email": email,
        "email_canonical": email,
        "organisation": organisation,
        "organisation_key": names.organisation_key(organisation),
        "organisation_sort_key": names.sort_key(organisation, ""),
        "title": "",
        "country": "SE",
        "language": "sv",
        "requested_at": now - timedelta(seconds=number_of_seconds(index)),
        "confirm_by": now,
        "confirmed_at": now,
        "calendar_sequence": 0,
        "version": 1,
    }


def number_of_seconds(index: int) -> int:
    """Return how many seconds ago the registration with this index was made; they are spread over a month."""
    return 60 + index * 2_500_000 // 100_000
