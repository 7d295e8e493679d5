"""Each mail that the forum sends is compared with a file of `snapshots/`, word for word in both languages.

A changed sentence changes a file, which is read with the change: `make snapshots` writes the files anew. The
snapshots have every variant: each condition in a template of mails is true in one of them and false in another.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from forum.accounts.models import User
from forum.columns import Text
from forum.events import cancelling, changes
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import actions as mailing_actions
from forum.mailings import sending
from forum.outbox.models import OutboxMessage
from forum.privacy import mails as privacy_mails
from forum.registration import actions
from forum.registration import mails as registration_mails
from forum.registration.models import Registration
from tests.browser.test_mail import ACCOUNT_KINDS, write_account_mails
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import make_mail
from tests.factories.registrations import confirmed, register, write
from tests.outbox.conditions import Noted, noted_conditions
from tests.outbox.mail_variants import make_more_variants
from tests.outbox.other_mails import OTHER_KINDS, make_other_mails
from tests.outbox.rarer_variants import make_rarer_variants
from tests.registration.reading import Mail, newest_mail, newest_mail_to, read
from tests.registration.test_mails import KINDS, make_mails
from tools.organisers import make_user

SNAPSHOTS = Path(__file__).parent / "snapshots"
TEMPLATES = Path(__file__).parents[2] / "templates/mail"
LANGUAGES = ("sv", "en")
# Invisible characters that fill the preview in a mail program after the mail's first sentence.
FILLING = "\N{COMBINING GRAPHEME JOINER}"
REASON = Text(
    sv="Lokalen har brunnit.\n\nVi söker en annan dag.",
    en="The venue has burnt down.\n\nWe look for another day.",
)
DAY = timedelta(days=1)
EVERY_KIND = {*KINDS, *ACCOUNT_KINDS, *OTHER_KINDS, "test"}
# Headers that snapshots leave out: they differ in each mail, or say how the mail's parts are encoded.
LEFT_OUT = {"Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
# What is random or numbered anew in each run, and the text that replaces it in a snapshot.
DRAWN = (
    (re.compile(r"(?<=/)[A-Za-z0-9_-]{43}\b"), "TOKEN"),
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b"), "REFERENCE"),
    (re.compile(r"\b(person|organiser)-?[0-9]+@"), r"\1@"),
)


@dataclass(frozen=True)
class Made:
    """A mail of each variant in one language, by name, and the values of the conditions in their templates."""

    language: str
    mails: dict[str, Mail]
    noted: Noted

    def one_sided(self, *without: str) -> list[str]:
        """Return the conditions with one value only in all mails, leaving out the mails with these names."""
        read = [mail for name, mail in self.mails.items() if name not in without]
        return self.noted.one_sided(message_from_bytes(mail.raw)["Message-ID"] for mail in read)


_made: dict[str, Made] = {}


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.fixture(params=LANGUAGES)
def made(request, monkeypatch) -> Made:
    """Give the mails of one language; they are made once, because tests only read them."""
    if request.param not in _made:
        app, _database = (request.getfixturevalue(name) for name in ("app", "database"))
        with noted_conditions(app, monkeypatch) as noted:
            _made[request.param] = Made(request.param, make_every_mail(request.param), noted)
    return _made[request.param]


def test_every_mail_says_what_its_snapshot_says(made, request):
    mails = {name: told(mail) for name, mail in made.mails.items()}
    folder = SNAPSHOTS / made.language
    if request.config.getoption("write_snapshots"):
        store(folder, mails)
    stored = {file.stem: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert sorted(stored) == sorted(mails)
    for name, text in mails.items():
        assert text == stored[name], f"make snapshots writes {made.language}/{name}.txt anew"


def test_each_condition_is_true_in_one_snapshot_and_false_in_another(made):
    assert made.one_sided() == []


def test_a_branch_that_no_snapshot_has_is_found(made):
    """Control: without the mails of one variant, the condition that makes the variant is named."""
    assert [line.partition(":")[0] for line in made.one_sided("received--few-places")] == [
        "mail/received/body.html",
        "mail/received/body.txt",
    ]


def test_every_kind_has_a_snapshot_in_each_language():
    kinds = {folder.name for folder in TEMPLATES.iterdir()}
    assert kinds == EVERY_KIND
    for language in LANGUAGES:
        names = {file.stem.partition("--")[0] for file in (SNAPSHOTS / language).iterdir()}
        assert names == kinds


def make_every_mail(language: str) -> dict[str, Mail]:
    """Return a mail of each kind and of each variant, made by the forum's own rules at the tests' moment."""
    mails = make_one_of_each(language)
    mails |= make_variants(language) | make_more_variants(language)
    return mails | make_rarer_variants(language)


def make_one_of_each(language: str) -> dict[str, Mail]:
    """Return a mail of each kind, made by the forum's own rules at the tests' moment."""
    mails = make_mails(language)
    write_account_mails(make_user(language=language))
    mails |= make_other_mails(language)
    tested = make_mail(language=language, recipient="test@example.org")
    mails["test"] = newest_mail_to(tested.recipient, "test")
    about_accounts = select(OutboxMessage).where(OutboxMessage.kind.in_(ACCOUNT_KINDS))
    return mails | {row.kind: read(row) for row in db.session.scalars(about_accounts)}


def make_variants(language: str) -> dict[str, Mail]:
    """Return mails of a kind that differ by what has happened, named like "event-changed--cancelled"."""
    one = [make_sector("justice", ceiling=1)]
    event = make_event(slug="hel29", is_current=False, capacity=1, sectors=one)
    held, waits, asks = (confirmed(event, language=language) for _number in range(3))
    fresh = register(event, language=language)
    other = make_event(slug="rey30", is_current=False)
    comes = confirmed(other, language=language)
    write(cancelling.cancel, other, REASON, actor="command", now=NOW)
    write(registration_mails.queue_received, fresh, by_contact=True, now=NOW)
    write(actions.cancel, waits, actor="person", now=NOW)
    write(privacy_mails.queue_erased, asks, is_all=True, stays=False, now=NOW)
    made = {
        "received-without-place--by-contact": newest_mail(fresh, "received-without-place"),
        "cancelled--on-the-waiting-list": newest_mail(waits, "cancelled"),
        "erased--everything": newest_mail_to(asks.email, "erased"),
        "event-changed--cancelled": mail_of_change(event, held, cancelling.cancel, reason=REASON),
        "event-changed--takes-place": mail_of_change(other, comes, cancelling.take_up_again),
    }
    write(actions.cancel, held, words="Ditt ombud har ringt.\n\nHälsningar", actor="command", now=NOW)
    made["cancelled--by-organisers"] = newest_mail(held, "cancelled")
    return made | make_changes(language)


def make_changes(language: str) -> dict[str, Mail]:
    """Return mails about events whose time zone or days have changed."""
    made = {}
    for name, slug in (("time-zone", "hki32"), ("fewer-days", "osl33")):
        event = make_event(slug=slug, is_current=False)
        person = confirmed(event, language=language)
        values = {
            "time-zone": {"timezone": "Europe/Helsinki"},
            "fewer-days": {"ends_at": event.ends_at - DAY},
        }
        told = mail_of_change(event, person, changes.change, values=values[name])
        made[f"event-changed--{name}"] = told
    return made


def mail_of_change(event: Event, person: Registration, change: Callable, **told: Any) -> Mail:
    """Change the event, send the message that is proposed about the change, and return the person's mail."""
    by = {"actor": "command", "now": NOW}
    former = write(change, event, **told, **by)
    mailing = write(mailing_actions.propose_change, event, former, **by)
    user_id = db.session.scalars(select(User.id)).first()
    write(mailing_actions.send, mailing, user_id=user_id, **by)
    for recipient in sending.list_next(now=NOW):
        write(sending.queue_one, recipient, now=NOW)
    return newest_mail(person, "event-changed")


def told(mail: Mail) -> str:
    """Return a mail's headers, plain text and visible HTML, with fixed words in place of random ones."""
    message = message_from_bytes(mail.raw, policy=policy.default)
    headers = [f"{name}: {value}" for name, value in message.items() if name not in LEFT_OUT]
    page = BeautifulSoup(mail.html, "html.parser")
    for unseen in page.select("head, style"):
        unseen.decompose()
    lines = page.get_text("\n").replace(FILLING, "").splitlines()
    seen = [" ".join(line.split()) for line in lines]
    parts = ["\n".join(headers), mail.text, "=== HTML ===\n" + "\n".join(filter(None, seen))]
    text = "\n\n".join(parts) + "\n"
    for pattern, word in DRAWN:
        text = pattern.sub(word, text)
    return text


def store(folder: Path, mails: dict[str, str]) -> None:
    """Write the snapshots of a language, and delete those of kinds that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.stem not in mails:
            file.unlink()
    for name, text in mails.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
