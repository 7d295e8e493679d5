"""Passwords: which are refused, and how the others are kept (S01, S02)."""

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
HASHER = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)  # argon2id; OWASP asks for 19 MiB
TRIES = Line(os.cpu_count() or 1)  # as many at once as can be at work: each needs 32 MiB
PATIENCE = 5.0  # seconds until a try is at work
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
    """Accept any password that is long and not easy to guess; no kind of character is asked for.

    `about` are the person's own texts, such as name and address. Raises a PasswordRefused. Source: S01.
    """
    password = _normal(password)
    if len(_seen(password)) < MIN_LENGTH:
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
    """Return the form in which a password is stored. Raises TooLong.

    Only who has a link or is signed in may have that done, with the database's lock in hand: so it never waits in line,
    neither for the processor afterwards.
    """
    processor.give_up()
    return HASHER.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether this is the stored password; it takes as long when nothing is stored (S24). Raises TooLong and NoTurn.

    Anybody may ask, so it waits in line: the caller may hold no transaction meanwhile.
    """
    try:
        with processor.lent(), TRIES.turn(PATIENCE):
            nobodys = _nobodys()  # even when it is not needed: the first call takes as long as a try does
            return HASHER.verify(stored or nobodys, _normal(password)) and stored is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than ours."""
    return HASHER.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    """Return a hash that no password matches, to be checked for an address that has no account."""
    return hashed(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """Return one form for what looks the same, however the keyboard composed it. Raises TooLong.

    The length comes first: to normalise n combining marks may cost n².
    """
    if len(password) > MAX_LENGTH:
        raise TooLong
    return unicodedata.normalize("NFKC", password)


def _seen(password: str) -> str:
    """Return what of it can be seen: of blanks in a row one counts, at the ends none, and nothing invisible does."""
    unseen = {"Cc", "Cf", "Zl", "Zp"}
    shown = (" " if letter.isspace() or letter == BRAILLE_BLANK else letter for letter in password)
    return " ".join("".join(letter for letter in shown if unicodedata.category(letter) not in unseen).split())


def _plain_forms(folded: str) -> set[str]:
    """Return the words that a guesser would vary to reach this one."""
    core = folded.strip("".join(letter for letter in set(folded) if not letter.isalpha()))
    forms = {folded, core, core.translate(LEET), folded.translate(LEET)}
    return forms | {_unit(form) for form in forms}


def _unit(text: str) -> str:
    """Return what the text repeats, such as "abc" for "abcabc"; the text itself when it repeats nothing."""
    length = (text + text).find(text, 1)
    return text[:length] if text else text


def _is_pattern(folded: str) -> bool:
    """Whether it repeats at most four characters or counts up or down, such as "123456789012"."""
    steps = {
        (ord(after) - ord(before)) % (10 if folded.isdigit() else 0x110000)
        for before, after in pairwise(folded)
    }
    return len(_unit(folded)) <= 4 or len(steps) == 1


def _is_made_of(folded: str, about: Iterable[str]) -> bool:
    """Whether little is left without the forum's words and the person's: under 4 letters and 9 figures."""
    own = "".join(letter if letter.isalnum() else " " for text in about for letter in f"{text} ".casefold())
    words = {*CONTEXT, *own.split()}
    rest = folded
    for word in sorted({*words, *map(search_fold, words)}, key=len, reverse=True):
        if len(word) >= 3:
            rest = rest.replace(word, "")
    letters, figures = sum(map(str.isalpha, rest)), sum(map(str.isdigit, rest))
    return rest != folded and letters < 4 and figures < 9


@cache
def _common() -> frozenset[str]:
    return frozenset(line for line in COMMON.read_text().split("\n") if line and not line.startswith("#"))


def _digest(word: str) -> str:
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_DIGITS]
