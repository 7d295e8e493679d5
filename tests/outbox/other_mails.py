"""The mails that belong neither to the course of a registration nor to an account: one of each kind.

mails = make_other_mails("sv")     by kind, in one language
"""

from datetime import timedelta

from flask import current_app
from sqlalchemy import select

from forum.events.models import Event
from forum.extensions import db
from forum.followers import mails as follower_mails
from forum.followers.models import Follower
from forum.invitations import mails as invitation_mails
from forum.mailings import actions as mailing_actions
from forum.mailings import sending
from forum.privacy import mails as privacy_mails
from forum.reveals import mails as reveal_mails
from tests.factories.events import NOW, make_event
from tests.factories.followers import ask
from tests.factories.invitations import new_invitation
from tests.factories.mailings import make_proposed
from tests.factories.news import make_post
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.registration.reading import Mail, newest_mail_to
from tools.organisers import make_user

TO_PERSON = {
    "own-data",
    "erasure-refused",
    "restriction-granted",
    "restriction-declined",
    "restriction-ending",
    "event-changed",
    "own-words",
    "erased",
}
TO_FOLLOWER = {"follow-asked", "follow-known", "news-post", "news-weekly"}
TO_INVITED = {"invitation", "invitation-reminder"}
TO_HANDLER = {"identity-revealed"}
OTHER_KINDS = TO_PERSON | TO_FOLLOWER | TO_INVITED | TO_HANDLER


FOLLOWER = "follower@example.org"


def make_other_mails(language: str) -> dict[str, Mail]:
    """Queue a mail of each of OTHER_KINDS, each about an event made for it; return the mails by kind."""
    event = make_event(slug="osl28", is_current=False)
    person = confirmed(event, email="other@example.org", language=language)
    reader, colleague = (make_user(event=event, language=language) for _number in range(2))
    invited = save(
        new_invitation(event, "justice", "invited@example.org", language=language, may_forward=True)
    )
    write(invitation_mails.queue, invited, now=NOW)
    write(invitation_mails.queue_reminder, invited, now=NOW)
    with current_app.test_request_context():  # making the mail's link needs a request context
        write(reveal_mails.queue_revealed, person, by=colleague, to=reader, now=NOW)
    changed = make_proposed(event)
    write(mailing_actions.send, changed, user_id=reader.id, actor="command", now=NOW)
    make_planned(event, now=NOW - timedelta(minutes=5))
    for recipient in [*sending.list_first(now=NOW), *sending.list_next(now=NOW)]:
        write(sending.queue_one, recipient, now=NOW)
    _follow_news(event, language)
    write(privacy_mails.queue_own_data, person, now=NOW)
    write(privacy_mails.queue_erasure_refused, person, "En tvist.", now=NOW)
    write(privacy_mails.queue_restriction_granted, person, now=NOW)
    write(privacy_mails.queue_restriction_declined, person, "En tvist.", now=NOW)
    write(privacy_mails.queue_restriction_ending, person, "Det är utrett.", ends_at=NOW, now=NOW)
    write(privacy_mails.queue_erased, person, is_all=False, stays=True, now=NOW)
    recipients = {
        **dict.fromkeys(TO_PERSON, person.email),
        **dict.fromkeys(TO_FOLLOWER, FOLLOWER),
        **dict.fromkeys(TO_INVITED, invited.email),
        **dict.fromkeys(TO_HANDLER, reader.email),
    }
    return {kind: newest_mail_to(address, kind) for kind, address in recipients.items()}


def _follow_news(event: Event, language: str) -> None:
    """Queue the mails to somebody who follows the news."""
    ask(event, FOLLOWER, language=language)
    follower = db.session.scalars(select(Follower)).one()
    # Give the posts fixed words, because `make_post` numbers its own words over all tests of a process.
    posts = [
        make_post(
            content_note="N.",
            event_id=event.id,
            slug=f"post-{number}",
            headline=f"Headline {number}",
            lead=f"Lead of post {number}.",
        )
        for number in (1, 2)
    ]
    texts = [next(text for text in post.texts if text.language == language) for post in posts]
    write(follower_mails.queue_known, follower, now=NOW)
    write(follower_mails.queue_post, follower, texts[0], now=NOW)
    write(follower_mails.queue_weekly, follower, texts, now=NOW)
