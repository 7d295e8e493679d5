"""News by mail: each post goes once to whoever wants it, and a withdrawn post to nobody (R12, R18, M06, M10, M13)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from flask_babel import force_locale
from sqlalchemy import select, update

from forum import clock
from forum.columns import Text
from forum.commands import after_restore
from forum.database import start_write
from forum.extensions import db
from forum.followers import mail_words, queries, sending, weekly
from forum.followers.enums import NewsMailStatus, Pace
from forum.followers.models import Follower, MailedPost, NewsMail
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.news import actions as news
from forum.news.models import Post
from forum.outbox import delivery, suppression
from forum.outbox.enums import Lane, MessageStatus, SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD
from tests.factories.events import NOW, make_event
from tests.factories.followers import ask, make_follower, token_in
from tests.factories.mails import mark_all_sent
from tests.factories.news import make_category, make_post
from tests.factories.registrations import write
from tests.factories.steady_clock import go_steadily
from tests.registration.reading import newest_mail_to
from tools.pages import Pages

OF_NEWS = [job for job in JOBS if ("news" in job.name and "forget" not in job.name) or "posts" in job.name]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATER = NOW + sending.PAUSE
# When followers get the news of a week: on the first Friday after NOW, nine o'clock in Stockholm.
FRIDAY = datetime(2027, 5, 7, 7, 0, tzinfo=UTC)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def work(at: datetime = LATER) -> None:
    """Run the worker's jobs about news at a moment."""
    clock.freeze(at)
    db.session.rollback()
    for job in OF_NEWS:
        run_job(job)
    db.session.rollback()
    db.session.expire_all()


def told() -> list[tuple[str, str]]:
    """Return recipient and kind of each mail with news that was not aborted, the oldest first."""
    db.session.rollback()
    query = select(OutboxMessage.recipient, OutboxMessage.kind).where(OutboxMessage.kind.in_(queries.NEWS))
    mails = query.where(OutboxMessage.status != MessageStatus.ABORTED).order_by(OutboxMessage.id)
    return [tuple(row) for row in db.session.execute(mails)]


def fresh(**differing) -> Post:
    """Save a post that has come out at NOW."""
    return make_post(**{"published_at": NOW, "announced_at": NOW, **differing})


def test_a_post_goes_to_those_who_want_it_after_a_pause(event, frozen):
    police, other = make_category("police"), make_category("other")
    wants = [
        make_follower(event, "every@example.org"),
        make_follower(event, "police@example.org", categories=["other", "police"]),
    ]
    make_follower(event, "other@example.org", categories=["other"])
    make_follower(event, "swede@example.org", language="sv")
    make_follower(event, "weekly@example.org", pace=Pace.WEEKLY)
    ask(event, "pending@example.org")
    fresh(languages=("en",), categories=[police], headline="Two arrests", lead="What it was about.")
    work(LATER - MINUTE)
    assert told() == []
    work()
    assert told() == [(one.email, "news-post") for one in wants]
    work(LATER + MINUTE)
    assert len(told()) == 2
    assert other.key == "other"
    mail = newest_mail_to("every@example.org", "news-post")
    assert (mail.subject, mail.row.lane) == ("Two arrests", Lane.BULK)
    assert "What it was about." in mail.text


def test_headers_offer_to_leave_by_one_press_and_links_work(app, event, frozen):
    make_follower(event, "asa@example.org")
    post = fresh(headline="Two arrests")
    work()
    mail = newest_mail_to("asa@example.org", "news-post")
    read = message_from_bytes(mail.raw, policy=policy.default)
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (read["List-Id"].partition(".")[0], read["Precedence"]) == ("<news", "bulk")
    pages = Pages(app)
    link = "/" + read["List-Unsubscribe"].strip("<>").split("/", 3)[3]
    assert link in mail.text
    assert pages.get(link).h1 == "No more news by e-mail?"
    token = token_in("asa@example.org", "news-post")
    assert pages.get(f"/en/r/news/choices/{token}").h1 == "Your news by e-mail"
    address = next(line for line in mail.text.splitlines() if "/news/2027/" in line)
    assert pages.get("/" + address.split("/", 3)[3]).h1 == post.texts[0].headline
    pages.open(link, method="POST", data={"List-Unsubscribe": "One-Click"})
    assert told() == []
    mailed = db.session.get(MailedPost, post.id)
    assert (mailed.sent, mailed.failed) == (0, 0)


@pytest.mark.slow
def test_a_subject_does_not_name_the_forum(event, frozen):
    make_follower(event, "asa@example.org")
    fresh(headline=f"All about {event.name['en']}")
    work()
    assert newest_mail_to("asa@example.org", "news-post").subject == "A new post in the news"


def test_a_post_that_is_taken_back_does_not_go_out_and_goes_once_when_it_is_mended(event, frozen):
    make_follower(event, "first@example.org")
    post = fresh()
    write(news.withdraw, post, actor="command", now=NOW + MINUTE)
    work()
    assert told() == []
    write(news.publish, post, actor="command", now=LATER)
    work(LATER + sending.PAUSE)
    assert told() == [("first@example.org", "news-post")]
    mark_all_sent()
    make_follower(event, "second@example.org", now=NOW - MINUTE)
    write(news.withdraw, post, actor="command", now=NOW + DAY)
    write(news.publish, post, actor="command", now=NOW + DAY)
    work(NOW + DAY + sending.PAUSE)
    assert told() == [("first@example.org", "news-post"), ("second@example.org", "news-post")]


def test_withdrawing_takes_back_what_has_not_left(event, frozen):
    for name in ("a", "b", "c"):
        make_follower(event, f"{name}@example.org")
    post = fresh()
    work()
    first = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).first()
    start_write(db.session)
    sent = update(OutboxMessage).where(OutboxMessage.id == first.id)
    db.session.execute(sent.values(status=MessageStatus.SENT, sent_at=NOW, content=None))
    db.session.commit()
    write(news.withdraw, post, actor="command", now=LATER)
    assert told() == [("a@example.org", "news-post")]
    write(news.publish, post, actor="command", now=LATER)
    work(LATER + sending.PAUSE)
    assert Counter(told()) == Counter((f"{name}@example.org", "news-post") for name in "abc")


def test_a_post_without_mail_and_an_old_one_that_is_imported_stay_unmailed(event, frozen):
    make_follower(event)
    make_follower(event, pace=Pace.WEEKLY)
    fresh(goes_by_mail=False)
    make_post(published_at=NOW - 30 * DAY, announced_at=NOW)
    work()
    work(FRIDAY)
    assert told() == []


def test_an_old_post_counts_as_new_only_if_it_is_planned_for_later_and_its_page_says_so(app, event, frozen):
    make_follower(event)
    post = make_post(published_at=NOW - 30 * DAY, announced_at=NOW - 30 * DAY)
    write(news.withdraw, post, actor="command", now=NOW)
    with app.test_request_context(), force_locale("en"):
        assert mail_words.tell_reach(post).endswith("at a later time it counts as new.")
        write(news.schedule, post, NOW + MINUTE, actor="command", now=NOW)
        assert mail_words.tell_reach(post) == "It goes to 1 follower in English."
    work(NOW + MINUTE)
    work(LATER + MINUTE)
    assert len(told()) == 1


def test_the_desk_says_that_a_post_goes_to_nobody_whose_followers_want_other_categories(app, event, frozen):
    """The reason may be language, category or event, so the sentence names none."""
    _wanted, other = make_category("police"), make_category("other")
    make_follower(event, categories=["police"])
    post = fresh(categories=[other])
    with app.test_request_context(), force_locale("en"):
        assert mail_words.tell_reach(post) == "None of those who follow the news by e-mail gets this post."
    with app.test_request_context(), force_locale("sv"):
        assert (
            mail_words.tell_reach(post)
            == "Ingen av dem som följer nyheterna via e-post får det här inlägget."
        )


def test_a_post_that_was_begun_goes_to_nobody_after_a_move_to_another_event_or_a_restore(event, frozen):
    other = make_event(slug="osl28", is_current=False)
    make_follower(event)
    moved, restored = fresh(event_id=event.id), fresh(event_id=event.id)
    for number in (moved.id, restored.id):
        assert write(sending.begin, number, now=LATER) == 1
    write(setattr, moved, "event_id", other.id)
    work()
    assert len(told()) == 1
    write(lambda: db.session.execute(update(NewsMail).values(status=NewsMailStatus.WAITING)))
    write(lambda: after_restore.quiet(db.session.connection(), NOW))
    work(LATER + MINUTE)
    assert len(told()) == 1


def test_a_correction_or_a_change_is_not_mailed(event, frozen):
    make_follower(event)
    post = fresh()
    work()
    write(news.correct, post, Text(en="Not two, three.", sv="Tre."), actor="command", now=LATER)
    work(LATER + DAY)
    assert len(told()) == 1


@pytest.mark.slow
def test_an_address_that_follows_two_events_gets_a_common_post_once(event, frozen):
    other = make_event(slug="osl28", is_current=False)
    make_follower(event, "asa@example.org")
    make_follower(other, "ASA@example.org")
    fresh(event_id=other.id)
    fresh(event_id=None)
    work()
    assert sorted(told()) == [("ASA@example.org", "news-post"), ("asa@example.org", "news-post")]
    for each in db.session.scalars(select(Follower)).all():
        write(setattr, each, "pace", Pace.WEEKLY)
    fresh(event_id=None)
    work(LATER + MINUTE)
    work(FRIDAY)
    assert len([kind for _address, kind in told() if kind == "news-weekly"]) == 1


def test_a_suppressed_address_leaves_the_list_instead_of_getting_a_mail(event, frozen):
    make_follower(event, "gone@example.org")
    make_follower(event, "there@example.org")
    write(suppression.suppress, "gone@example.org", SuppressionCause.COMPLAINED, event_id=event.id, now=NOW)
    fresh()
    work()
    assert [each for each, _kind in told()] == ["there@example.org"]
    assert [one.email for one in db.session.scalars(select(Follower))] == ["there@example.org"]


@pytest.mark.slow
def test_the_outbox_holds_only_some_mails_of_the_news(event, frozen, monkeypatch):
    monkeypatch.setattr(queries, "AT_ONCE", 2)
    for number in range(3):
        make_follower(event, f"p{number}@example.org")
    fresh()
    work()
    assert len(told()) == 2
    work()
    assert len(told()) == 2
    mark_all_sent()
    work()
    assert len(told()) == 3


@pytest.mark.slow
def test_a_post_comes_too_late_for_a_mail_of_its_own_and_stands_in_the_weekly_one(event, frozen):
    make_follower(event, "once@example.org")
    make_follower(event, "weekly@example.org", pace=Pace.WEEKLY)
    fresh()
    work(NOW + sending.LATEST)
    assert told() == []
    work(FRIDAY)
    assert told() == [("weekly@example.org", "news-weekly")]


def test_a_weekly_mail_has_the_posts_since_the_last_one_and_none_twice(event, frozen):
    follower = make_follower(event, "asa@example.org", pace=Pace.WEEKLY)
    fresh(headline="On Monday")
    fresh(headline="På måndag", languages=("sv",))
    work()
    work(FRIDAY - MINUTE)
    assert told() == []
    work(FRIDAY)
    work(FRIDAY + MINUTE)
    mail = newest_mail_to("asa@example.org", "news-weekly")
    assert told() == [("asa@example.org", "news-weekly")]
    assert "On Monday" in mail.text
    assert "På måndag" not in mail.text
    assert mail.subject == "News of the week"
    mark_all_sent()
    work(FRIDAY + 7 * DAY)
    assert len(told()) == 1
    fresh(headline="Again", published_at=FRIDAY + 8 * DAY, announced_at=FRIDAY + 8 * DAY)
    work(FRIDAY + 9 * DAY)
    work(FRIDAY + 14 * DAY)
    assert "On Monday" not in newest_mail_to("asa@example.org", "news-weekly").text
    assert len(told()) == 2
    assert db.session.get(Follower, follower.id).weekly_at == FRIDAY + 14 * DAY


def test_a_missed_hour_is_left_out_and_the_next_mail_has_its_posts(event, frozen):
    make_follower(event, "asa@example.org", pace=Pace.WEEKLY)
    fresh()
    work()
    work(FRIDAY + weekly.WINDOW)
    assert told() == []
    work(FRIDAY + 7 * DAY)
    assert len(told()) == 1


def unsent_weekly(event, *, headline: str = "On Monday") -> OutboxMessage:
    """Make a weekly mail with one post; return its row, which has not left."""
    make_follower(event, "asa@example.org", pace=Pace.WEEKLY)
    fresh(headline=headline)
    work()
    work(FRIDAY)
    return newest_mail_to("asa@example.org", "news-weekly").row


@pytest.mark.parametrize("tried", [False, True])
def test_a_weekly_mail_that_has_not_left_is_taken_back_and_the_next_one_has_its_posts(event, frozen, tried):
    """While the mail server is away, the worker goes on making mails (R18)."""
    late = unsent_weekly(event)
    if tried:
        write(setattr, late, "status", MessageStatus.AWAITING_RETRY)
    second = FRIDAY + 8 * DAY
    fresh(headline="On Saturday", published_at=second - 7 * DAY, announced_at=second - 7 * DAY)
    work(FRIDAY + 7 * DAY - MINUTE)
    assert len(told()) == 1
    clock.freeze(FRIDAY + 7 * DAY)
    delivery.deliver_due()
    assert db.session.get(OutboxMessage, late.id, populate_existing=True).status != MessageStatus.SENT
    work(FRIDAY + 7 * DAY)
    assert told() == [("asa@example.org", "news-weekly")]
    mail = newest_mail_to("asa@example.org", "news-weekly")
    assert ("On Monday" in mail.text, "On Saturday" in mail.text) == (True, True)
    work(FRIDAY + 14 * DAY)
    work(FRIDAY + 21 * DAY)
    assert told() == [("asa@example.org", "news-weekly")]
    assert "On Monday" in newest_mail_to("asa@example.org", "news-weekly").text


def test_late_weekly_mails_take_no_room_from_the_next_ones(event, frozen, monkeypatch):
    monkeypatch.setattr(queries, "AT_ONCE", 1)
    unsent_weekly(event)
    assert [queries.count_room(at) for at in (FRIDAY, FRIDAY + 7 * DAY)] == [0, 1]


def test_a_late_weekly_mail_that_is_being_sent_just_now_or_held_by_a_restore_stays(event, frozen):
    late, due = unsent_weekly(event), FRIDAY + 7 * DAY
    write(setattr, late, "lease_until", due + MINUTE)
    work(due)
    assert (told(), weekly.list_late_mails(now=due + MINUTE)) == (
        [("asa@example.org", "news-weekly")],
        [late.id],
    )
    write(setattr, late, "lease_until", None)
    write(setattr, late, "next_attempt_at", HELD)
    assert weekly.list_late_mails(now=due + MINUTE) == []
    fresh(headline="On Saturday", published_at=due - 6 * DAY, announced_at=due - 6 * DAY)
    work(due + MINUTE)
    assert told() == [("asa@example.org", "news-weekly")] * 2


def test_a_late_weekly_mail_to_a_follower_who_now_gets_each_post_at_once_may_leave(event, frozen):
    late = unsent_weekly(event)
    write(setattr, db.session.scalars(select(Follower)).one(), "pace", Pace.AT_ONCE)
    work(FRIDAY + 7 * DAY)
    assert told() == [("asa@example.org", "news-weekly")]
    assert db.session.get(OutboxMessage, late.id, populate_existing=True).not_after is None


@pytest.mark.slow
def test_a_clock_that_was_wrong_for_a_moment_costs_no_later_mail(event, frozen):
    make_follower(event, "asa@example.org", pace=Pace.WEEKLY)
    fresh()
    work()
    start_write(db.session)
    db.session.execute(update(Follower).values(weekly_at=FRIDAY + 364 * DAY))
    db.session.commit()
    work(FRIDAY)
    assert len(told()) == 1


def test_a_weekly_mail_is_made_anew_without_a_withdrawn_post(event, frozen):
    make_follower(event, "asa@example.org", pace=Pace.WEEKLY)
    stays, goes = fresh(headline="Stays"), fresh(headline="Goes")
    work()
    work(FRIDAY)
    assert "Goes" in newest_mail_to("asa@example.org", "news-weekly").text
    write(news.withdraw, goes, actor="command", now=FRIDAY)
    assert told() == []
    work(FRIDAY + MINUTE)
    mail = newest_mail_to("asa@example.org", "news-weekly")
    assert "Stays" in mail.text
    assert "Goes" not in mail.text
    rows = db.session.scalars(select(NewsMail.post_id)).all()
    assert rows == [stays.id]


@pytest.mark.slow
def test_a_change_of_pace_brings_no_post_twice(event, frozen):
    follower = make_follower(event, "asa@example.org")
    fresh()
    work()
    assert len(told()) == 1
    write(setattr, follower, "pace", Pace.WEEKLY)
    work(FRIDAY)
    assert len(told()) == 1


def test_a_failed_mail_counts_and_nobody_is_asked_to_send_it_again(event, frozen):
    make_follower(event)
    post = fresh()
    work()
    start_write(db.session)
    db.session.execute(update(OutboxMessage).values(status=MessageStatus.FAILED))
    db.session.commit()
    work(LATER + MINUTE)
    assert db.session.scalars(select(NewsMail.status)).all() == [NewsMailStatus.FAILED]
    assert (told(), queries.count_results(post)) == ([], (0, 1, 0))


@pytest.mark.slow
def test_old_mails_and_rows_are_deleted_and_their_numbers_stay(event, frozen):
    make_follower(event)
    post = fresh()
    work()
    mark_all_sent()
    assert queries.count_results(post) == (1, 0, 0)
    (forget,) = [job for job in JOBS if job.name == "forget old mails of news"]
    clock.freeze(NOW + 31 * DAY)
    assert run_job(forget) == 0
    go_steadily(clock.now())
    run_job(forget)
    assert (told(), queries.count_results(post)) == ([], (1, 0, 0))
    clock.freeze(NOW + 61 * DAY)
    go_steadily(clock.now())
    run_job(forget)
    assert queries.count_results(post) == (0, 0, 0)
    assert db.session.get(MailedPost, post.id, populate_existing=True).sent == 1
