"""Limits keep the forum from flooding a mailbox with mails, and no client can use up another's limit (S24, S25)."""

from contextlib import suppress
from datetime import timedelta

import pytest

from forum.audit import queries as audit
from forum.audit.queries import DOMAIN_LIMITED, FORMS_BRAKED, NETWORK_LIMITED
from forum.outbox.models import OutboxMessage
from forum.registration.limits import WAIT_SECONDS, base_mailbox, brake, may_mail, refuse_full_domain
from forum.registration.models import Registration, RegistrationToken, Submission
from forum.web import limits
from forum.web.forms import new_form_key
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen", "database")
ANSWERS = {"given_name": "Anna", "organisation": "Exempelstad", "country": "SE", "language": "en"}


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def send(app):
    """Return a function that sends the form from a network address. All clients use one CSRF token."""
    pages = Pages(app)
    token = pages.get("registration.details", sector="justice").soup.select_one("input[name=csrf_token]")

    def send(email: str, client: str = "192.0.2.1", **differing):
        form = {**ANSWERS, "email": email, "csrf_token": token["value"], "key": new_form_key(), **differing}
        where = {"REMOTE_ADDR": client}
        return pages.client.post("/en/register/justice", data=form, environ_overrides=where)

    return send


@pytest.fixture
def event(database):
    return make_event(capacity=1000)


def statuses(database) -> list[str]:
    database.rollback()
    return [row.status for row in database.query(OutboxMessage).order_by(OutboxMessage.id)]


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("anna@example.org", "anna@example.org"),
        ("Anna+0@Example.ORG", "anna@example.org"),
        ("an.na+a+b@example.org", "anna@example.org"),
        ("+only@example.org", "+only@example.org"),
        ("a.nna+x@googlemail.com", "anna@gmail.com"),
        ("anna-maria@example.org", "anna-maria@example.org"),
        ("åsa@räksmörgås.example", "åsa@xn--rksmrgs-5wao1o.example"),
    ],
)
def test_sub_addresses_lead_to_one_mailbox(address, base):
    assert base_mailbox(address) == base


@pytest.mark.parametrize("make_known", [False, True], ids=["unknown", "known"])
def test_a_mailbox_gets_three_messages_of_one_client_and_ten_of_all(event, send, database, make_known):
    if make_known:
        confirmed(event, email="anna@example.org")
    before = len(statuses(database))

    pages = [send("anna@example.org")]
    pages += [send(f"an.na+{number}@example.org") for number in range(4)]
    pages += [send(f"anna+{number}@example.org", f"198.51.100.{number}") for number in range(10, 20)]

    assert statuses(database)[before:] == [
        *["queued"] * 3,
        *["withheld"] * 2,
        *["queued"] * 7,
        *["withheld"] * 3,
    ]
    assert {(page.status_code, page.location) for page in pages} == {(303, "/en/register/received")}


def test_owner_whose_mailbox_a_stranger_floods_still_gets_a_link_with_the_own_answers(event, send, database):
    for _ in range(5):
        send("anna@example.org", given_name="Stranger")
    send("anna@example.org", "198.51.100.7", given_name="Anna")

    assert statuses(database) == ["queued"] * 3 + ["withheld"] * 2 + ["queued"]
    link = database.query(RegistrationToken).order_by(RegistrationToken.created_at).all()[-1]
    carried = [form.answers["given_name"] for form in database.query(Submission) if form.answers]
    assert (link.revoked_at, carried.count("Anna"), carried.count("Stranger")) == (None, 1, 3)


def test_the_link_form_and_the_registration_form_count_together(event, send, database, app):
    confirmed(event, email="anna@example.org")
    before = len(statuses(database))
    for _ in range(2):
        send("anna+x@example.org")
    pages = Pages(app)
    pages.client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
    for _ in range(2):
        pages.post("registration.resend", {"email": "anna@example.org"}, expect=303)
    assert statuses(database)[before:] == ["queued"] * 3 + ["withheld"]


def test_the_same_form_sent_again_costs_no_message(event, send, database):
    key = new_form_key()
    for _ in range(4):
        send("anna@example.org", key=key)
    send("anna@example.org")
    assert statuses(database) == ["queued", "queued"]


def test_a_domain_that_got_enough_refuses_known_and_unknown_addresses_alike(event, send, app, database):
    confirmed(event, email="known@example.org")
    app.config["MAILS_PER_DOMAIN"] = "2 per hour"
    for number in range(2):
        assert send(f"person{number}@example.org").status_code == 303
    count = database.query(Registration).count()

    refused = [send(email, given_name="Ässa") for email in ("known@example.org", "new@example.org")]

    assert [page.status_code for page in refused] == [429, 429]
    for page in refused:
        assert "Too many messages to your e-mail domain" in page.text
        assert "Ässa" in page.text
        assert 'formaction="/en/register/justice"' in page.text
    assert send("new@example.com").status_code == 303
    assert database.query(Registration).count() == count + 1
    link = Pages(app).post("registration.resend", {"email": "known@example.org"}, expect=429)
    assert "Wait a while and try again" in link.text
    swedish = link.submit(button="Svenska", expect=200)
    assert "För många försök" in swedish.text
    assert "Too many attempts" in swedish.submit(button="English", expect=200).text
    assert (
        "Too many attempts"
        not in Pages(app).get("registration.resend").submit(button="Svenska", expect=200).text
    )


def test_a_public_mail_provider_is_no_domain_of_one_organisation(event, send, app):
    app.config["MAILS_PER_DOMAIN"] = "1 per hour"
    assert [send(f"person{number}@gmail.com").status_code for number in range(3)] == [303] * 3


def test_withheld_messages_cost_a_domain_nothing(event, send, app):
    app.config["MAILS_PER_DOMAIN"] = "5 per hour"
    for _ in range(8):
        send("anna@example.org")
    assert send("bo@example.org").status_code == 303


def test_places_are_held_for_a_client_up_to_the_setting_and_the_page_is_the_same(event, send, app, database):
    app.config["PLACES_HELD_PER_ADDRESS"] = 1
    answers = [send(f"person{number}@example.org") for number in range(3)]
    send("other@example.org", "198.51.100.1")
    database.rollback()
    people = database.query(Registration).order_by(Registration.id).all()
    assert [person.holds_place for person in people] == [True, False, False, True]
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/en/register/received")}
    assert len({person.asked_from for person in people}) == 3
    assert all("192.0.2" not in (person.asked_from or "") for person in people)


def test_no_address_and_no_domain_stands_in_the_counters(event, send, app, tmp_path):
    send("anna@example.org")
    stored = b"".join(path.read_bytes() for path in (tmp_path / "instance").glob("limits.sqlite3*"))
    assert (b"mail to a mailbox" in stored, b"anna" in stored, b"example.org" in stored) == (
        True,
        False,
        False,
    )


# Tests of the limit for all clients together, which is called the brake


@pytest.fixture
def moment(monkeypatch):
    """Give the time by which rate limits are counted, as a list of one number that a test may raise."""
    now = [limits.time.time()]
    monkeypatch.setattr(limits.time, "time", lambda: now[0])
    return now


def test_beyond_the_brake_a_form_is_taken_when_it_is_sent_again_a_moment_later(event, app, database, moment):
    app.config["REGISTRATIONS_IN_ALL"] = "1 per 10 minutes"
    app.config["REGISTRATIONS_PER_ADDRESS"] = "3 per 10 minutes"
    pages = Pages(app)
    first, second = (check_answers(pages, f"person{number}@example.org") for number in range(2))
    first.submit(button="Register")

    held = second.submit(button="Register", expect=429)
    moment[0] += WAIT_SECONDS - 1
    too_soon = held.submit(button="Register", expect=429)
    moment[0] += 1
    sent = too_soon.submit(button="Register", expect=303)

    assert (held.h1, held.headers["Retry-After"]) == ("A great many forms are being sent just now", "20")
    assert held.all(".summary-list dd")[0] == "Anna"
    assert (sent.location, database.query(Registration).count()) == ("/en/register/received", 2)


def check_answers(pages, email):
    return pages.post(
        "registration.details", {**ANSWERS, "email": email}, sector="justice", follow=True, expect=200
    )


def test_the_first_sending_into_the_brake_costs_a_client_none_of_its_forms(event, send, app, moment):
    app.config["REGISTRATIONS_IN_ALL"] = "1 per 10 minutes"
    app.config["REGISTRATIONS_PER_ADDRESS"] = "1 per 10 minutes"
    send("first@example.org", "198.51.100.1")
    keys = [new_form_key() for _ in range(3)]
    assert [send("anna@example.org", key=key).status_code for key in keys] == [429] * 3
    moment[0] += WAIT_SECONDS
    assert send("anna@example.org", key=keys[0]).status_code == 303


def test_forms_that_have_waited_are_bounded_too_and_a_wait_opens_for_one_form_only(event, send, app, moment):
    app.config["REGISTRATIONS_IN_ALL"] = "2 per 10 minutes"
    keys = [new_form_key() for _ in range(5)]

    def send_all():
        return [
            send(f"p{n}@example.org", f"198.51.100.{n}", key=key).status_code for n, key in enumerate(keys)
        ]

    assert send_all() == [303, 303, 429, 429, 429]
    moment[0] += WAIT_SECONDS
    assert [send_all()[2:], send("new@example.org").status_code] == [[303, 303, 429], 429]
    assert send("other@example.org", key=keys[2]).status_code == 429


def test_what_is_held_back_is_recorded_in_few_entries_with_its_reason(event, send, app, database, moment):
    app.config["REGISTRATIONS_IN_ALL"] = "1 per 10 minutes"
    app.config["REGISTRATIONS_PER_ADDRESS"] = "1 per 10 minutes"
    app.config["MAILS_PER_DOMAIN"] = "1 per hour"
    for number in range(6):
        send(f"person{number}@example.org", f"198.51.100.{number}")
    moment[0] += 600
    for _ in range(2):
        send("person@example.org")
    database.rollback()
    found = [(brake.action, brake.times, brake.last_at) for brake in audit.list_brakes(event, NOW)]
    assert found == [(FORMS_BRAKED, 4, NOW), (DOMAIN_LIMITED, 1, NOW), (NETWORK_LIMITED, 1, NOW)]
    assert audit.list_brakes(event, NOW + timedelta(seconds=1)) == []


def test_the_brake_holds_requests_for_links_and_keeps_the_address(event, app, database, moment):
    """Requests for links are counted apart from registrations, so that many of them do not stop registering."""
    app.config["REGISTRATIONS_IN_ALL"] = "1 per 10 minutes"
    app.config["REGISTRATIONS_PER_ADDRESS"] = "3 per 10 minutes"
    person = confirmed(event, email="anna@example.org")
    form = Pages(app).get("registration.resend").form()
    form.submit({"email": "nobody@example.org"}, expect=303)

    held = form.submit({"email": person.email}, expect=429)
    swedish = held.submit(button="Svenska", expect=200)
    moment[0] += WAIT_SECONDS
    other = form.submit({"email": "other@example.org"}, expect=429)
    sent = swedish.submit(button="Skicka en länk", expect=303)

    assert "A great many forms are being sent just now" in held.text
    assert (held.headers["Retry-After"], other.headers["Retry-After"]) == ("20", "20")
    assert "just nu" in swedish.text
    assert sent.location == "/sv/register/link/sent"
    links = database.query(OutboxMessage).filter_by(kind="link")
    assert [mail.recipient for mail in links] == [person.email]
    check_answers(Pages(app), "bo@example.org").submit(button="Register", expect=303)
    assert [(brake.action, brake.times) for brake in audit.list_brakes(event, NOW)] == [(FORMS_BRAKED, 2)]


# Tests of crowds of people that no limit may stop


@pytest.mark.parametrize("domain", ["example.org", "gmail.com"])
def test_defaults_let_five_hundred_people_of_one_domain_through_in_the_first_minute(app, moment, domain):
    for number in range(500):
        with app.test_request_context(environ_base={"REMOTE_ADDR": f"198.51.{number // 250}.{number % 250}"}):
            limits.spend(limits.client_limit())
            brake(f"form {number}")
            refuse_full_domain(f"person{number}@{domain}")
            assert may_mail(f"person{number}@{domain}")


def test_sixty_people_of_one_domain_behind_one_address_get_their_places_and_messages(event, send, database):
    answers = [send(f"first.last{number}@agency.example").status_code for number in range(60)]
    assert answers == [303] * 60
    assert statuses(database) == ["queued"] * 60
    assert database.query(Registration).filter(Registration.holds_place).count() == 60


def test_forty_people_behind_one_address_can_all_ask_for_a_link(event, app, database):
    last = confirmed(event, email="person39@agency.example")
    form = Pages(app).get("registration.resend").form()
    for number in range(40):
        form.submit({"email": f"person{number}@agency.example"}, expect=303)
    links = database.query(OutboxMessage).filter_by(kind="link")
    assert [(mail.recipient, mail.status) for mail in links] == [(last.email, "queued")]


@pytest.mark.slow
def test_five_hundred_clients_register_with_the_default_limits(event, send, database):
    answers = [send(f"p{n}@agency.example", f"198.51.{n // 250}.{n % 250}").status_code for n in range(500)]
    assert (set(answers), set(statuses(database))) == ({303}, {"queued"})
    assert database.query(Registration).filter(Registration.holds_place).count() == 500


def test_no_client_alone_uses_up_the_messages_of_a_domain(app, moment):
    """One client that sends forms and asks for links must not use up all mails that may go to an authority's domain."""
    for number in range(600):
        path = ("/en/register/justice", "/en/register/link")[number % 2]
        moment[0] += 600 if number % 120 == 119 else 0
        with app.test_request_context(path, environ_base={"REMOTE_ADDR": "198.51.100.1"}):
            limits.spend(limits.client_limit())
            with suppress(limits.TooManyTries):
                refuse_full_domain(f"p{number}@agency.example")
                may_mail(f"p{number}@agency.example")
    with app.test_request_context(environ_base={"REMOTE_ADDR": "198.51.100.2"}):
        refuse_full_domain("minister@agency.example")
