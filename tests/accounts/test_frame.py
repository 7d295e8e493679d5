"""The account's pages have the console's header and menus, a link back to the page before, and recovery codes."""

import pytest

from forum.accounts import actions, queries, sign_ins
from forum.database import start_write
from forum.extensions import db
from tools.organisers import OTHER_PASSWORD, PASSWORD, code_of, make_user, sign_in
from tools.pages import Pages

LIST = "/console/nf27/attendees?sort=-name&q=berg"
PAGES = ("show", "password", "recovery_codes", "authenticator", "sessions", "confirm")
WHY = {"purpose": "door", "recipient": "office", "shape": "csv"}


@pytest.fixture
def signed_in(pages, user) -> Pages:
    pages.open("/account/sign-in?lang=en")
    sign_in(pages, user)
    return pages


def opened_from_list(pages: Pages):
    """Open the account page with the attendee list in the Referer header, as a browser does after a click there."""
    link = pages.open(LIST).soup.select_one(".console-side a[href^='/account/']")["href"]
    return pages.open(link, headers={"Referer": f"http://localhost{LIST}"})


def test_every_page_of_the_account_has_the_consoles_navigation(signed_in):
    for name in PAGES:
        page = signed_in.get(f"own_account.{name}")
        assert page.soup.select(".console-side nav a[href='/console/nf27/attendees']"), name


def test_account_leads_back_to_the_page_that_it_was_opened_from(signed_in):
    page = opened_from_list(signed_in)
    assert page.soup.select_one(".back a")["href"] == LIST
    changing = page.follow("Change the password")
    assert (
        signed_in.open(changing.soup.select_one(".back a")["href"]).soup.select_one(".back a")["href"] == LIST
    )
    done = changing.submit({"password": PASSWORD, "new_password": OTHER_PASSWORD}, follow=True)
    assert done.soup.select_one(".back a")["href"] == LIST


def test_way_back_outlives_choosing_another_language(signed_in):
    swedish = opened_from_list(signed_in).form(".console-languages").submit(button="Svenska", follow=True)
    assert (swedish.soup.html["lang"], swedish.soup.select_one(".back a")["href"]) == ("sv", LIST)


def test_way_back_outlives_confirming_with_both_factors(signed_in, user, time):
    page = opened_from_list(signed_in)
    time.forward(minutes=6)
    asked = page.follow("Change the recovery codes", expect=303)
    confirming = signed_in.open(asked.location)
    page = confirming.submit({"password": PASSWORD, "code": code_of(user)}, follow=True)
    assert page.h1 == "New recovery codes?"
    assert signed_in.open(page.soup.select_one(".back a")["href"]).soup.select_one(".back a")["href"] == LIST


@pytest.mark.parametrize(
    "origin", ["http://localhost.evil/console/", "http://localhost/en/", "x", "http://["]
)
def test_another_site_or_page_is_no_way_back(signed_in, origin):
    page = signed_in.open("/account/", headers={"Referer": origin})
    assert page.soup.select_one(".back a")["href"] == sign_ins.CONSOLE


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/en/", "/console/../x", "x"])
def test_way_back_leads_nowhere_else(signed_in, target):
    page = signed_in.get("own_account.show", next=target)
    assert page.soup.select_one(".back a")["href"] == sign_ins.CONSOLE


def test_new_codes_come_as_a_file_without_script_or_address(signed_in, user):
    page = signed_in.get("own_account.recovery_codes").submit(expect=200)
    codes = page.all(".codes code")
    form = page.form("form[action$=file]")
    assert not any(code in form.action for code in codes)
    file = form.submit(expect=200)
    assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert file.headers["Content-Disposition"] == "attachment; filename=recovery-codes.txt"
    assert file.headers["Cache-Control"] == "no-store"
    assert file.data.decode().split("\r\n")[3:-1] == codes


def test_file_holds_no_other_text_than_the_users_own_codes(signed_in, user):
    page = signed_in.get("own_account.recovery_codes").submit(expect=200)
    form, codes = page.form("form[action$=file]"), page.all(".codes code")
    other = make_user()
    start_write(db.session)
    theirs = actions.renew_recovery_codes(other, now=sign_ins.clock.now())
    db.session.commit()
    for text in ("", "Call +46 8 …", f"{codes[0]} Call", codes[0].upper(), theirs[0], " ".join(codes * 2)):
        answer = form.submit(forged={"codes": text}, expect=303)
        assert answer.location == "/account/", text
    assert form.submit(forged={"codes": codes[3]}, expect=200).data.decode().count(codes[3]) == 1
    assert queries.count_recovery_codes(user) == 10


def test_first_codes_of_a_new_organiser_come_as_a_file_too(pages, event):
    user = make_user(totp_secret=None)
    page = walk_in_for_the_first_time(pages, user)
    assert page.h1 == "Your recovery codes"
    file = page.form("form[action$=file]").submit(expect=200)
    assert file.data.decode().split("\r\n")[3:-1] == page.all(".codes code")


def walk_in_for_the_first_time(pages, user):
    from tools.organisers import code_for, give_password

    give_password(pages, user)
    page = pages.get("/account/set-up", lang="en")
    db.session.refresh(user)
    return page.submit({"code": code_for(user.totp_proposed)}, expect=200)


def test_codes_offer_no_other_language_which_would_lead_away_from_them(signed_in, event):
    page = signed_in.get("own_account.recovery_codes")
    assert page.all(".console-languages button") == ["Svenska", "English"]
    page = page.submit(expect=200)
    assert (page.h1, page.soup.select(".console-languages, .site-languages")) == ("Your recovery codes", [])
    pages = Pages(signed_in.app)
    first = walk_in_for_the_first_time(pages, make_user(totp_secret=None))
    assert (first.h1, first.soup.select(".console-languages, .site-languages")) == ("Your recovery codes", [])


def test_copy_and_print_buttons_wait_for_their_script(signed_in):
    page = signed_in.get("own_account.recovery_codes").submit(expect=200)
    for button in page.soup.select("[data-copy], [data-print]"):
        assert button.has_attr("hidden")
    assert len(page.soup.select("[data-copy], [data-print]")) == 2


def test_export_soon_after_signing_in_asks_for_nothing_more(signed_in, user, time):
    time.forward(minutes=4, seconds=59)
    page = signed_in.open("/console/nf27/attendees/export")
    assert page.submit(WHY, expect=200).headers["Content-Type"].startswith("text/csv")
    time.forward(seconds=2)
    assert signed_in.open("/console/nf27/attendees/export", expect=303).location.startswith(
        "/account/confirm"
    )


def test_export_soon_after_confirming_or_setting_up_asks_for_nothing_more(pages, event, time):
    user = make_user(totp_secret=None)
    walk_in_for_the_first_time(pages, user)
    pages.open("/console/nf27/attendees/export", expect=200)
