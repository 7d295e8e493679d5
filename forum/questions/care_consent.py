"""The consent to storing answers about diet and access: its text in every version, and notes of consents (P03–P05).

A text that somebody may have agreed to is never changed: a new version with its first day of use is added instead. So
all languages are stored here, and not in the catalogue of translations.

The note of a consent is stored within the sealed record of the answers, whose length is fixed: a row with the moment of
the consent would tell who has given such an answer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from forum.columns import Text

# The note of a consent: `text_version`, `given_at`, and `withdrawn_at` if the person has deleted the answers.
Note = dict[str, Any]
TEXTS: Mapping[str, Text] = {
    "2026-11-28": Text(
        sv="Svar om mat och tillgänglighet är krypterade och förvaras skilda från resten. Bara de som ordnar det läser"
        " dina; alla andra ser på sin höjd antal. Genom att svara går du med på det, och på din egen sida kan du när"
        " som helst ta tillbaka det.",
        en="Answers about food and access are kept encrypted and apart from the rest. Only those who arrange it read"
        " yours; everybody else sees numbers at most. By answering you agree to this, and on your own page you can"
        " take it back at any time.",
    ),
}


def current_version() -> str:
    """Return the version of the consent's text in use: the day from which the newest text is used."""
    return max(TEXTS)


def words(version: str | None = None) -> Text:
    """Return the consent's text of this version (None: the text in use); an empty text for an unknown version."""
    return TEXTS.get(version or current_version(), Text())


def given_now(now: datetime, *, is_own: bool) -> Note:
    """Return the note of a consent that is given now.

    The note names no version of the text when somebody else entered the answers (`is_own` is false): the person was
    shown no text.
    """
    return {"text_version": current_version() if is_own else None, "given_at": now.isoformat()}


def find_note(record: Mapping[str, Any]) -> Note | None:
    """Return the consent's note in a decrypted record; for answers of an early release, one that names no text."""
    if note := record.get("consent"):
        return note
    return {"text_version": None, "given_at": record.get("recorded_at")} if record.get("given") else None


def ended(record: Mapping[str, Any], now: datetime, *, is_own: bool) -> Note | None:
    """Return the note of the consent for a record whose answers are deleted now; None if no note is to stay.

    Only the person can withdraw the consent (`is_own`): when somebody else deletes the answers, no note stays, except
    that of an earlier withdrawal. Without a consent there is no note either.
    """
    note = find_note(record)
    if note is None or not (is_own or "withdrawn_at" in note):
        return None
    return {"withdrawn_at": now.isoformat(), **note}


def of_both(one: Mapping[str, Any], other: Mapping[str, Any]) -> Note | None:
    """Return the note of the consent for the joined answers of two records; None if neither record has answers.

    Of two notes, one that names no version of the text is returned, else the one with the older version: the note must
    be true of each answer. A consent that was withdrawn does not count.
    """
    notes = [note for record in (one, other) if record.get("given") and (note := find_note(record))]
    return min(notes, key=lambda note: (note["text_version"] or "", note["given_at"] or ""), default=None)
