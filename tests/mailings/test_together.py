"""Several workers make and send one message together: each person gets it once, and nobody is missing (R11, R12)."""

from collections import Counter
from datetime import timedelta

import pytest

from forum.extensions import db
from forum.mailings.enums import MailingStatus
from forum.mailings.queries import Counts, count_by_result
from tests.factories.events import NOW
from tests.factories.mails import mark_all_sent
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed

# More people than a message may have mails in the outbox at once (`sending.AT_ONCE`), at two mail domains.
PEOPLE, WORKERS = 130, 3


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.mark.slow
def test_workers_write_to_each_person_once(frozen, event, own_process, smtp_server):
    keys = [sector.key for sector in event.sectors]
    addresses = {
        confirmed(event, keys[number % len(keys)], email=f"p{number}@d{number % 2}.example").email
        for number in range(PEOPLE)
    }
    mark_all_sent()
    mailing = make_planned(event, now=NOW - timedelta(minutes=5))
    server = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": smtp_server.port, "ENV": "development"}
    unpaced = {"BULK_MAILS_PER_MINUTE": 0, "BULK_MAILS_PER_MINUTE_AND_DOMAIN": 0}
    working = [
        own_process("tests.mailings.sending_processes", **server, **unpaced) for _number in range(WORKERS)
    ]
    assert [worker.wait(120) for worker in working] == [0] * WORKERS

    got = Counter(recipient for _sender, recipients in smtp_server.envelopes for recipient in recipients)
    assert got == Counter(addresses)
    db.session.rollback()
    db.session.refresh(mailing)
    assert mailing.status == MailingStatus.DONE
    assert count_by_result([mailing])[mailing.id] == Counts(sent=PEOPLE)
