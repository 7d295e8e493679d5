"""Which passwords are accepted, and how they are stored (S01, S02)."""

import threading
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from flask import has_app_context

from forum.accounts import actions, passwords
from forum.accounts.errors import PasswordRefused, SignInRefused, TooCommon, TooLong, TooNear, TooShort
from forum.extensions import db
from forum.turns import Line, Processor
from tests.shortcuts import HASHER
from tools import organisers
from tools.organisers import PASSWORD, give_password, make_user

ABOUT = ("Alva Lindqvist", "alva.lindqvist@example.org")


@pytest.fixture(autouse=True)
def _forums_hasher(monkeypatch):
    """Hash as the forum does, not as quickly as in the other tests."""
    monkeypatch.setattr(passwords, "HASHER", HASHER)
    _forget_hashes()
    yield
    _forget_hashes()


def _forget_hashes() -> None:
    """Forget the hashes that a hasher has made, so that tests with another hasher do not use them."""
    passwords._unmatchable_hash.cache_clear()
    organisers._hashed.cache_clear()


@pytest.mark.parametrize(
    "password",
    [
        "fyra ord som inte hör ihop",
        "correct horse battery staple",
        "abcdefghijkx",  # a password needs no digits or signs
        "åäö🙂ßþæøœñéü",
        "Ж" * 6 + "сорок два",
        "  blanks at both ends  ",
        "x1" * 3 + "kanot-regnbåge",
        "ordlista " * 30,
        "a-b c" * 200,
        "forumets lokomotiv går i mynta",  # a word about the forum is allowed among other words
        "712390856412",
    ],
)
def test_a_long_password_of_any_characters_is_taken(password):
    passwords.refuse_if_weak(password, about=ABOUT)


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("", TooShort),
        ("elva tecken", TooShort),
        ("🙂" * 11, TooShort),
        ("e\u0301" * 11, TooShort),  # 22 code points, but only eleven letters, each with a combining accent
        ("b c" * 334, TooLong),
        ("password1234", TooCommon),
        ("Password2027!", TooCommon),
        ("P@ssw0rd1234", TooCommon),
        ("passwordpassword", TooCommon),
        ("!!!football!!!", TooCommon),
        ("qwertyuiop12", TooCommon),
        ("1qaz2wsx3edc", TooCommon),
        ("123456789012", TooCommon),
        ("abcdefghijklm", TooCommon),
        ("aaaaaaaaaaaa", TooCommon),
        ("abcabcabcabc", TooCommon),
        ("nordicforum2027", TooNear),
        ("Nordiskt Forum 27", TooNear),
        ("police-police-police", TooNear),
        ("ECPAT Sverige 2016!", TooNear),
        ("lösenord12345678", TooNear),
        ("\t \t \t  \t  \t", TooShort),
        ("a              ", TooShort),
        ("\u200b" * 14, TooShort),
        ("\u2800" * 13 + "ab", TooShort),
        ("   b   c   d ", TooShort),
        ("n0rdicf0rum2027", TooNear),
        ("Stöckhölm Pölisen", TooNear),
        ("v4lk0mm3n v4lk0mm3n", TooNear),
        ("nórdic fórum nórdic", TooNear),
        ("Lösenördet!!", TooNear),
        ("Ålva-Lïndqvist 27", TooNear),
        ("AlvaLindqvist1", TooNear),
        ("lindqvist.alva@example", TooNear),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(password, refusal):
    with pytest.raises(PasswordRefused) as refused:
        passwords.refuse_if_weak(password, about=ABOUT)
    assert refused.type is refusal


@pytest.mark.parametrize("password", ["åäö🙂 " * 40, PASSWORD, "  two  blanks  "])
def test_a_password_comes_back_whole(password):
    stored = passwords.hashed(password)
    assert (passwords.matches(stored, password), passwords.matches(stored, password + "x")) == (True, False)
    assert not passwords.matches(stored, password.replace("  ", " ")) or "  " not in password


def test_the_same_letters_composed_otherwise_are_the_same_password():
    stored = passwords.hashed(unicodedata.normalize("NFC", "åäö och en kanot"))
    assert passwords.matches(stored, unicodedata.normalize("NFD", "åäö och en kanot"))


def test_a_hash_is_argon2id_with_owasps_least_cost_or_more():
    parameters = extract_parameters(passwords.hashed(PASSWORD))
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 19 * 1024
    assert (parameters.time_cost >= 2, parameters.parallelism) == (True, 1)


def test_nothing_stored_matches_nothing():
    assert not passwords.matches(None, PASSWORD)


def test_the_first_check_makes_the_unmatchable_hash_even_when_a_hash_is_stored():
    """The first check makes the hash that no password matches for known addresses, too: all take equal time (S24)."""
    stored = passwords.hashed(PASSWORD)
    passwords._unmatchable_hash.cache_clear()
    assert passwords.matches(stored, PASSWORD)
    assert passwords._unmatchable_hash.cache_info().currsize == 1


def test_an_outdated_hash_is_renewed_by_signing_in(pages, event):
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    user = make_user(password_hash=weak)
    give_password(pages, user)
    db.session.refresh(user)
    assert not passwords.is_outdated(user.password_hash)
    assert passwords.matches(user.password_hash, PASSWORD)


class Trying:
    """A password hasher that blocks until it is released, and counts how many checks ran at once."""

    def __init__(self) -> None:
        self.goes_on, self.at_work = threading.Event(), threading.Semaphore(0)
        self.now, self.most, self.in_transaction = 0, 0, []

    def hash(self, _password: str) -> str:
        self.verify("", "")
        return "stored"

    def verify(self, _stored: str, _password: str) -> bool:
        self.now += 1
        self.most = max(self.most, self.now)
        if has_app_context():
            self.in_transaction.append(db.session().in_transaction())
        self.at_work.release()
        assert self.goes_on.wait(20)
        self.now -= 1
        return True


@pytest.fixture
def trying(monkeypatch) -> Iterator[Trying]:
    """Allow two password checks at once on any machine, in a process that has checked a password before."""
    trying = Trying()
    passwords.matches(None, PASSWORD)
    monkeypatch.setattr(passwords, "HASHER", trying)
    monkeypatch.setattr(passwords, "TRIES", Line(2))
    yield trying
    passwords._unmatchable_hash.cache_clear()  # later tests must not use the hash that `trying` has made


@pytest.mark.parametrize("is_first", [False, True])
def test_as_many_passwords_are_checked_at_once_as_there_are_processors(trying, is_first):
    """The first attempts in a process also make the hash that no password matches; they are limited like all others."""
    if is_first:
        passwords._unmatchable_hash.cache_clear()
    with ThreadPoolExecutor(6) as pool:
        tries = [pool.submit(passwords.matches, "stored", PASSWORD) for _ in range(6)]
        assert [trying.at_work.acquire(timeout=20) for _ in range(2)] == [True] * 2
        assert not trying.at_work.acquire(timeout=0.1)
        trying.goes_on.set()
        assert [each.result(20) for each in tries] == [True] * 6
    assert trying.most == 2


@pytest.mark.parametrize("is_known", [True, False])
def test_an_attempt_that_waits_too_long_is_told_to_come_back(pages, user, trying, monkeypatch, is_known):
    """A sign-in that finds the queue of password checks full gets 503, for a known and an unknown address (S24)."""
    monkeypatch.setattr(passwords, "PATIENCE", 0)
    monkeypatch.setattr(passwords, "TRIES", Line(0))
    email = user.email if is_known else "nobody@example.org"
    page = pages.post("accounts.sign_in", {"email": email, "password": PASSWORD}, expect=503)
    assert page.h1 == "Tjänsten är hårt belastad just nu"
    assert trying.most == 0


@pytest.mark.parametrize("is_known", [True, False])
def test_no_transaction_is_open_while_a_try_waits(database, user, trying, is_known):
    trying.goes_on.set()
    with suppress(SignInRefused):
        actions.check_password(user.email if is_known else "nobody@example.org", PASSWORD)
    assert trying.in_transaction == [False]


def test_setting_a_password_does_not_queue_for_the_processor_with_the_lock_held(monkeypatch):
    processor = Processor()
    monkeypatch.setattr(passwords, "processor", processor)
    with processor.taken():
        passwords.hashed("quiet-harbour-lantern")
        assert not processor._line._taken
