"""Answers too long for a cookie are in a row that only the browser's cookie can decrypt (A07).

The row tells nothing without the cookie, ends with its time, is replaced by the next answers of the same browser and
deleted with the registration. Where none can be written, the answers are shown at once.
"""

from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from flask import session
from limits.errors import StorageError
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.extensions import db
from forum.health import keys
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.questions.enums import QuestionKind
from forum.registration import answer_cookies, kept_answers
from forum.registration.kept_answer_models import KeptAnswers
from forum.registration.models import Registration
from forum.sealing import unseal_with_token
from tests.factories.events import NOW, make_archive, make_event, make_sector
from tests.factories.questions import make_question
from tests.registration.filling import typed
from tests.registration.test_answer_cookies import ANSWERS, CHECK, GONE
from tools.pages import Pages

# Ten answers that together are as long as a form accepts: one of 2,000 letters, and nine with emoji.
TEXTS = {f"q-text{number}": f"Åäö 👩‍💻 {number} " * 30 for number in range(9)} | {
    "q-text9": "word " * 399 + "words"
}
TEXTS = {name: text.strip() for name, text in TEXTS.items()}
LONG = {**ANSWERS, **TEXTS}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def event(database):
    clock.freeze(NOW)
    event = make_event()
    for number in range(10):
        make_question(event, f"text{number}", QuestionKind.LONG_TEXT)
    yield event
    clock.freeze(None)


@pytest.fixture
def answered(pages):
    """Send the filled-in form and give the response, a redirect to "Check your answers"."""
    return fill_in(pages)


def fill_in(pages, answers=LONG, expect=303):
    return pages.get("registration.details", sector="justice").submit(answers, expect=expect)


def rows() -> list[KeptAnswers]:
    db.session.rollback()
    return list(db.session.scalars(select(KeptAnswers)))


def digests() -> set[str]:
    return {row.digest for row in rows()}


def shown(page) -> list[str]:
    return page.all(".summary-list dd")


def cookie_of(pages, name: str = "kept"):
    return pages.client.get_cookie(name, path="/en/register")


def content_of(app, pages, name: str = "kept"):
    """Return the decrypted content of the browser's cookie."""
    with app.test_request_context(headers={"Cookie": f"{name}={cookie_of(pages, name).value}"}):
        with pages.client.session_transaction() as kept:
            session.update(kept)
        return answer_cookies._take(name)


def test_long_answers_are_checked_at_an_address_that_can_be_read_again(pages, answered, database):
    """Checking, reading again, the other language, going back and registering work for answers of any length."""
    assert answered.location == CHECK
    for _time in range(2):
        page = pages.get(CHECK)
        assert [text for text in TEXTS.values() if text not in shown(page)] == []
    swedish = page.submit(button="Svenska", follow=True)
    assert (swedish.path, swedish.h1) == ("/sv/register/justice/check", "Kontrollera dina svar")
    change = pages.get(CHECK).submit(button="Change given name", follow=True)
    assert change.path == "/en/register/justice?change=1#given_name"
    given = {name: [answer] for name, answer in TEXTS.items()}
    assert given.items() <= typed(change).items()
    again = change.submit({"given_name": "Sif"}, follow=True)
    assert (again.path, shown(again)[0]) == (CHECK, "Sif")
    again.submit(button="Register", follow=True)
    assert database.query(Registration).one().given_name == "Sif"
    back = pages.get(CHECK)
    assert (back.h1, back.soup.select("form")) == (GONE, [])


def test_what_is_longer_than_a_form_accepts_is_kept_for_another_language_and_sector(pages):
    """Ten texts of 2,000 letters with emoji are too long together to be sent, and are kept until they are shortened."""
    texts = {name: ("Åäö 👩‍💻🧡 " * 250)[:2000].strip() for name in TEXTS}
    given = {name: [answer] for name, answer in texts.items()}
    page = pages.get("registration.details", sector="justice").submit(texts, button="Svenska", follow=True)
    assert page.path == "/sv/register/justice?change=1"
    assert given.items() <= typed(page).items()
    page = page.submit(button="Välj en annan sektor", follow=True).submit(button="Civilsamhälle", follow=True)
    assert page.path == "/sv/register/ngo?change=1"
    assert given.items() <= typed(page).items()


@pytest.mark.usefixtures("answered")
def test_a_wrong_address_is_changed_with_every_other_answer_kept(pages, database):
    """After sending, "Change it" fills in the form, except the answer about protected identity, to be sent again."""
    received = pages.get(CHECK).submit(button="Register", follow=True)
    assert "Your other answers are kept" in received.text
    form = received.submit(button="Change it", follow=True)
    assert form.path == "/en/register/justice?change=1#email"
    told = {name: [answer] for name, answer in LONG.items() if name not in ("is_protected", "real_name")}
    assert typed(form) == {**typed(pages.get("registration.details", sector="justice")), **told}
    received = form.submit({"email": "right@example.org"}, follow=True).submit(button="Register", follow=True)
    assert "right@example.org" in received.text
    assert {row.email for row in database.query(Registration)} == {"thordis@example.org", "right@example.org"}


def test_what_was_sent_is_stored_without_protected_identity_and_diet(app, pages, event):
    make_question(event, "diet", QuestionKind.LONG_TEXT, care=True)
    fill_in(pages, {**LONG, "q-diet": "Nuts"})
    pages.get(CHECK).submit(button="Register")
    _sector, told = content_of(app, pages, "sent")
    _sector, answers = kept_answers.find(told[answer_cookies.STORED], now=NOW)
    assert answers["q-text9"] == TEXTS["q-text9"]
    assert answers.keys().isdisjoint({"is_protected", "real_name", "q-diet", "key"})


def test_short_answers_write_nothing(pages):
    answer = fill_in(pages, ANSWERS)
    pages.get(CHECK).submit(button="Register")
    assert (answer.location, rows()) == (CHECK, [])


def test_a_row_tells_nothing_without_the_cookie(app, pages, answered):
    """Even with all keys of the site, a row shows nothing without the token, and its length is always the same."""
    (row,) = rows()
    token = content_of(app, pages)[1][answer_cookies.STORED]
    assert (row.digest, token in str(vars(row))) == (digest(token), False)
    location = kept_answers._location(row.event_id)
    assert unseal_with_token(row.content, token, location).endswith(bytes(1000))
    for key in (row.digest, "", token[:-1]):
        with pytest.raises(InvalidTag):
            unseal_with_token(row.content, key, location)
    length = len(row.sealed_content)
    fill_in(pages, {**LONG, "real_name": "", "is_protected": False})
    fill_in(Pages(app), {**LONG, "real_name": "S" * 200})
    assert {len(row.sealed_content) for row in rows()} == {length}


def test_answers_replace_those_of_the_same_browser_and_go_when_it_sends_them(app, pages, answered):
    """One browser has one row for its form, and one for what it has sent; short answers leave none."""
    first = digests()
    fill_in(pages, {**LONG, "given_name": "Sif"})
    fill_in(other := Pages(app))
    second = digests()
    assert (len(first), len(second), first & second) == (1, 2, set())
    fill_in(other, ANSWERS)
    assert len(third := digests()) == 1
    pages.get(CHECK).submit(button="Register")
    (sent,) = rows()
    assert (sent.digest in third, sent.ends_at) == (False, NOW + timedelta(minutes=15))
    fourth = digests()
    fill_in(pages)
    pages.get(CHECK).submit(button="Register")
    assert (len(digests()), digests() & fourth) == (1, set())


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(("minutes", "heading"), [(59, "Check your answers"), (60, GONE)])
def test_answers_end_on_the_server_when_their_time_is_over(pages, minutes, heading):
    clock.freeze(NOW + timedelta(minutes=minutes))
    page = pages.get(CHECK)
    start_write(db.session)
    gone = kept_answers.forget_old(now=clock.now())
    db.session.commit()
    assert (page.h1, gone, len(rows())) == (heading, int(heading == GONE), int(heading != GONE))


@pytest.mark.usefixtures("answered")
def test_the_worker_deletes_them_whatever_its_clock_has_done(app):
    """The worker does not wait until its clock has gone steadily, because the privacy notice promises an hour."""
    clock.freeze(NOW + timedelta(minutes=60))
    (job,) = (job for job in JOBS if job.run is kept_answers.forget_old)
    assert (run_job(job), rows(), job.seconds) == (1, [], 60)


@pytest.mark.usefixtures("answered")
def test_the_next_form_deletes_those_whose_time_is_over(app, monkeypatch):
    """Without a worker, old answers take up no room: the next form may use the only row that the test allows."""
    monkeypatch.setattr(kept_answers, "MOST", 1)
    before = digests()
    clock.freeze(NOW + timedelta(minutes=60))
    fill_in(Pages(app))
    assert (len(digests()), digests() & before) == (1, set())


@pytest.mark.usefixtures("answered")
def test_a_sent_form_whose_row_is_gone_keeps_the_address(pages):
    received = pages.get(CHECK).submit(button="Register")
    start_write(db.session)
    kept_answers.forget_old(now=NOW + timedelta(hours=2))
    db.session.commit()
    page = pages.get(received.location)
    assert ("thordis@example.org" in page.text, "Your other answers" in page.text) == (True, False)
    form = page.submit(button="Change it", follow=True)
    assert (typed(form)["email"], typed(form)["given_name"]) == (["thordis@example.org"], [""])


@pytest.mark.usefixtures("answered")
def test_a_sent_form_leaves_no_row_where_it_cannot_be_stored_for_the_next_pages(pages, monkeypatch):
    """The row of the form, with what it says about protected identity, is deleted on sending all the same."""
    check = pages.get(CHECK)
    monkeypatch.setattr(answer_cookies, "takes", lambda *_given: False)
    assert len(rows()) == 1
    received = check.submit(button="Register", follow=True)
    assert (received.h1, rows()) == ("Check your e-mail", [])


def refuse_writes(monkeypatch):
    def fail(_session):
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database or disk is full"))

    monkeypatch.setattr(answer_cookies, "start_write", fail)


def lose_counters(monkeypatch):
    def fail(*_given):
        raise StorageError(OSError())

    monkeypatch.setattr(answer_cookies, "takes", fail)


REFUSING = {
    "a full disk or a locked database": refuse_writes,
    "counters out of reach": lose_counters,
    "a full table": lambda patch: patch.setattr(kept_answers, "MOST", 0),
    "a client's limit": lambda patch: patch.setattr(answer_cookies, "takes", lambda *_given: False),
    "too long": lambda patch: patch.setattr(kept_answers, "LENGTH", 100),
}


@pytest.mark.parametrize("why", REFUSING)
def test_answers_that_cannot_be_stored_are_shown_at_once(pages, monkeypatch, database, why):
    REFUSING[why](monkeypatch)
    page = fill_in(pages, expect=200)
    assert (page.h1, shown(page)[0], rows()) == ("Check your answers", "Þórdís", [])
    received = page.submit(button="Register", follow=True)
    assert received.h1 == "Check your e-mail"
    form = received.submit(button="Change it", follow=True)
    assert (typed(form)["email"], typed(form)["q-text9"]) == (["thordis@example.org"], [""])
    assert database.query(Registration).one().given_name == "Þórdís"


def test_sent_answers_that_cannot_be_stored_again_leave_the_address(pages, answered, monkeypatch):
    received = pages.get(CHECK).submit(button="Register", follow=True)
    refuse_writes(monkeypatch)
    form = received.submit(button="Change it", follow=True)
    assert (typed(form)["email"], typed(form)["q-text9"]) == (["thordis@example.org"], [""])


def test_a_client_stores_answers_only_so_often(app, pages, monkeypatch):
    monkeypatch.setattr(answer_cookies, "MOST_OFTEN", "2 per hour")
    app.config["LIMITS_ENABLED"] = True
    for status in (303, 303, 200):
        fill_in(pages, expect=status)


@pytest.mark.usefixtures("answered")
def test_the_answers_of_another_browser_are_not_shown(app, pages):
    stranger = Pages(app)
    stranger.get("registration.details", sector="justice")
    stranger.client.set_cookie("kept", cookie_of(pages).value, path="/en/register")
    assert stranger.get(CHECK).h1 == GONE
    pages.client.delete_cookie("forum")
    assert pages.get(CHECK).h1 == GONE


@pytest.mark.usefixtures("answered")
def test_a_damaged_cookie_shows_nothing(pages):
    value, form = cookie_of(pages).value, "/en/register/justice?change=1"
    assert typed(pages.get(form))["given_name"] == ["Þórdís"]
    for forged in (value[:-8], value[8:], value + value, value * 20, value[:-8] + "AAAAAAA=", "A" * 4000):
        pages.client.set_cookie("kept", forged, path="/en/register")
        assert pages.get(CHECK).h1 == GONE
        assert typed(pages.get(form))["given_name"] == [""]


def test_a_cookie_used_again_after_sending_shows_nothing(pages, answered):
    value = cookie_of(pages).value
    pages.get(CHECK).submit(button="Register")
    pages.client.set_cookie("kept", value, path="/en/register")
    assert pages.get(CHECK).h1 == GONE


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize("column", ["content", "event_id"])
def test_a_row_that_is_changed_in_the_database_does_not_open(app, pages, column):
    """Whoever can write to the database, but has no cookie, cannot show somebody's answers in another browser."""
    mine, elsewhere = rows()[0].digest, make_archive(slug="elsewhere")
    fill_in(Pages(app), {**LONG, "given_name": "Bertil"})
    (theirs,) = (row for row in rows() if row.digest != mine)
    values = {"content": theirs.sealed_content, "event_id": elsewhere.id}
    start_write(db.session)
    table = KeptAnswers.__table__
    db.session.execute(update(table).where(table.c.digest == mine).values({column: values[column]}))
    db.session.commit()
    assert pages.get(CHECK).h1 == GONE


@pytest.mark.usefixtures("answered")
def test_answers_for_another_event_lead_to_their_own(pages, event):
    """A cookie copied to the pages of another event leads to the answers' own event, never into a form of the other."""
    make_archive(slug="elsewhere", sectors=[make_sector("justice")])
    path = "/en/events/elsewhere/register"
    pages.client.set_cookie("kept", cookie_of(pages).value, path=path)
    assert pages.get(f"{path}/justice/check", expect=302).location == CHECK


def test_storing_does_not_tell_which_events_are_not_public(pages):
    make_event(slug="secret", is_current=False, is_published=False)
    core = {"given_name": 100, "family_name": 100, "organisation": 200, "title": 150, "real_name": 200}
    long = {**ANSWERS, **{name: "𐌰" * length for name, length in core.items()}}
    answers = [fill_in(pages, {**long, "event": slug}, expect=404) for slug in ("secret", "nothing")]
    assert (answers[0].all("main p")[:-1], rows()) == (answers[1].all("main p")[:-1], [])


def test_answers_are_read_by_another_app_with_the_same_keys(make_app, database_url, pages, answered):
    """A second app with the same settings reads the answers that the first one has stored, as in another process."""
    other = Pages(make_app(database_url, FORM_MIN_SECONDS=0))
    for name, path in (("kept", "/en/register"), ("forum", "/")):
        other.client.set_cookie(name, pages.client.get_cookie(name, path=path).value, path=path)
    assert shown(other.get(CHECK))[0] == "Þórdís"


@pytest.mark.usefixtures("answered")
def test_answers_outlive_a_rotation_of_keys_and_end_with_a_lost_key(app, pages):
    known = app.config["DATA_KEYS"]["identity"]
    known.insert(0, bytes(range(32)))
    before = rows()[0].sealed_content
    assert keys.rotate()[1] == 0
    assert (rows()[0].sealed_content != before, shown(pages.get(CHECK))[0]) == (True, "Þórdís")
    known.pop()
    assert pages.get(CHECK).h1 == GONE


@pytest.mark.usefixtures("answered")
def test_a_row_whose_key_is_lost_does_not_open(app, pages):
    """A row that was encrypted under a key that is gone, as after a restore with other keys, is as good as deleted."""
    known = app.config["DATA_KEYS"]["identity"]
    known.insert(0, bytes(range(32)))
    keys.rotate()
    known.pop(0)
    assert pages.get(CHECK).h1 == GONE


def test_an_earlier_version_finds_no_answers_before_sending_and_the_address_after(app, pages, answered):
    """The earlier version expects a sector and a dict of answers in each cookie, and takes no token for answers."""
    sector, told = content_of(app, pages)
    assert (sector, set(told)) == ("", {answer_cookies.STORED})
    pages.get(CHECK).submit(button="Register")
    sector, told = content_of(app, pages, "sent")
    assert (sector, set(told)) == ("justice", {"email", "event", answer_cookies.STORED})
