"""A mail that another worker has taken, or that was withdrawn after it was claimed, is not sent."""

import pytest

from forum.extensions import db
from forum.outbox import delivery, outcomes
from forum.outbox.enums import MessageStatus
from forum.outbox.outstanding import Outstanding
from tests.factories.mails import make_mail
from tests.factories.registrations import write

GONE = delivery.Claim(987_654, "another worker")


class Silent:
    """A transport that fails the test when a mail is sent."""

    def __enter__(self):
        return self

    def __exit__(self, *_problem):
        return None

    def connect(self) -> None:
        """Accept a connection."""

    def deliver(self, _envelope) -> None:
        pytest.fail("a mail was sent")


@pytest.mark.usefixtures("database", "frozen")
def test_a_worker_without_a_mail_to_claim_ends_its_round(monkeypatch):
    """Another worker may take the last due mail after this worker has seen it and before this worker claims it."""
    monkeypatch.setattr(delivery, "open_transport", Silent)
    monkeypatch.setattr(delivery, "_may_send", lambda *_conditions: True)
    assert delivery.deliver_due() == 0


@pytest.mark.usefixtures("database", "frozen")
def test_a_mail_that_is_gone_after_it_was_claimed_is_not_sent():
    assert delivery._deliver_one(Silent(), GONE, Outstanding())
    outcomes.note_sent(GONE)
    db.session.rollback()


@pytest.mark.usefixtures("frozen")
def test_a_mail_without_content_fails_alone(database):
    mail = make_mail()
    write(take, mail)
    with pytest.raises(delivery.PermanentFailure, match="there are no bytes to send"):
        delivery._open(delivery.Claim(mail.id, "me"))


def take(mail) -> None:
    mail.status, mail.lease_owner, mail.content = MessageStatus.INFLIGHT, "me", None
    mail.lease_until = mail.next_attempt_at
