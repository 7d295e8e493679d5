"""Passwords: which ones are refused, how they are hashed and checked (S01, S02)."""

import hashlib
import os
import secrets
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from forum.accounts.errors import TooCommon, TooLong, TooNear, TooShort
from forum.folding import search_fold
from forum.turns import Line, processor

MIN_LENGTH, MAX_LENGTH = 12, 1000
# Argon2id with 32 MiB of memory; OWASP asks for 19 MiB at least.
HASHER = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
# Each processor core checks one password at a time: more would not be faster, and each check needs 32 MiB.
TRIES = Line(os.cpu_count() or 1)
PATIENCE = 5.0  # seconds for which a password check waits for its turn before it is refused
COMMON = Path(__file__).with_name("common_passwords.txt")
DIGEST_DIGITS = 12
BRAILLE_BLANK = "\u2800"
LEET = str.maketrans("013457@$!", "oieastasi")
CONTEXT = {
    *("challenge", "forum", "forumet", "nordic", "nordisk", "nordiskt", "nordiska", "norden", "ecpat"),
    *("police", "polis", "polisen", "stockholm", "sverige", "sweden", "organiser", "organisator", "admin"),
    *("password", "passord", "lösenord", "losenord", "welcome", "välkommen"),
}


def refuse_if_weak(password: str, *, about: Iterable[str] = ()) -> None:
    """Refuse a password that is short or easy to guess. No kind of character is required (S01).

    `about` are texts about the user, such as name and address. Raises a subclass of PasswordRefused.
    """
    password = _normal(password)
    if len(_visible(password)) < MIN_LENGTH:
        raise TooShort
    folded = password.casefold()
    if _is_pattern(folded) or any(_digest(form) in _common() for form in _plain_forms(folded)):
        raise TooCommon
    if any(
        _is_made_of(form, about)
        for form in (folded, search_fold(folded), search_fold(folded).translate(LEET))
    ):
        raise TooNear


def hashed(password: str) -> str:
    """Return the hash under which a password is stored. Raises TooLong.

    Unlike `matches` this never waits for other password checks or requests, because the caller holds the database's
    lock. Only a person with a valid link or a sign-in can cause this work.
    """
    processor.give_up()
    return HASHER.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Return whether the password fits the stored hash. Raises TooLong and NoTurn.

    Takes the same time when nothing is stored (S24). Anybody can cause this work, so each check waits for its turn; the
    caller must not have a transaction open meanwhile.
    """
    try:
        with processor.lent(), TRIES.turn(PATIENCE):
            # Make the hash that no password matches even if a hash is stored: making it the first time takes as long as
            # hashing a password, and the time must not reveal whether an account exists.
            unmatchable = _unmatchable_hash()
            return HASHER.verify(stored or unmatchable, _normal(password)) and stored is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Return whether a stored hash was made with other parameters of Argon2 than the present ones."""
    return HASHER.check_needs_rehash(stored)


@cache
def _unmatchable_hash() -> str:
    """Return a hash that no password matches, to be checked for an address that has no account."""
    return hashed(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """Return the NFKC form, in which equal-looking texts are equal, whatever the keyboard sent. Raises TooLong.

    The length is checked first: normalising n combining marks may take n² steps.
    """
    if len(password) > MAX_LENGTH:
        raise TooLong
    return unicodedata.normalize("NFKC", password)


def _visible(password: str) -> str:
    """Return the characters that count for the length: no invisible ones, one space for several, none at the ends."""
    unseen = {"Cc", "Cf", "Zl", "Zp"}
    shown = (" " if letter.isspace() or letter == BRAILLE_BLANK else letter for letter in password)
    return " ".join("".join(letter for letter in shown if unicodedata.category(letter) not in unseen).split())


def _plain_forms(folded: str) -> set[str]:
    """Return the simpler words that this password may be a variation of: without digits at the ends, "0" as "o"."""
    core = folded.strip("".join(letter for letter in set(folded) if not letter.isalpha()))
    forms = {folded, core, core.translate(LEET), folded.translate(LEET)}
    return forms | {_unit(form) for form in forms}


def _unit(text: str) -> str:
    """Return the shortest text whose repetition gives `text`, such as "abc" for "abcabc"."""
    length = (text + text).find(text, 1)
    return text[:length] if text else text


def _is_pattern(folded: str) -> bool:
    """Return whether the text repeats at most four characters, or counts up or down, as "123456789012" does."""
    steps = {
        (ord(after) - ord(before)) % (10 if folded.isdigit() else 0x110000)
        for before, after in pairwise(folded)
    }
    return len(_unit(folded)) <= 4 or len(steps) == 1


def _is_made_of(folded: str, about: Iterable[str]) -> bool:
    """Return whether the text consists of words about the forum or the person.

    That is the case if fewer than 4 letters and fewer than 9 digits are left without those words.
    """
    own = "".join(letter if letter.isalnum() else " " for text in about for letter in f"{text} ".casefold())
    words = {*CONTEXT, *own.split()}
    rest = folded
    for word in sorted({*words, *map(search_fold, words)}, key=len, reverse=True):
        if len(word) >= 3:
            rest = rest.replace(word, "")
    letters, digits = sum(map(str.isalpha, rest)), sum(map(str.isdigit, rest))
    return rest != folded and letters < 4 and digits < 9


@cache
def _common() -> frozenset[str]:
    return frozenset(line for line in COMMON.read_text().split("\n") if line and not line.startswith("#"))


def _digest(word: str) -> str:
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_DIGITS]
