"""Which passwords are taken, and how they are kept (S01, S02)."""

import unicodedata

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from forum.accounts import passwords
from forum.accounts.errors import PasswordRefused, TooCommon, TooLong, TooNear, TooShort
from forum.extensions import db
from tests.accounts.helpers import PASSWORD, give_password, make_user

ABOUT = ("Alva Lindqvist", "alva.lindqvist@example.org")


@pytest.mark.parametrize(
    "password",
    [
        "fyra ord som inte hör ihop",
        "correct horse battery staple",
        "abcdefghijkx",  # no kind of character is asked for
        "åäö🙂ßþæøœñéü",
        "Ж" * 6 + "сорок два",
        "  blanks at both ends  ",
        "x1" * 3 + "kanot-regnbåge",
        "ordlista " * 30,
        "a-b c" * 200,
        "forumets lokomotiv går i mynta",  # a word of the context among others
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
        ("e\u0301" * 11, TooShort),  # eleven letters, however they are composed
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


def test_an_outdated_hash_is_renewed_by_signing_in(pages, event):
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    user = make_user(password_hash=weak)
    give_password(pages, user)
    db.session.refresh(user)
    assert not passwords.is_outdated(user.password_hash)
    assert passwords.matches(user.password_hash, PASSWORD)
