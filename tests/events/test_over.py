"""Once an event is over nobody is invited, reminded, imported or added by hand."""

from datetime import timedelta

import pytest

from forum.extensions import db
from forum.imports import actions as imports
from forum.invitations import actions, many, reminding
from forum.invitations.actions import Invitee, Terms
from forum.invitations.errors import EventOver
from forum.invitations.models import Invitation
from forum.registration import by_hand
from forum.registration.applicant import Details
from forum.registration.errors import RegistrationClosed
from tests.factories.events import NOW, make_archive, make_sector
from tests.factories.registrations import write
from tools.organisers import make_user


def test_nobody_is_invited_reminded_or_imported(database):
    event, user = make_archive(sectors=[make_sector("ngo", ceiling=9)]), make_user()
    sector, terms = event.sectors[0], Terms(NOW + timedelta(days=1))
    kim = Invitee("Kim", "Ek", "kim@example.org", "", "en", "")
    told = imports.Terms(
        reason="Our list.", sends_links=False, may_wait=False, headings="", columns={}, form_key="form"
    )
    by = {"user_id": user.id, "now": NOW}
    for rule, arguments, more in (
        (actions.invite, (event, sector, kim, terms), by),
        (many.invite_all, (event, [many.Row(1, sector, kim)], terms), by),
        (reminding.ask, (event,), {"expected": 0, "actor": "command", "now": NOW}),
    ):
        with pytest.raises(EventOver):
            write(rule, *arguments, **more)
        db.session.rollback()
    with pytest.raises(imports.EventOver):
        write(imports.carry_out, event, [], told, **by)
    db.session.rollback()
    with pytest.raises(RegistrationClosed):
        write(
            by_hand.add,
            event,
            sector,
            Details("Kim", "Ek", "Byrån", "Jurist", "SE", "en", None),
            email="",
            reason="Late.",
            may_wait=False,
            actor="command",
            now=NOW,
        )
    db.session.rollback()
    assert db.session.query(Invitation).count() == 0
