"""Following the news by mail; nobody learns who is on the list (S21, S24, M06)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.extensions import db
from forum.followers import actions, ending, links
from forum.followers.choices import Choices
from forum.followers.enums import FollowPurpose, Pace
from forum.followers.models import Follower, FollowerLink, NewsMail
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.news import categories
from forum.outbox import suppression
from forum.outbox.enums import SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import Scope, read_queue
from tests.factories.events import NOW, make_archive, make_event
from tests.factories.followers import ask, make_follower, token_in
from tests.factories.news import make_category
from tests.factories.registrations import too_many, write
from tests.factories.steady_clock import go_steadily
from tests.registration.test_same_work import statements
from tools.pages import Pages

FORM = {"email": "asa@example.org", "language": "en", "pace": "weekly"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FORGET = [job for job in JOBS if job.name in {"forget followers", "forget old mails of news"}]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def forget() -> None:
    """Run the jobs that delete followers and their mails, while the worker's clock goes steadily."""
    go_steadily(clock.now())
    for job in FORGET:
        run_job(job)


def everything() -> list[int]:
    """Return how many followers, links and mails there are."""
    db.session.rollback()
    return [
        db.session.scalar(select(func.count()).select_from(model))
        for model in (Follower, FollowerLink, NewsMail, OutboxMessage)
    ]


def only() -> Follower:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Follower)).one()


def test_a_visitor_follows_changes_and_leaves(app, event, frozen):
    make_category("prevention")
    make_category("police")
    pages = Pages(app)
    page = pages.get("followers.ask")
    assert page.h1 == "Follow the news by e-mail"
    sent = pages.post("followers.ask", {**FORM, "categories": "police"}, follow=True, expect=200)
    assert (sent.path, sent.h1) == ("/en/news/follow/sent", "Look in your e-mail")
    assert only().confirmed_at is None

    link = f"/en/r/news/confirm/{token_in('asa@example.org', 'follow-asked')}"
    asked = pages.get(link)
    assert (asked.h1, only().confirmed_at) == ("Get the news by e-mail?", None)
    own = asked.submit(follow=True, expect=200)
    assert (own.h1, only().confirmed_at) == ("Your news by e-mail", NOW)
    assert Choices.of(only()) == Choices("en", Pace.WEEKLY, ["police"])
    assert "asa@example.org" in own.text
    assert "Category police" in own.text

    form = own.form("#choices")
    changed = form.submit({"language": "sv", "pace": "at_once", "categories": []}, follow=True, expect=200)
    assert Choices.of(only()) == Choices("sv", Pace.AT_ONCE, [])
    end = changed.form('form[action$="/end"]').submit(follow=True, expect=200)
    assert end.h1 == "You get no more news by e-mail"
    assert everything() == [0, 0, 0, 0]
    assert pages.get(own.path, expect=404).h1 == "This link is no longer valid"
    assert pages.get(link, expect=404).links["Follow the news by e-mail"] == "/en/news/follow"


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(app, event, frozen):
    pages = Pages(app)
    page = pages.post("followers.ask", {**FORM, "email": "asa@"}, expect=422)
    assert page.errors == {"email": "Enter an e-mail address that can receive mail, such as name@example.org"}
    assert page.soup.select_one("#pace-1").has_attr("checked")
    assert everything() == [0, 0, 0, 0]


def test_a_known_address_gets_a_mail_that_says_so_and_nothing_is_changed(app, event, frozen):
    make_follower(event, "asa@example.org", pace=Pace.WEEKLY)
    page = Pages(app).post(
        "followers.ask", {**FORM, "email": "ASA@example.org", "pace": "at_once"}, expect=303
    )
    assert page.location == "/en/news/follow/sent"
    assert only().pace == Pace.WEEKLY
    token = token_in("asa@example.org", "follow-known")
    assert Pages(app).get(f"/en/r/news/choices/{token}").h1 == "Your news by e-mail"


def work_of(event, address: str, **more) -> list[str]:
    db.session.remove()
    known = db.session.merge(event)
    with statements() as sent:
        ask(known, address, **more)
    return sent


@pytest.mark.parametrize("may_mail", [lambda _address: True, too_many], ids=["mailed", "too often"])
def test_a_known_address_takes_as_many_statements_as_a_new_one(event, frozen, may_mail):
    make_category("police")
    make_follower(event, "known@example.org")
    ask(event, "pending@example.org")
    told = {"categories": ["police"], "may_mail": may_mail}
    addresses = ("known@example.org", "new@example.org", "pending@example.org")
    work = [len(work_of(event, address, **told)) for address in addresses]
    assert work == [work[0]] * 3


@pytest.mark.slow
def test_the_limits_of_registrations_hold_here_too(make_app, sqlite_url, frozen):
    app = make_app(sqlite_url, LIMITS_ENABLED=True, REGISTRATIONS_PER_ADDRESS="2 per hour")
    with app.app_context():
        make_event()
        pages = Pages(app)
        for number in range(2):
            pages.post("followers.ask", {**FORM, "email": f"p{number}@example.org"}, expect=303)
        held = pages.post("followers.ask", FORM, expect=429)
        assert "Too many attempts" in held.text
        assert held.soup.select_one("#email")["value"] == "asa@example.org"
        assert everything()[0] == 2


def test_a_request_that_nobody_confirms_is_deleted(event, frozen):
    ask(event, "asa@example.org", now=NOW - timedelta(hours=47))
    make_follower(event)
    forget()
    assert everything()[0] == 2
    clock.freeze(NOW + timedelta(hours=1))
    forget()
    assert [one.confirmed_at is not None for one in db.session.scalars(select(Follower))] == [True]


def test_a_link_of_one_purpose_opens_nothing_else(app, event, frozen):
    follower = make_follower(event)
    pages = Pages(app)
    for purpose, path in links.PATHS.items():
        token = write(links.issue, follower, purpose, now=NOW)
        for other, foreign in links.PATHS.items():
            if other not in {purpose, FollowPurpose.LEAVE}:
                pages.get(f"/en/{foreign}{token}", expect=404)
        assert pages.get(f"/en/{path}{token}").status == 200
    late = NOW + links.CHOICES_LAST
    token = write(links.issue, follower, FollowPurpose.CHOOSE, now=NOW)
    clock.freeze(late)
    pages.get(f"/en/r/news/choices/{token}", expect=404)


def test_a_mail_program_ends_it_without_cookie_or_token_of_a_form(app, event, frozen):
    follower = make_follower(event)
    address = f"/en/r/news/leave/{write(links.issue, follower, FollowPurpose.LEAVE, now=NOW)}"
    pages = Pages(app)
    wrong = f"/en/r/news/leave/{'x' * 43}"
    assert pages.get(address).text == pages.get(wrong).text
    assert everything()[0] == 1
    answer = pages.open(wrong, method="POST", data=ONE_CLICK)
    page = pages.open(address, method="POST", data=ONE_CLICK)
    assert (page.status, page.text, page.headers.getlist("Set-Cookie")) == (200, answer.text, [])
    assert everything() == [0, 0, 0, 0]


def test_an_address_to_which_mail_comes_back_leaves_and_comes_back_by_confirming_alone(event, frozen):
    make_follower(event, "gone@example.org")
    make_follower(event, "there@example.org")
    write(suppression.suppress, "GONE@example.org", SuppressionCause.BOUNCED, event_id=event.id, now=NOW)
    forget()
    assert [one.email for one in db.session.scalars(select(Follower))] == ["there@example.org"]
    ask(event, "gone@example.org")
    assert suppression.find("gone@example.org", event.id)
    write(actions.confirm, token_in("gone@example.org", "follow-asked"), now=NOW)
    assert suppression.find("gone@example.org", event.id) is None


def test_an_earlier_complaint_stays_for_other_messages_and_a_later_one_ends_the_news(event, frozen):
    complained = {"event_id": event.id, "now": NOW - timedelta(days=9)}
    write(suppression.suppress, "asa@example.org", SuppressionCause.COMPLAINED, **complained)
    make_follower(event, "asa@example.org")
    assert suppression.find("asa@example.org", event.id)
    forget()
    assert only().email == "asa@example.org"
    write(suppression.suppress, "asa@example.org", SuppressionCause.COMPLAINED, event_id=event.id, now=NOW)
    # The worker was away for an hour. It deletes this follower at once all the same: if it waited until its clock has
    # gone steadily for a day, it would mail the news to the follower meanwhile.
    clock.freeze(NOW + timedelta(hours=1))
    for job in FORGET:
        run_job(job)
    assert everything()[0] == 0


def test_the_list_is_deleted_a_year_after_the_event(event, frozen):
    make_follower(event)
    clock.freeze(event.ends_at + ending.KEPT_AFTER_EVENT - timedelta(hours=1))
    forget()
    assert everything()[0] == 1
    clock.freeze(event.ends_at + ending.KEPT_AFTER_EVENT)
    for job in FORGET:
        run_job(job)
    assert everything()[0] == 1  # a clock that has jumped deletes nobody (R18)
    forget()
    assert everything()[:2] == [0, 0]


def test_each_event_has_followers_of_its_own_and_an_earlier_one_takes_none(app, event, frozen):
    make_archive()
    make_event(slug="osl28", is_current=False, short_name=Text(en="Oslo", sv="Oslo"))
    pages = Pages(app)
    assert pages.get("/en/events/nf16/news/follow", expect=302).location == "/en/news/follow"
    assert "/en/events/osl28/news/follow" in pages.get("/en/events/osl28/news/").links.values()
    assert pages.get("/en/events/nf16/news/").links["Follow the news by e-mail"] == "/en/news/follow"
    pages.post("/en/events/osl28/news/follow", FORM, expect=303)
    assert only().event.slug == "osl28"


def test_organisers_never_see_an_address(event, frozen):
    ask(event, "asa@example.org")
    make_follower(event)
    scope = Scope(event.id, with_accounts=True)
    assert (read_queue(scope, now=NOW).waiting, read_queue(now=NOW).waiting) == (0, 1)
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_a_follower_whose_categories_are_gone_reads_that_nothing_comes(app, event, frozen):
    gone = make_category("gone")
    make_follower(event, "asa@example.org", categories=["gone"])
    write(categories.remove, gone, actor="command", now=NOW)
    ask(event, "asa@example.org")
    page = Pages(app).get(f"/en/r/news/choices/{token_in('asa@example.org', 'follow-known')}")
    assert "None: what you chose no longer exists" in page.text
    assert "All posts" not in page.text


@pytest.mark.slow
def test_followers_of_a_merged_category_follow_the_other_one(event, frozen):
    into, gone, third = make_category("into"), make_category("gone"), make_category("third")
    both = make_follower(event, categories=["gone", "into"])
    one = make_follower(event, categories=["gone", "third"])
    write(actions.move_category, gone, into, actor="user:7", now=NOW)
    write(categories.merge, gone, into, actor="command", now=NOW)
    assert Choices.of(both).categories == ["into"]
    assert sorted(Choices.of(one).categories) == ["into", third.key]
