"""Stored texts may be hostile: every page, feed, file and mail still works and shows them as text (S33, R27)."""

import csv
import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import html5lib
import icalendar
import pytest
from sqlalchemy import select, update

from forum.accounts.access import AUDIENCES, OPEN_FACES
from forum.columns import Link
from forum.database import start_write
from forum.delegations.models import Delegation
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration
from tests.guards.addresses import readable
from tests.guards.conftest import BOTH
from tests.guards.refusals import refused_briefly
from tests.guards.test_access_matrix import csrf_token
from tests.guards.test_canaries import FILE, queue_every_mail
from tests.guards.test_mass_assignment import hidden_fields
from tests.guards.world import ADMIN, DECLINED, ELSEWHERE, HERE, PERSON, UNSEEN, VISITOR
from tests.registration.reading import read

SLUGS = (HERE, ELSEWHERE, UNSEEN)
ATTACKS = (
    "</script><img src=x onerror=zqbad()>",
    "'\"><svg onload=zqbad()>",
    "{{7*7}}${7*7}<%= 7*7 %>{0.__class__}%(x)s%s",
    "[zq](javascript:zqbad()) <iframe src=//evil.example>",
    "\u202eelttil\u202c \u0645\u0631\u062d\u0628\u0627 \u2066x",
    "🧒🏽👩‍👩‍👧‍👦 e\u0301\ufb03\u200b\ufeff",
    "=cmd|' /C calc'!A0\r\nBcc: x@evil.example",
    "--></title></textarea></style>]]><!--",
    "zalgo \u0301\u0300\u0302 \x07\x1b[31m \ufffe",
    "long " + "å🙂" * 5_000,
)


def hostile(column, number, _present) -> str:
    """Return one of the attacks for a column: a link for a column of URLs, a unique text where one is needed."""
    if isinstance(column.type, Link):
        return "https://example.org/'\"><svg/onload=zqbad()>"
    text = ATTACKS[number % len(ATTACKS)]
    return f"{number} {text}" if column.unique or column.name == "email_canonical" else text


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


@pytest.fixture(scope="module")
def built_world(build_world, world_kind):
    """Give test data (a world) in which every text is an attack."""
    return build_world(world_kind, hostile)


def bodies(world, audiences=(VISITOR, PERSON, ADMIN)):
    """Yield the answers of all URLs to the given audiences."""
    with refused_briefly():
        for audience, lang in zip(audiences, ("en", "sv", "en"), strict=False):
            for address in readable(world, SLUGS, lang=lang):
                if audience == VISITOR or AUDIENCES[address.endpoint] not in OPEN_FACES:
                    yield f"{audience} {address.path}", world.browsers[audience].get(address.path)


@pytest.mark.long
@pytest.mark.slow
def test_every_page_and_feed_comes_and_is_inert(world):
    kinds = set()
    for where, answer in bodies(world):
        # The test data has undeliverable mails (dead letters), so /status answers 503.
        assert answer.status_code < 500 or where == f"{VISITOR} /status", where
        kinds.add(answer.mimetype)
        text = answer.get_data().decode(errors="replace")
        if answer.mimetype == "text/html":
            check_inert(text, where)
        elif answer.mimetype.endswith("xml"):
            check_xml(text, where)
        elif answer.mimetype == "text/calendar":
            # The event has two days, and a calendar has one entry for each day.
            assert len(icalendar.Calendar.from_ical(text).walk("VEVENT")) == 2, where
        assert "\r\n" not in str(answer.headers.get("Location")), where
    assert kinds >= {"text/html", "application/atom+xml", "application/xml", "text/calendar", "text/plain"}


def test_check_finds_what_is_not_inert():
    """Control: a script, a javascript: link and an evaluated formula are found in a page."""
    for attack in (ATTACKS[0], ATTACKS[1], "<a href='javascript:zqbad()'>x</a>", "<p>49</p>"):
        with pytest.raises(AssertionError):
            check_inert(f"<main>{attack}</main>", "here")


def test_file_of_attendees_runs_nothing_and_has_every_row(world):
    browser = world.browsers[ADMIN]
    answer = browser.post(
        f"/console/{HERE}/attendees/export", data={**FILE, "csrf_token": csrf_token(browser)}
    )
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
    # One person's data are restricted, so that no file has them (P12).
    missing = {world.references[name] for name in ("elsewhere", DECLINED)}
    assert {row[0] for row in rows[1:]} == set(world.references.values()) - missing
    assert [cell for row in rows for cell in row if re.match(r"\s*[=+\-@\t\r]", cell)] == []
    assert {len(row) for row in rows} == {len(rows[0])}


def test_own_data_is_whole(world):
    answer = world.browsers[PERSON].get("/en/r/own-data?format=json")
    assert answer.json["registration"]["reference"] == world.references[PERSON]


def test_mails_are_made_or_buried_one_by_one(fresh_world):
    """A mail to an invalid address becomes a dead letter with its reason, and the act that caused it succeeds (R10)."""
    with fresh_world.app.app_context():
        before = set(db.session.scalars(select(OutboxMessage.id)))
        queue_every_mail(fresh_world)
        made = list(db.session.scalars(select(OutboxMessage).where(OutboxMessage.id.not_in(before))))
        assert {mail.status for mail in made} == {MessageStatus.FAILED}
        assert all(mail.content is None and "Unsafe" in mail.last_error for mail in made), {
            m.last_error for m in made
        }


def test_mails_to_a_sound_address_are_inert(fresh_world):
    with fresh_world.app.app_context():
        start_write(db.session)
        sound = {"email": "sound@example.org", "language": "en"}
        for person in db.session.scalars(select(Registration)):
            db.session.execute(update(Registration).where(Registration.id == person.id).values(sound))
            person.event.contact_email = "office@example.org"
        db.session.execute(update(Delegation).values(sound))
        db.session.commit()
        before = set(db.session.scalars(select(OutboxMessage.id)))
        queue_every_mail(fresh_world)
        for row in db.session.scalars(select(OutboxMessage).where(OutboxMessage.id.not_in(before))):
            if row.status == MessageStatus.WITHHELD:
                continue
            mail = read(row)
            check_inert(mail.html, row.kind)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [
        {"country": "<>", "language": "'\"><b>", "phone": "'"},
        {"country": "", "language": "", "given_name": "", "family_name": "", "organisation": "", "title": ""},
        {"country": "\u202e", "language": "xx"},
    ],
)
def test_codes_that_nobody_knows_break_no_page(fresh_world, values):
    """Pages and mails work for rows with an unknown country or language, and names without letters."""
    with fresh_world.app.app_context():
        start_write(db.session)
        db.session.execute(update(Registration).values(values))
        db.session.commit()
    for where, answer in bodies(fresh_world, (PERSON, ADMIN)):
        assert answer.status_code < 500, where
    browser = fresh_world.browsers[ADMIN]
    data = {**FILE, "csrf_token": csrf_token(browser)}
    assert browser.post(f"/console/{HERE}/attendees/export", data=data).get_data().count(b"\r\n") > 3
    reference, mail_count = fresh_world.references[PERSON], "SELECT count(*) FROM outbox_messages"
    with fresh_world.app.app_context():
        before = db.session.connection().exec_driver_sql(mail_count).scalar()
    path = f"/console/{HERE}/registrations/{reference}/cancel"
    answer = browser.post(path, data={**data, **hidden_fields(fresh_world, ADMIN, path)})
    with fresh_world.app.app_context():
        after = db.session.connection().exec_driver_sql(mail_count).scalar()
    assert (answer.status_code, after > before) == (303, True)


# Matches a personal link's random token, which may contain "49" without being an evaluated attack such as {{7*7}}.
TOKEN = re.compile(r"(?<=/r/)[\w-]{43}(?![\w-])")


def check_inert(html: str, where: str) -> None:
    """Check that no stored text became an element or attribute, or was evaluated or formatted."""
    # Parse as a browser does, but not into BeautifulSoup's objects: making these would take longer than the search.
    page = html5lib.parse(html, namespaceHTMLElements=False)
    for element in page.iter():
        name = name_of(element)
        assert name not in {"object", "embed"}, where
        if name == "iframe":
            # A preview shows a mail in a frame that can run nothing; the mail must be inert, too.
            assert element.get("sandbox") == "allow-same-origin", where
            check_inert(element.get("srcdoc", ""), f"{where}, frame")
        assert not (name == "img" and element.get("src") == "x"), where
        assert name != "script" or element.get("src") or element.get("type") == "application/ld+json", where
        for attribute, value in element.items():
            check_attribute(attribute.rpartition("}")[2], value, f"{where}: {name}")
    words = " ".join(texts_in(page))
    # Search for 49 as a whole word: a random reference such as "2ada49f7" may contain these digits.
    assert not re.search(r"(?<!\w)49(?!\w)", TOKEN.sub("", words)), where
    assert "<class" not in words, where
    assert page.find(".//main//main") is None, where


def check_attribute(name: str, value: str, where: str) -> None:
    """Check that an attribute runs no script and leads to no foreign site."""
    assert not name.startswith("on"), f"{where} {name}"
    if name in {"href", "src", "action", "formaction"}:
        assert not re.match(r"\s*(javascript|vbscript|data:text)", value, re.IGNORECASE), f"{where}: {value}"
        # The link to a search, for a tag for example, has the stored text in its query, encoded.
        target, _mark, query = value.partition("?")
        assert target.startswith("mailto:") or "evil.example" not in target, f"{where}: {value}"
        assert not re.search(r"[\s<>\"]", query), f"{where}: {value}"


def name_of(element: ElementTree.Element) -> str:
    """Return the element's name without its namespace; "" for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def texts_in(element: ElementTree.Element) -> Iterator[str]:
    """Yield the texts in an element that a reader sees."""
    if name_of(element) not in {"", "script", "style", "template"}:
        yield element.text or ""
        for inner in element:
            yield from texts_in(inner)
            yield inner.tail or ""


def check_xml(text: str, where: str) -> None:
    """Check that the XML is valid and that the HTML inside a feed is harmless too."""
    root = ElementTree.fromstring(text)  # noqa: S314 - the XML is the forum's own answer
    for element in root.iter():
        if element.get("type") == "html" and element.text:
            check_inert(element.text, where)
