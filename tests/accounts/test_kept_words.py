"""A form sent after the sign-in has ended is kept until the same person signs in again in that browser (A11)."""

from contextvars import Context

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from forum import clock, sealed_cookies
from forum.accounts import actions, kept_words
from forum.accounts.enums import Role
from forum.accounts.models import KeptWords
from forum.database import start_write
from forum.extensions import db
from forum.questions.enums import QuestionKind
from forum.web import sent_files
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed
from tools.organisers import PASSWORD, code_of, give_password, make_user, sign_in, walk_in
from tools.pages import Pages

EXPORT = "/console/nf27/attendees/export"
LIST = f"{EXPORT}?sector=justice"
WHY = {"purpose": "contact", "recipient": "authority"}
KEPT = "Nothing has been done yet. What you entered is kept, and will be there when you are back."
CANNOT = "Nothing has been done yet. Do it again when you are back."
OURS = {"Sec-Fetch-Site": "same-origin"}
BACK = "What you entered is still here. Read it through and send it."


def arrive(pages: Pages, user) -> None:
    """Sign the browser in, with English as the language of its pages."""
    pages.open("/account/sign-in?lang=en")
    sign_in(pages, user)


def time_left(pages: Pages) -> dict[str, int]:
    """Request the time left until the sign-in ends, as the page's script does."""
    return Context().run(pages.client.get, "/account/time-left").json


def cookie(pages: Pages):
    return pages.client.get_cookie(kept_words.COOKIE, path=EXPORT)


def chosen(page) -> dict[str, str]:
    """Return the values of the options that are selected in the form."""
    return {name: page.form().data[name][0] for name in WHY if page.form().data[name]}


def send_late(pages: Pages, time, **late) -> str:
    """Open the form, send it after the sign-in has expired, and return the path of the redirect."""
    form = pages.open(LIST)
    time.forward(**late)
    return form.submit(WHY, expect=303).location


def test_values_are_there_after_signing_in_again(pages, user, time):
    arrive(pages, user)
    page = pages.open(send_late(pages, time, minutes=30))
    assert (page.h1, page.flashes) == ("Sign in", [KEPT])
    page = page.submit({"email": user.email, "password": PASSWORD})
    page = pages.open(page.location).submit({"code": code_of(user)}, expect=303)
    page = pages.open(page.location)
    assert (page.h1, page.flashes, chosen(page)) == ("Export the list", [BACK], WHY)
    assert "justice" in page.form().action


def test_values_are_there_after_confirming_with_both_factors(pages, user, time):
    arrive(pages, user)
    page = pages.open(send_late(pages, time, minutes=6))
    assert (page.h1, page.flashes) == ("Confirm that it is you", [KEPT])
    page = page.submit({"password": PASSWORD, "code": code_of(user)})
    page = pages.open(page.location)
    assert (page.flashes, chosen(page)) == ([BACK], WHY)
    assert page.submit(expect=200).headers["Content-Type"].startswith("application/vnd.openxmlformats")
    assert cookie(pages) is None
    assert pages.open(LIST).flashes == []


def test_nothing_is_kept_or_said_while_the_sign_in_is_valid(pages, user):
    arrive(pages, user)
    page = pages.open(LIST).submit(WHY, expect=200)
    assert (cookie(pages), "Set-Cookie" in page.headers, pages.open(LIST).flashes) == (None, False, [])


def test_somebody_else_in_the_same_browser_does_not_see_it(pages, user, time):
    arrive(pages, user)
    send_late(pages, time, minutes=30)
    assert cookie(pages)
    walk_in(pages, make_user(Role.ORGANISER))
    page = pages.open(LIST)
    assert (page.flashes, chosen(page)) == ([], {})


def test_the_cookie_is_encrypted_and_sent_to_its_form_only(pages, user, time):
    arrive(pages, user)
    form = pages.open(LIST)
    time.forward(minutes=30)
    (header,) = [
        value
        for value in form.submit(WHY, expect=303).headers.getlist("Set-Cookie")
        if value.startswith("words=")
    ]
    value, *attributes = header.split("; ")
    assert set(attributes) == {"HttpOnly", f"Path={EXPORT}", "SameSite=Lax"}
    assert "authority" not in value


def test_a_changed_cookie_is_not_shown(pages, user, time):
    arrive(pages, user)
    send_late(pages, time, minutes=6)
    pages.client.set_cookie(kept_words.COOKIE, cookie(pages).value[:-8] + "AAAAAAA=", path=EXPORT)
    page = pages.open(pages.open(LIST, expect=303).location).submit(
        {"password": PASSWORD, "code": code_of(user)}
    )
    assert chosen(pages.open(page.location)) == {}


def test_a_form_of_an_earlier_session_is_there_again(pages, user, time):
    """A form sent with the former session's CSRF token, after signing in again in another tab, comes back filled in."""
    arrive(pages, user)
    form = pages.open(LIST).form()
    time.forward(minutes=30)
    walk_in(pages, user)
    answer = pages.open(LIST, method="POST", data={**form.data, **WHY}, headers=OURS, expect=303)
    page = pages.open(answer.location)
    assert (page.path, page.flashes, chosen(page)) == (LIST, [BACK], WHY)
    page.submit(expect=200)


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}])
def test_values_from_another_site_are_not_kept(pages, user, time, headers):
    """Form values that another website sends are not stored for the person, and replace no stored ones."""
    arrive(pages, user)
    send_late(pages, time, minutes=30)
    forged = {**WHY, "purpose": "report", "csrf_token": "x"}
    answer = pages.open(LIST, method="POST", data=forged, headers=headers, expect=303)
    assert pages.open(answer.location).flashes == [KEPT, CANNOT]
    walk_in(pages, user)
    assert chosen(pages.open(LIST)) == {}
    pages.open(LIST, method="POST", data=forged, headers=headers, expect=400)
    assert chosen(pages.open(LIST)) == {}


def test_values_come_back_for_the_same_list_only(pages, user, time):
    arrive(pages, user)
    send_late(pages, time, minutes=6)
    page = pages.open(pages.open(EXPORT, expect=303).location)
    page.submit({"password": PASSWORD, "code": code_of(user)})
    assert chosen(pages.open(EXPORT)) == {}
    assert chosen(pages.open(LIST)) == WHY


def test_older_words_do_not_come_back_as_the_latest(pages, user, time):
    arrive(pages, user)
    form = pages.open(LIST)
    time.forward(minutes=6)
    form.submit(WHY, expect=303)
    form.submit(WHY, forged={"purpose": "x" * kept_words.LONGEST}, expect=303)
    assert cookie(pages) is None


def test_values_are_kept_for_an_hour(pages, user, time):
    arrive(pages, user)
    send_late(pages, time, minutes=30)
    time.forward(seconds=sealed_cookies.SECONDS)
    walk_in(pages, user)
    assert chosen(pages.open(LIST)) == {}


def test_a_button_alone_says_that_nothing_was_done(pages, user, time):
    arrive(pages, user)
    sign_in(Pages(pages.app), user)
    form = pages.open("/account/sessions").form()
    time.forward(minutes=30)
    page = pages.open(form.submit(expect=303).location)
    assert page.flashes == [CANNOT]


def test_passwords_are_never_kept(pages, user, time):
    arrive(pages, user)
    form = pages.get("own_account.password")
    time.forward(minutes=30)
    answer = form.submit({"password": PASSWORD, "new_password": "another one that is long"}, expect=303)
    assert "words=" not in str(answer.headers)
    assert answer.location == "/account/sign-in?next=/account/password"


def test_values_that_are_too_long_to_keep_are_announced(pages, user, time):
    arrive(pages, user)
    form = pages.open(LIST)
    time.forward(minutes=30)
    page = form.submit(WHY, forged={"purpose": "x" * kept_words.LONGEST}, expect=303)
    assert "words=" not in str(page.headers)
    assert pages.open(page.location).flashes == [CANNOT]


LONG = {"sv-headline": "Rubrik", "sv-body": "Ett långt stycke. " * 1500, "sv-lead": "Ingress"}


def write_late(pages: Pages, time) -> None:
    form = pages.get("posts.new", event="nf27")
    time.forward(minutes=30)
    page = form.submit(LONG, button="Save the draft")
    assert pages.open(page.location).flashes == [KEPT]


def test_a_whole_post_is_there_after_signing_in_again(pages, user, time):
    arrive(pages, user)
    write_late(pages, time)
    assert "långt stycke" not in str(
        db.session.connection().exec_driver_sql("SELECT * FROM kept_words").all()
    )
    walk_in(pages, user)
    page = pages.get("posts.new", event="nf27")
    assert page.flashes == [BACK]
    assert {name: page.form().data[name][0].strip() for name in LONG} == {
        name: value.strip() for name, value in LONG.items()
    }


def test_a_whole_post_is_forgotten_after_an_hour(pages, user, time):
    arrive(pages, user)
    write_late(pages, time)
    time.forward(seconds=sealed_cookies.SECONDS)
    start_write(db.session)
    actions.forget_expired(now=clock.now())
    db.session.commit()
    assert db.session.scalars(select(KeptWords)).all() == []
    walk_in(pages, user)
    assert pages.get("posts.new", event="nf27").flashes == []


def test_a_few_long_forms_of_a_person_are_kept(pages, user, time):
    arrive(pages, user)
    form = pages.get("posts.new", event="nf27")
    time.forward(minutes=30)
    for _number in range(kept_words.MOST + 2):
        form.submit(LONG, button="Save the draft")
    assert len(db.session.scalars(select(KeptWords)).all()) == kept_words.MOST


def test_long_values_come_with_headers_that_a_proxy_reads(pages, user, time):
    """nginx answers 502 when a response's headers exceed 4096 bytes, its usual limit; long values stay below it."""
    arrive(pages, user)
    form = pages.open(LIST)
    time.forward(minutes=30)
    page = form.submit(WHY, forged={"purpose": "x" * 1500}, expect=303)
    assert 3000 < len(str(page.headers)) < 4096 - 300
    assert pages.open(page.location).flashes == [KEPT]


def test_the_row_of_the_ended_sign_in_is_there_still(pages, user, time):
    arrive(pages, user)
    form = pages.open(LIST)
    time.forward(hours=3)
    start_write(db.session)
    actions.forget_expired(now=clock.now())
    db.session.commit()
    assert pages.open(form.submit(WHY, expect=303).location).flashes == [KEPT]


def test_values_are_not_kept_once_the_sign_in_is_deleted(pages, user, time):
    arrive(pages, user)
    form = pages.open(LIST)
    start_write(db.session)
    actions.end_sign_ins(user)
    db.session.commit()
    answer = form.submit(WHY, expect=303)
    assert "words=" not in str(answer.headers)
    assert pages.open(answer.location).flashes == [CANNOT]


@pytest.mark.parametrize(
    ("minutes", "left"),
    [(0, {"seconds": 1800, "longest": 43200}), (29, {"seconds": 1800, "longest": 43200 - 29 * 60})],
)
def test_how_long_the_sign_in_lasts_can_be_asked_and_asking_lengthens_it(pages, user, time, minutes, left):
    arrive(pages, user)
    time.forward(minutes=minutes)
    assert time_left(pages) == left


def test_the_last_half_hour_of_twelve_hours_is_told_as_it_is(pages, user, time):
    arrive(pages, user)
    for _ in range(35):
        time.forward(minutes=20)
        time_left(pages)
    assert time_left(pages) == {"seconds": 1200, "longest": 1200}


def test_nobody_has_no_time_left(pages, event):
    assert pages.client.get("/account/time-left").status_code == 303
    assert "sign-in-end.js" not in give_password(pages, make_user()).text


FILES = {  # for each page of the console with a field for a file: its endpoint and the field's name
    "imports.new": "file",
    "invitations.invite_many": "file",
    "library.add": "file",
    "redirects.import_file": "file",
    "attendee_answers.change": "q-cv-file",
}


@pytest.fixture
def person(event):
    """Save a person of an event that asks for a file."""
    make_question(event, "cv", QuestionKind.FILE, file_types=["pdf"], most_megabytes=1)
    return confirmed(event)


@pytest.mark.parametrize("endpoint", FILES)
def test_page_says_which_file_has_to_be_chosen_again(pages, time, event, person, endpoint):
    """The page names no file until the person has signed in again: before that somebody else may be reading it."""
    known = {"reference": person.reference} if endpoint.startswith("attendee") else {}
    arrive(pages, user := make_user(Role.ADMIN))
    form = pages.get(endpoint, event=event.slug, **known)
    time.forward(minutes=30)
    sent = {FILES[endpoint]: ("Anna Ek.pdf", b"x")}
    late = pages.open(form.submit(files=sent, expect=303).location)
    assert late.flashes == [f"{KEPT} A file that you have chosen is not kept: choose it again then."]
    sign_in(pages, user)
    again = pages.get(endpoint, event=event.slug, **known)
    assert again.flashes == [
        f"{BACK} The file that you had chosen is not kept. Choose it again: Anna Ek.pdf."
    ]


def test_page_says_in_swedish_which_file_has_to_be_chosen_again(pages, user, time, event):
    pages.open("/account/sign-in?lang=sv")
    sign_in(pages, user)
    form = pages.get("imports.new", event=event.slug).form()
    time.forward(minutes=30)
    late = pages.open(form.submit(files={"file": ("två.csv", b"x")}, expect=303).location)
    assert late.flashes[0].endswith(" En fil som du har valt följer inte med: välj den igen då.")
    sign_in(pages, user)
    (told,) = pages.get("imports.new", event=event.slug).flashes
    assert told.endswith(" Filen som du hade valt finns inte kvar. Välj den igen: två.csv.")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The files that you had chosen are not kept. Choose them again: a.pdf, b.png."),
        ("sv", "Filerna som du hade valt finns inte kvar. Välj dem igen: a.pdf, b.png."),
    ],
)
def test_several_files_are_named_together(app, language, words):
    with app.test_request_context(), force_locale(language):
        assert sent_files.to_choose_again(["a.pdf", "b.png"]) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Choose them again: 0, 1, 2, 3, 4 and 2 more."),
        ("sv", "Välj dem igen: 0, 1, 2, 3, 4 och 2 till."),
    ],
)
def test_a_page_names_at_most_five_files(app, language, words):
    """Anybody can send a form with hundreds of files, which the warning would name one by one."""
    with app.test_request_context(), force_locale(language):
        assert sent_files.to_choose_again([str(number) for number in range(7)]).endswith(words)
        assert sent_files.to_choose_again(["a"] * 5).endswith(": a, a, a, a, a.")


def test_page_where_no_file_was_chosen_says_nothing_of_files(pages, user, time, event):
    arrive(pages, user)
    form = pages.get("imports.new", event=event.slug)
    time.forward(minutes=30)
    assert pages.open(
        form.submit({"lines": "Kim"}, files={"file": ("", b"")}, expect=303).location
    ).flashes == [KEPT]
    sign_in(pages, user)
    assert pages.get("imports.new", event=event.slug).flashes == [BACK]
