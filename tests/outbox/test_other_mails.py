"""Mails about invitations, privacy, reveals and changes: in two languages, as text and as HTML that loads nothing."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from forum.extensions import db
from forum.outbox.models import OutboxMessage
from tests.browser.test_mail import ACCOUNT_KINDS, write_account_mails
from tests.factories.events import make_event
from tests.outbox.other_mails import OTHER_KINDS, TO_HANDLER, make_other_mails
from tests.registration.reading import Mail, read
from tests.registration.test_mails import KINDS, words_of
from tools.organisers import make_user

TEMPLATES = Path(__file__).parents[2] / "templates/mail"
GREETINGS = {"sv": "Hej", "en": "Hello,"}
FORUMS = {"sv": "Nordiskt forum för provning", "en": "Nordic Forum for testing"}
URL = re.compile(r"https?://[^\s\"<>]+")
_made: dict[str, dict[str, Mail]] = {}


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.fixture(params=GREETINGS)
def mails(request) -> dict[str, Mail]:
    """Give a mail of each kind in one language; they are made once, because the tests only read them."""
    if request.param not in _made:
        request.getfixturevalue("database")
        _made[request.param] = make_other_mails(request.param)
    return _made[request.param]


def test_every_mail_that_the_forum_sends_is_in_one_of_the_lists():
    kinds = {folder.name for folder in TEMPLATES.iterdir()}
    assert kinds - {"test"} == KINDS | ACCOUNT_KINDS | OTHER_KINDS


def test_every_mail_greets_and_speaks_in_the_recipients_language(mails, request):
    language = request.node.callspec.params["mails"]
    (other,) = set(FORUMS) - {language}
    pages = {kind: BeautifulSoup(mail.html, "html.parser") for kind, mail in mails.items()}
    assert {kind for kind, mail in mails.items() if not mail.text.startswith(GREETINGS[language])} == set()
    assert {kind for kind, mail in mails.items() if FORUMS[language] not in mail.text} == TO_HANDLER
    assert {kind for kind, mail in mails.items() if FORUMS[other] in mail.text + mail.html} == set()
    assert {kind for kind, mail in mails.items() if GREETINGS[other] in mail.text + mail.html} == set()
    assert {page.html["lang"] for page in pages.values()} == {language}
    assert {kind for kind, page in pages.items() if page.title.text != mails[kind].subject} == set()


def test_text_and_html_say_the_same_with_the_same_links(mails):
    for kind, mail in mails.items():
        page = BeautifulSoup(mail.html, "html.parser")
        head = "\n".join(line.get_text() for line in page.select("td.head p"))
        assert {a["href"] for a in page.select("a[href^=http]")} == set(URL.findall(mail.text)), kind
        # The headline of a post is the HTML part's title, and a line of the text.
        title = page.h1.get_text(" ", strip=True) if kind == "news-post" else ""
        # The address under a button and, in mails to organisers, the button's words are in the HTML part only.
        doubled = ".preview, h1, .action + .address" + (", .button" if kind in TO_HANDLER else "")
        for own in page.select(doubled):
            own.decompose()
        said = " ".join(part.get_text(" ") for part in page.select("td.text, td.foot"))
        assert said_words(said) == said_words(mail.text.replace(head, "", 1).replace(title, "", 1)), kind


def said_words(text: str) -> list[str]:
    """Return the words of a mail without addresses of pages, and without full stops."""
    return [word.rstrip(".") for word in words_of(URL.sub("", text))]


def test_html_loads_nothing_and_leads_nowhere_else(mails):
    for kind, mail in mails.items():
        page = BeautifulSoup(mail.html, "html.parser")
        assert page.select("img, link, script, iframe, form, [src], [background]") == [], kind
        assert "url(" not in mail.html, kind
        targets = {a["href"] for a in page.select("a[href]")} - {"mailto:forum@example.org"}
        assert all(target.startswith("http://127.0.0.1:8000/") for target in targets), kind
        assert mail.files == {}, kind


@pytest.fixture(params=GREETINGS)
def account_mails(request, database) -> dict[str, Mail]:
    """Give a mail of each kind about an organiser's account, in one language."""
    make_event()
    write_account_mails(make_user(language=request.param))
    rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind.in_(ACCOUNT_KINDS)))
    made = {row.kind: read(row) for row in rows}
    assert made.keys() == ACCOUNT_KINDS
    return made


def test_mails_about_accounts_load_nothing_and_lead_nowhere_else(account_mails):
    """A mail about an account fetches no image and counts no reader, like all other mails (M13)."""
    test_html_loads_nothing_and_leads_nowhere_else(account_mails)


def test_links_of_the_html_part_of_mails_about_accounts_are_in_their_text(account_mails):
    """A reader of the text can open each page that a reader of the HTML part can."""
    assert any(
        BeautifulSoup(mail.html, "html.parser").select("a[href^=http]") for mail in account_mails.values()
    )
    for kind, mail in account_mails.items():
        page = BeautifulSoup(mail.html, "html.parser")
        addresses = {address.rstrip(".,") for address in URL.findall(mail.text)}
        links = {a["href"] for a in page.select("a[href^=http]")}
        assert {link for link in links if link not in addresses} == set(), kind
