"""Attempts to sign in are limited, but an attacker cannot lock the account's owner out (S25)."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

from forum import clock
from forum.accounts.models import SignIn
from forum.extensions import db
from tests.accounts.reading import mails_to
from tools.organisers import PASSWORD, code_of, give_password, walk_in
from tools.pages import Pages

WRONG = "not the right password"


def from_address(app, address: str) -> Pages:
    pages = Pages(app)
    pages.client.environ_base["REMOTE_ADDR"] = address
    return pages


def test_ten_wrong_passwords_shut_only_the_guesser_out(app, user):
    guesser, owner = from_address(app, "203.0.113.5"), from_address(app, "198.51.100.7")
    for _ in range(10):
        give_password(guesser, user, WRONG, expect=422)
    assert give_password(guesser, user, PASSWORD, expect=429).h1 == "Too many attempts in a short time"
    assert give_password(owner, user).location == "/account/second-factor"


def test_an_unknown_address_has_the_same_limit(app, user):
    guesser = from_address(app, "203.0.113.5")
    for expect in [422] * 10 + [429]:
        data = {"email": "nobody@example.org", "password": WRONG}
        guesser.post("accounts.sign_in", data, lang="en", expect=expect)


def test_one_client_has_sixty_tries_over_all_addresses(app, user):
    guesser = from_address(app, "203.0.113.5")
    form = guesser.get("accounts.sign_in", lang="en").form()
    for number in range(61):
        data = {"email": f"somebody-{number}@example.org", "password": "x"}
        form.submit(data, expect=422 if number < 60 else 429)


def test_sixty_tries_at_once_are_counted_exactly(app, user):
    guesser = from_address(app, "203.0.113.5")
    form = guesser.get("accounts.sign_in", lang="en").form()
    data = {"csrf_token": form.data["csrf_token"][0], "email": user.email, "password": WRONG}
    cookie = guesser.client.get_cookie("forum").value

    def attempt(_number: int) -> int:
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = "203.0.113.5"
        client.set_cookie("forum", cookie)
        return client.post("/account/sign-in", data=data).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda number: Context().run(attempt, number), range(60)))
    assert (statuses.count(422), statuses.count(429)) == (10, 50)


def test_ten_wrong_codes_are_enough_from_wherever_they_come(app, user):
    for number in range(10):
        guesser = from_address(app, f"203.0.113.{number}")
        give_password(guesser, user)
        guesser.get("/account/second-factor").submit({"code": "000000"}, expect=422)
    guesser = from_address(app, "203.0.113.99")
    give_password(guesser, user)
    guesser.get("/account/second-factor").submit({"code": code_of(user)}, expect=429)
    assert db.session.query(SignIn).count() == 0


def test_asking_for_links_shuts_nobody_out_of_asking(app, user):
    """Requests for a password link are not limited, only the mails that the requests send (see test_reset.py)."""
    for number in range(5):
        from_address(app, f"203.0.113.{number}").post("accounts.forgot", {"email": user.email}, lang="en")
    from_address(app, "198.51.100.7").post("accounts.forgot", {"email": user.email}, lang="en")
    assert len(mails_to(user)) == 1


def test_one_client_asks_for_sixty_links_and_no_more(app, user):
    form = from_address(app, "203.0.113.5").get("accounts.forgot", lang="en").form()
    for number in range(61):
        form.submit({"email": f"somebody-{number}@example.org"}, expect=303 if number < 60 else 429)


def test_a_forged_forwarding_header_does_not_change_who_is_counted(app, user):
    guesser = from_address(app, "203.0.113.5")
    form = guesser.get("accounts.sign_in", lang="en").form()
    data = {"csrf_token": form.data["csrf_token"][0], "email": user.email, "password": WRONG}
    statuses = [
        guesser.open(
            "/account/sign-in",
            method="POST",
            data=data,
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
            expect=422 if number < 10 else 429,
        ).status
        for number in range(11)
    ]
    assert statuses[-1] == 429


def test_signing_in_rightly_is_not_hindered(app, user, time):
    pages = from_address(app, "198.51.100.7")
    for _ in range(5):
        assert walk_in(pages, user).location == "/console/"
        pages.get("own_account.show").submit(expect=303)
        time.forward(minutes=1)
    assert clock.now() == time.now
