"""A passkey stands in for the authenticator's code, never for the password (S03, S09, S17, S39); on both databases."""

import json
from dataclasses import replace

import pytest
from cbor2 import CBORTag, dumps
from sqlalchemy import func, select
from webauthn.helpers import bytes_to_base64url

from forum import clock
from forum.accounts import cbor, ceremonies, links, management, passkeys, queries
from forum.accounts.enums import LinkPurpose, Role
from forum.accounts.errors import LinkRefused, PasskeyKnown, PasskeyRefused
from forum.accounts.models import OneTimeLink, Passkey, SignIn, User
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.extensions import db
from tests.accounts.devices import ORIGIN, PRESENT, SITE, VERIFIED, Device, handle_in
from tests.accounts.reading import mails_to
from tests.factories.registrations import write
from tools.organisers import PASSWORD, code_for, give_password, make_user, sign_in
from tools.pages import Page, Pages

NOT_ACCEPTED = "The passkey was not accepted. Try again, or enter a code instead."
NOT_ADDED = "The passkey could not be added. Try again."


@pytest.fixture
def app(make_app, database_url):
    # Browsers accept passkeys only for host names, not for IP addresses.
    return make_app(database_url, BASE_URL=ORIGIN)


@pytest.fixture
def signed_in(pages, user) -> Pages:
    sign_in(pages, user)
    return pages


def token_in(page: Page) -> str:
    return page.soup.select_one("main input[name=csrf_token]")["value"]


def asked(pages: Pages, page: Page, path: str) -> dict:
    """Return what a page's script gets when it asks for a challenge."""
    return json.loads(pages.open(path, method="POST", data={"csrf_token": token_in(page)}).data)


def add(pages: Pages, device: Device, name: str = "Office laptop", *, expect: int = 303, **odd) -> Page:
    """Add a device's passkey by the account page."""
    page = pages.get("passkeys.index")
    answer = device.make(asked(pages, page, "/account/passkeys/challenge"), **odd)
    data = {"csrf_token": token_in(page), "name": name, "answer": answer}
    return pages.open("/account/passkeys", method="POST", data=data, expect=expect)


def begin(app, user: User) -> tuple[Pages, Page, dict]:
    """Give the password in another browser; return the browser, its page and what the page's script gets."""
    pages = Pages(app)
    give_password(pages, user)
    page = pages.get("/account/second-factor")
    return pages, page, asked(pages, page, "/account/second-factor/challenge")


def send(pages: Pages, page: Page, answer: str, *, expect: int, **headers) -> Page:
    data = {"csrf_token": token_in(page), "answer": answer}
    return pages.open("/account/second-factor/passkey", method="POST", data=data, expect=expect, **headers)


def device_of(user: User, **differing) -> Device:
    """Save a passkey of the user and return its device."""
    device = Device(**differing)
    row = Passkey(
        user_id=user.id,
        name="Laptop",
        credential_id=device.credential_id,
        public_key=device.public_key(),
        sign_count=device.count,
        added_at=clock.now(),
    )
    write(db.session.add, row)
    return device


def acts() -> list[str]:
    return [
        act
        for act in db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
        if "passkey" in act
    ]


def sign_ins_of(user: User) -> int:
    return db.session.scalar(select(func.count()).select_from(SignIn).where(SignIn.user_id == user.id))


def test_a_passkey_is_added_and_signs_in_instead_of_the_code(app, signed_in, user, time):
    device = Device()
    add(signed_in, device)
    (stored,) = queries.list_passkeys(user)
    assert (stored.name, stored.credential_id, stored.last_used_at) == (
        "Office laptop",
        device.credential_id,
        None,
    )
    assert "never used" in signed_in.get("passkeys.index").text
    assert "1 passkey" in signed_in.get("own_account.show").text
    time.forward(minutes=1)
    other, page, options = begin(app, user)
    assert options["userVerification"] == "required"
    assert send(other, page, device.use(options), expect=303).location == "/console/"
    other.get("own_account.show")
    db.session.refresh(stored)
    assert (stored.last_used_at, stored.sign_count) == (clock.now(), 1)
    assert acts() == ["account.passkey_added", "account.passkey_used"]
    (told,) = mails_to(user)
    assert told.subject == "A passkey has been added"
    assert "Office laptop" in told.text


def test_what_the_browser_is_asked_for_is_a_real_second_factor_of_this_site(signed_in, user):
    device_of(user)
    options = asked(signed_in, signed_in.get("passkeys.index"), "/account/passkeys/challenge")
    assert (options["rp"]["id"], options["attestation"]) == (SITE, "none")
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert len(options["excludeCredentials"]) == 1
    assert (len(handle_in(options)), user.email.encode() in handle_in(options)) == (32, False)


def test_the_site_is_the_configured_one_whatever_the_host_is(app, user, monkeypatch):
    monkeypatch.setitem(app.config, "BASE_URL", "https://Forum.example.org:443")
    device = Device(site="forum.example.org", origin="https://forum.example.org")
    with app.test_request_context(headers={"Host": "127.0.0.1"}):
        options = ceremonies.creation_options(user, [], "c" * 43)
        assert options["rp"]["id"] == "forum.example.org"
        assert ceremonies.check_new(device.make(options), "c" * 43).credential_id == device.credential_id
        with pytest.raises(PasskeyRefused):
            ceremonies.check_new(Device().make(options), "c" * 43)


WRONG = {
    "of another origin": {"origin": "https://forum.example.net"},
    "of another port": {"origin": "http://localhost:8001"},
    "of another site": {"site": "forum.example.net"},
    "without the person": {"flags": PRESENT},
    "with nobody there": {"flags": VERIFIED},
    "in a frame of another site": {"is_framed": True},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_new_passkey_is_refused(signed_in, user, wrong):
    page = add(signed_in, Device(**WRONG[wrong]), expect=422)
    assert NOT_ADDED in page.text
    assert (queries.count_passkeys(user), mails_to(user)) == (0, [])


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_answer_does_not_sign_in(app, user, wrong):
    device = device_of(user)
    pages, page, options = begin(app, user)
    refused = send(pages, page, replace(device, **WRONG[wrong]).use(options), expect=422)
    assert (refused.h1, NOT_ACCEPTED in refused.text) == ("Enter your code", True)
    assert sign_ins_of(user) == 0
    assert acts() == ["account.passkey_refused"]


def test_an_answer_signs_in_once(app, user):
    device = device_of(user)
    pages, page, options = begin(app, user)
    answer = device.use(options)
    cookie = pages.client.get_cookie("forum").value
    send(pages, page, answer, expect=303)
    again = Pages(app)
    again.client.set_cookie("forum", cookie)
    data = {"csrf_token": token_in(page), "answer": answer}
    sent = again.open("/account/second-factor/passkey", method="POST", data=data, expect=303)
    assert (sent.location, sign_ins_of(user)) == ("/account/sign-in", 1)


def test_a_refused_answer_uses_up_its_challenge(app, user):
    """The same browser, with the cookie that it had before, cannot try the challenge again with another answer."""
    device = device_of(user)
    pages, page, options = begin(app, user)
    cookie = pages.client.get_cookie("forum").value
    send(pages, page, Device(credential_id=device.credential_id).use(options), expect=422)
    pages.client.set_cookie("forum", cookie)
    assert NOT_ACCEPTED in send(pages, page, device.use(options), expect=422).text
    assert sign_ins_of(user) == 0


def test_a_challenge_ends_after_five_minutes_and_with_the_next(app, user, time):
    device = device_of(user)
    pages, page, options = begin(app, user)
    newer = asked(pages, page, "/account/second-factor/challenge")
    send(pages, page, device.use(options), expect=422)
    options = asked(pages, page, "/account/second-factor/challenge")
    assert options["challenge"] != newer["challenge"]
    time.forward(minutes=5)
    send(pages, page, device.use(options), expect=422)
    send(pages, page, device.use(asked(pages, page, "/account/second-factor/challenge")), expect=303)


def test_the_challenge_of_another_browser_or_ceremony_is_refused(app, signed_in, user):
    device = device_of(user)
    _first, _page, options = begin(app, user)
    second, other_page, _newer = begin(app, user)
    send(second, other_page, device.use(options), expect=422)
    with second.client.session_transaction() as session:
        session["challenge"] = "made up"
    send(second, other_page, device.use({"challenge": "bWFkZSB1cA"}), expect=422)
    making = asked(signed_in, signed_in.get("passkeys.index"), "/account/passkeys/challenge")
    with second.client.session_transaction() as session:
        session["challenge"] = making["challenge"]
    send(second, other_page, device.use(making), expect=422)
    assert sign_ins_of(user) == 1


def test_a_passkey_of_another_account_is_refused(app, user):
    other = make_user()
    device_of(user)
    theirs = device_of(other)
    pages, page, options = begin(app, user)
    send(pages, page, theirs.use(options), expect=422)
    mine = device_of(user)
    options = asked(pages, page, "/account/second-factor/challenge")
    send(pages, page, mine.use(options, handle=b"somebody else"), expect=422)
    options = asked(pages, page, "/account/second-factor/challenge")
    handle = ceremonies.handle_of(user)
    send(pages, page, mine.use(options, handle=handle), expect=303)


def test_a_passkey_whose_counter_goes_back_is_refused_and_recorded(app, user):
    device = device_of(user, count=7)
    copy = replace(device, count=3)
    pages, page, options = begin(app, user)
    assert "there is a copy of it" in send(pages, page, copy.use(options), expect=422).text
    assert acts() == ["account.passkey_cloned", "account.passkey_refused"]
    (told,) = mails_to(user)
    assert (told.subject, "the passkey Laptop at" in told.text) == (
        "A passkey seems to have been copied",
        True,
    )
    options = asked(pages, page, "/account/second-factor/challenge")
    send(pages, page, replace(copy, key=Device().key).use(options), expect=422)
    assert acts().count("account.passkey_cloned") == 1
    options = asked(pages, page, "/account/second-factor/challenge")
    send(pages, page, device.use(options), expect=303)


def test_a_device_that_counts_nothing_signs_in_again_and_again(app, user):
    device = device_of(user)
    for _time in range(2):
        pages, page, options = begin(app, user)
        device.count = -1
        send(pages, page, device.use(options), expect=303)


def test_the_same_passkey_is_not_added_twice(app, signed_in, user):
    device = Device()
    add(signed_in, device)
    assert "This passkey has been added before." in add(signed_in, device, expect=422).text
    other = make_user()
    theirs = Pages(app)
    sign_in(theirs, other)
    assert "This passkey has been added before." in add(theirs, device, expect=422).text
    assert (queries.count_passkeys(user), queries.count_passkeys(other)) == (1, 0)


def test_a_passkey_that_two_accounts_add_at_once_gets_one_owner(user, monkeypatch):
    """When both requests look, neither finds the passkey stored; the database refuses the second one."""
    other = make_user()
    device = device_of(user)
    monkeypatch.setattr(queries, "find_credential", lambda _id: None)
    start_write(db.session)
    challenge = passkeys.ask(other, LinkPurpose.ADD_PASSKEY, now=clock.now())
    answer = device.make({"challenge": bytes_to_base64url(challenge.encode())})
    with pytest.raises(PasskeyKnown):
        passkeys.add(other, "Mine", challenge=challenge, answer=answer, now=clock.now())
    db.session.commit()
    assert queries.count_passkeys(other) == 0


def test_an_account_has_at_most_ten_passkeys(signed_in, user):
    for _each in range(9):
        device_of(user)
    page = signed_in.get("passkeys.index")
    answer = Device().make(asked(signed_in, page, "/account/passkeys/challenge"))
    device_of(user)
    data = {"csrf_token": token_in(page), "name": "One more", "answer": answer}
    refused = signed_in.open("/account/passkeys", method="POST", data=data, expect=422)
    assert "You have ten passkeys. Remove one to add another." in refused.text
    assert queries.count_passkeys(user) == 10
    assert signed_in.get("passkeys.index").soup.select_one("[data-passkey]") is None


def test_a_passkey_is_renamed_and_removed(app, signed_in, user):
    device_of(user)
    other = Pages(app)
    sign_in(other, user)
    page = signed_in.get("passkeys.index").follow("Rename Laptop")
    assert page.submit({"name": ""}, expect=422).errors == {
        "name": "Enter a name, such as that of the device"
    }
    page.submit({"name": "  Phone <b> "}, expect=303)
    assert signed_in.get("passkeys.index").all(".sessions h2") == ["Phone <b>"]
    signed_in.get("passkeys.index").follow("Remove Phone <b>").submit(expect=303)
    assert queries.count_passkeys(user) == 0
    assert acts() == ["account.passkey_renamed", "account.passkey_removed"]
    (told,) = mails_to(user)
    assert told.subject == "A passkey has been removed"
    other.get("own_account.show", expect=303)
    give_password(other, user)
    assert other.get("/account/second-factor").soup.select_one("[data-passkey]") is None


def test_a_passkey_of_somebody_else_is_nobodys(signed_in, user):
    device_of(other := make_user())
    (theirs,) = queries.list_passkeys(other)
    for path in (f"/account/passkeys/{theirs.id}", f"/account/passkeys/{theirs.id}/remove"):
        signed_in.get(path, expect=404)
        data = {"csrf_token": token_in(signed_in.get("passkeys.index")), "name": "Mine"}
        signed_in.open(path, method="POST", data=data, expect=404)
    assert queries.list_passkeys(other)[0].name == "Laptop"


def test_confirming_takes_the_password_and_a_passkey(signed_in, user, time):
    device = device_of(user)
    time.forward(minutes=6)
    page = signed_in.open(signed_in.get("own_account.recovery_codes", expect=303).location)
    data = {"csrf_token": token_in(page), "password": "not the right one"}
    data["answer"] = device.use(asked(signed_in, page, "/account/confirm/challenge"))
    path = page.soup.select_one("[data-passkey]")["formaction"]
    assert "The password is wrong" in signed_in.open(path, method="POST", data=data, expect=422).text
    signed_in.get("own_account.recovery_codes", expect=303)
    data = {**data, "password": PASSWORD, "answer": "{}"}
    assert NOT_ACCEPTED in signed_in.open(path, method="POST", data=data, expect=422).text
    data["answer"] = device.use(asked(signed_in, page, "/account/confirm/challenge"))
    back = signed_in.open(path, method="POST", data=data, expect=303)
    assert back.location == "/account/recovery-codes"
    signed_in.get("own_account.recovery_codes")


def test_the_passkeys_ask_for_both_factors_again(signed_in, user, time):
    page = signed_in.get("passkeys.index")
    time.forward(minutes=6)
    data = {"csrf_token": token_in(page)}
    for path in ("/account/passkeys", "/account/passkeys/challenge"):
        asking = signed_in.open(path, method="POST", data=data, expect=303)
        assert asking.location.startswith("/account/confirm?")
    assert db.session.scalar(select(func.count()).select_from(OneTimeLink)) == 0


def test_answers_are_limited_like_codes(app, user):
    device = device_of(user)
    pages, page, _options = begin(app, user)
    for _each in range(10):
        send(pages, page, "{}", expect=422)
    options = asked(pages, page, "/account/second-factor/challenge")
    send(pages, page, device.use(options), expect=429)


def test_whoever_has_no_passkey_gets_no_challenge(app, signed_in, user):
    pages = Pages(app)
    give_password(pages, user)
    data = {"csrf_token": token_in(pages.get("/account/second-factor"))}
    pages.open("/account/second-factor/challenge", method="POST", data=data, expect=404)
    data = {"csrf_token": token_in(signed_in.get("own_account.confirm"))}
    signed_in.open("/account/confirm/challenge", method="POST", data=data, expect=404)


def test_without_the_password_there_is_no_challenge(app, user):
    device_of(user)
    pages = Pages(app)
    data = {"csrf_token": token_in(pages.get("accounts.sign_in"))}
    answer = pages.open("/account/second-factor/challenge", method="POST", data=data, expect=303)
    assert answer.location == "/account/sign-in"


def test_a_lost_second_factor_takes_the_passkeys_along(user):
    device_of(user)
    write(management.forget_second_factor, user, actor="command", now=clock.now())
    assert queries.count_passkeys(user) == 0


def test_a_passkey_that_an_earlier_version_has_left_at_a_reset_opens_nothing(app, user):
    """Passkeys left by an earlier version when it resets a second factor sign nobody in; a new set-up deletes them."""
    device = device_of(user)
    pages, page, options = begin(app, user)
    write(lambda: setattr(db.session.get_one(User, user.id), "totp_secret", None))
    assert NOT_ACCEPTED in send(pages, page, device.use(options), expect=422).text
    db.session.expire_all()
    assert sign_ins_of(user) == 0
    give_password(pages, user)
    form = pages.get("/account/set-up").form()
    db.session.refresh(user)
    form.submit({"code": code_for(user.totp_proposed)}, expect=200)
    assert queries.list_passkeys(user) == []


def test_a_reset_by_an_admin_takes_the_passkeys_along(app, pages, event):
    colleague = make_user(Role.ORGANISER, event)
    device_of(colleague)
    sign_in(pages, make_user(Role.ADMIN, event))
    pages.post(f"/console/nf27/colleagues/{colleague.id}/second-factor", expect=303)
    assert queries.count_passkeys(colleague) == 0


def test_a_disabled_account_is_not_opened_by_a_challenge_from_before(app, user):
    device = device_of(user)
    pages, page, options = begin(app, user)
    write(management.disable, db.session.get(User, user.id), actor="command", now=clock.now())
    assert send(pages, page, device.use(options), expect=303).location == "/account/sign-in"
    assert (sign_ins_of(user), queries.count_passkeys(user)) == (0, 1)


def test_a_removed_account_leaves_no_passkey(user):
    device_of(user)
    write(management.remove, db.session.get(User, user.id), actor="command", now=clock.now())
    assert db.session.scalar(select(func.count()).select_from(Passkey)) == 0


def test_a_new_password_keeps_passkeys_and_ends_challenges(user):
    device_of(user)
    start_write(db.session)
    challenge = passkeys.ask(user, LinkPurpose.USE_PASSKEY, now=clock.now())
    links.revoke_all(user)
    db.session.commit()
    assert queries.count_passkeys(user) == 1
    with pytest.raises(LinkRefused):
        links.look(challenge, LinkPurpose.USE_PASSKEY, now=clock.now())


def nested(levels: int) -> bytes:
    return b"\x81" * levels + b"\x80"


def doubled(times: int) -> bytes:
    """Return a list whose values each hold the one before twice: 2^times values in a few hundred bytes."""
    heads = [b"\xd8\x1d" + dumps(number) for number in range(times)]
    shared = b"".join(b"\xd8\x1c\x82" + head * 2 for head in heads)
    return b"\x98" + bytes([times + 1]) + b"\xd8\x1c\x81\x01" + shared


BOMBS = {
    "nothing": b"",
    "cut off": dumps({"fmt": "none"})[:-2],
    "a length of 2^63": b"\x9b\x7f" + b"\xff" * 7,
    "a text of 2^62": b"\x7b\x3f" + b"\xff" * 7,
    "without an end": b"\x9f" * 100,
    "deep": nested(5000),
    "a number of a tag": dumps(CBORTag(5, [1 << 60, 3])),
    "doubled values": doubled(60),
    "shared values": b"\xd8\x1c" + nested(3),
    "a pattern": dumps(CBORTag(35, "(a+)+$")),
    "half a float": b"\xf9\x7e\x00",
    "two values": b"\x80\x80",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_an_odd_attestation_is_refused_unread(bomb):
    with pytest.raises(cbor.OddShape):
        cbor.refuse_odd_attestation(BOMBS[bomb])


def response(**parts) -> str:
    told = {
        name: value if isinstance(value, str) else bytes_to_base64url(value) for name, value in parts.items()
    }
    return json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": told})


CLIENT = json.dumps({"type": "webauthn.get", "challenge": "AAAA", "origin": "x"}).encode()
ODD = {
    "empty": "",
    "no JSON": "\x00{",
    "a list": "[]",
    "deep JSON": "[" * 11_000,
    "a huge number": '{"id": ' + "9" * 11_000 + "}",
    "huge": "x" * 200_000,
    "no parts": '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}',
    "other kinds": '{"id": 7, "rawId": {}, "type": [], "response": "x"}',
    "no base64": response(clientDataJSON="å§", authenticatorData="###", signature="…", attestationObject="é"),
    "lone surrogates": response(
        clientDataJSON=b'"\\ud800"', authenticatorData=b"", signature=b"", attestationObject=b""
    ),
    "client data of a list": response(clientDataJSON=b"[]", authenticatorData=b"x" * 37, signature=b"x"),
    "a key in bombs": response(
        clientDataJSON=CLIENT,
        authenticatorData=b"x" * 32 + b"\xc5" + b"\x00" * 22 + BOMBS["shared values"],
        signature=b"",
    ),
    "an attestation of another kind": response(
        clientDataJSON=CLIENT, attestationObject=dumps({"fmt": {}, "attStmt": 1, "authData": "text"})
    ),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_answers_are_refused_in_words(app, signed_in, user, odd):
    """Whatever a browser sends, each of the three forms answers with a sentence in the reader's language."""
    device_of(user)
    pages, page, _options = begin(app, user)
    data = {"csrf_token": token_in(page), "answer": ODD[odd]}
    path = "/account/second-factor/passkey?lang=sv"
    refused = pages.open(path, method="POST", data=data, expect=422)
    assert "Lösennyckeln godtogs inte." in refused.text
    page = signed_in.get("passkeys.index")
    asked(signed_in, page, "/account/passkeys/challenge")
    data = {"csrf_token": token_in(page), "name": "Laptop", "answer": ODD[odd]}
    assert NOT_ADDED in signed_in.open("/account/passkeys", method="POST", data=data, expect=422).text
    assert (sign_ins_of(user), queries.count_passkeys(user)) == (1, 1)


@pytest.mark.parametrize(
    "odd",
    [
        {"fmt": "tpm"},
        {"fmt": "packed", "attStmt": {"x5c": [b"certificate"]}},
        {"attStmt": {"sig": b"x"}},
        {"authData": b"x" * 32 + b"\x45" + bytes(20) + b"\x00\x01i" + doubled(60)},
        {"authData": b""},
        {"authData": 1},
    ],
)
def test_attestations_that_nobody_has_asked_for_are_refused(signed_in, user, odd):
    assert NOT_ADDED in add(signed_in, Device(), expect=422, **odd).text
    assert queries.count_passkeys(user) == 0


def test_a_name_that_would_be_refused_is_refused_before_the_device_makes_a_key(signed_in, user):
    page = signed_in.get("passkeys.index")
    assert page.soup.select_one("[name=name]")["maxlength"] == "60"
    for name, expected in (("x" * 61, 422), ("\u200b", 422), ("x" * 60, 200)):
        data = {"csrf_token": token_in(page), "name": name}
        answer = signed_in.client.post("/account/passkeys/challenge", data=data)
        assert (answer.status_code, "challenge" in answer.json) == (expected, expected == 200)


def test_passkeys_are_offered_only_where_the_address_has_a_name(app, signed_in, user, monkeypatch):
    device_of(user)
    addresses = {
        **dict.fromkeys(
            ("http://127.0.0.1:8000", "http://[::1]:8000", "https://192.0.2.1", "https://0x7f.1"), False
        ),
        **dict.fromkeys(("https://forum.example.org", "http://localhost", "https://1.example"), True),
    }
    for address, are_possible in addresses.items():
        monkeypatch.setitem(app.config, "BASE_URL", address)
        page = signed_in.get("passkeys.index")
        other = Pages(app)
        give_password(other, user)
        code_page = other.get("/account/second-factor")
        told = f"This forum’s address is {address}, so none can be added or used here."
        assert [
            bool(page.soup.select("[data-passkey]")),
            bool(code_page.soup.select("[data-passkey]")),
            told not in page.text,
            "Laptop" in page.text,
        ] == [are_possible, are_possible, are_possible, True], address


@pytest.mark.parametrize(
    ("host", "site"),
    [("straße.example", "xn--strae-oqa.example"), ("Öresund.example", "xn--resund-vxa.example")],
)
def test_a_name_with_other_letters_is_that_of_browsers(app, user, monkeypatch, host, site):
    monkeypatch.setitem(app.config, "BASE_URL", f"https://{host}")
    device = Device(site=site, origin=f"https://{site}")
    with app.test_request_context():
        options = ceremonies.creation_options(user, [], "c" * 43)
        assert (options["rp"]["id"], ceremonies.are_possible()) == (site, True)
        assert ceremonies.check_new(device.make(options), "c" * 43).credential_id == device.credential_id


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 36,  # too short to hold the site's hash, the flags and the counter
        b"\0" * 38,  # the flags (zero) announce nothing, and a byte follows the counter
        b"\0" * 32 + b"\x80" + b"\0" * 4,  # extensions are announced, and there are none
        b"\0" * 32 + b"\x80" + b"\0" * 4 + b"\x1c",  # an extension's value whose first byte CBOR has reserved
        b"\0" * 32 + b"\x80" + b"\0" * 4 + b"\x18",  # an extension's value of which a byte is missing
    ],
)
def test_authenticator_data_of_an_odd_shape_are_refused(data):
    with pytest.raises(cbor.OddShape):
        cbor.refuse_odd_authenticator_data(data)
