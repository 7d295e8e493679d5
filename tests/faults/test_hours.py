"""Registration opens and closes to the second by the server's clock while many people register (R20).

One second before and after each limit is tested with a frozen clock in tests/registration/test_registering.py and
tests/registration/test_choosing.py. Here registration is really open for a few seconds, while real processes are asked
all the time.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration
from tests.faults import races
from tests.faults.visitor import RECEIVED, Visitor
from tools.running import Running, kill, prepare, wait_for

pytestmark = pytest.mark.slow
PEOPLE_AT_ONCE = 4
BEFORE, OPEN = timedelta(seconds=6), timedelta(seconds=6)
NOT_YET, CLOSED = "Registration has not opened yet", "Registration is closed"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def forum(app, settings, database_url, static_folder, sqlite_template, tmp_path) -> Iterator[Running]:
    """Give a forum with two running web processes."""
    prepare(tmp_path / "serving", static_folder, sqlite_template)
    own = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS", "STATIC")}
    given = {"DATABASE_URL": database_url, "INSTANCE": tmp_path / "serving", "FORM_MIN_SECONDS": 0}
    running = Running("serve", tmp_path, "--web-only", settings={**own, **given, "LIMITS_ENABLED": 0})
    try:
        wait_for(running.answers, running)
        yield running
    finally:
        kill(running)


def test_a_crowd_is_taken_from_the_first_second_to_the_last(forum, app):
    with app.app_context():
        opens_at = clock.now() + BEFORE
        races.open_event(capacity=100_000, opens_at=opens_at, closes_at=opens_at + OPEN)
        db.engine.dispose()
    came: Counter[str] = Counter()
    early: list[str] = []

    def come(door: int) -> None:
        for number in count():
            attempt = Visitor(forum.url).register("ngo", f"door{door}-{number}@example.org")
            if clock.now() < opens_at:
                early.append(attempt.outcome)
            came[RECEIVED if attempt.outcome == RECEIVED else attempt.answer.heading] += 1
            if clock.now() > opens_at + OPEN and attempt.outcome != RECEIVED:
                return

    with ThreadPoolExecutor(PEOPLE_AT_ONCE) as people:
        list(people.map(come, range(PEOPLE_AT_ONCE)))
    with app.app_context():
        asked = db.session.scalars(select(Registration.requested_at)).all()
        mails = db.session.scalar(select(func.count()).select_from(OutboxMessage))
        assert set(came) == {NOT_YET, RECEIVED, CLOSED}
        assert (len(early) > 0, RECEIVED in early) == (True, False)
        assert came[RECEIVED] == len(asked) == mails > 0
        assert opens_at <= min(asked) <= max(asked) < opens_at + OPEN
        races.assert_counted_once()
