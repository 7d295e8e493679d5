"""The organisers' list of invitations, filtered by sector and state."""

from itertools import product

from forum.database import start_write
from forum.extensions import db
from forum.invitations import queries
from forum.invitations.enums import InvitationState, Standing
from forum.invitations.filtering import Filters
from forum.invitations.models import PAUSED_LINK
from forum.outbox.enums import MessageStatus
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.mails import make_mails
from tests.factories.saving import save


def test_state_in_the_database_is_the_state_that_is_shown(database):
    """SQL condition and shown state agree for every combination of stored state, begun answer, link and mail."""
    event = make_event(sectors=[make_sector("tech")])
    mails = dict(zip(MessageStatus, make_mails(len(MessageStatus)), strict=True))
    start_write(db.session)
    for status, mail in mails.items():
        mail.status = status
    kinds = product(InvitationState, (None, NOW), ("", "made", "paused"), (None, *MessageStatus))
    for number, (state, opened_at, link, mail) in enumerate(kinds):
        told = {"state": state, "opened_at": opened_at, "token": f"{number:043}" if link == "made" else ""}
        told |= {} if state == InvitationState.OPEN else {"ended_at": NOW}
        told |= {"link_digest": f"{PAUSED_LINK}{number}"} if link == "paused" else {}
        one = new_invitation(event, "tech", f"{number}@example.org", **told)
        one.message = mails[mail] if mail else None
        db.session.add(one)
    db.session.commit()
    for standing in Standing:
        shown = queries.read_invitations(event, None, *Filters(None, standing).conditions())
        assert {queries.standing_of(one) for one in shown.rows} == {standing}
        counted = queries.count_by_standing(event)[standing]
        assert shown.has_next or len(shown.rows) == counted, standing


def test_list_is_filtered_by_sector_and_state(organiser, event):
    save(
        new_invitation(event, "tech", "opened@example.org", opened_at=NOW, token="i" * 43),
        new_invitation(event, "tech", "unsent@example.org"),
        new_invitation(event, "justice", "other@example.org", opened_at=NOW, token="j" * 43),
    )
    page = organiser.get("invitations.index", event="nf27")
    page = page.form("form.filters").submit({"sector": "tech", "status": "opened"}, expect=200)
    found = [name for name in ("opened@", "unsent@", "other@") if name in page.text]
    assert (found, page.path) == (["opened@"], "/console/nf27/invitations/?sector=tech&status=opened")
    assert "Nobody matches" in organiser.get("/console/nf27/invitations/?sector=ngo").text
    for query in ("?sector=x", "?status=x"):
        organiser.get(f"/console/nf27/invitations/{query}", expect=404)
