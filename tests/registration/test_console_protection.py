"""Every page and file of the console shows a person with protected identity like any other (P21, P22)."""

import re

import pytest
from sqlalchemy import select

from forum.database import start_write
from forum.extensions import db
from forum.registration import actions, queries, waiting_list
from forum.registration.enums import Status
from forum.registration.models import ProtectedIdentity
from forum.web import edits
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import change_capacity, register

REAL_NAME = "Canary Realname"
PAGES = (
    "",
    "attendees",
    "attendees?q=alias",
    "attendees?q=kim+alias&sort=-status&sector=ngo",
    "waiting",
    "registrations/{reference}",
    "registrations/{reference}/offer",
    "registrations/{reference}/offer/extension",
    "registrations/{reference}/offer/withdrawal",
    "registrations/{reference}/cancel",
    "registrations/{reference}/reinstate",
    "registrations/{reference}/answers",
    "registrations/{reference}/care",
    "registrations/{reference}/resend",
    "registrations/{reference}/change",
    "registrations/{reference}/sector",
    "registrations/{reference}/address",
    "registrations/{reference}/notes",
    "registrations/{reference}/tags",
    "attendees/export",
    "mail",
    "log",
    "log?reference={reference}",
)
STATES = (Status.PENDING, Status.CONFIRMED, Status.WAITING, Status.OFFERED, Status.CANCELLED)


@pytest.fixture(params=STATES)
def twins(request, database):
    """Save two equal events with one person each; only the first person has protected identity. Return both people."""
    capacity = 0 if request.param in (Status.WAITING, Status.OFFERED) else 5
    made = []
    for slug, is_protected in (("nf27", True), ("nf28", False)):
        event = make_event(slug=slug, capacity=capacity, sectors=[make_sector("ngo", ceiling=5)])
        make_question(event, "arrival")
        make_question(event, "diet", choices=("gluten",), care=True)
        made.append(_person(event, request.param, is_protected))
        start_write(db.session)
        event.is_current = False
        db.session.commit()
    assert [person.protected_identity.answer["is_protected"] for person in made] == [True, False]
    return made


def _person(event, status, is_protected):
    real_name = REAL_NAME if is_protected else None
    person = register(
        event,
        "ngo",
        given_name="Kim",
        family_name="Alias",
        organisation="Same",
        is_protected=is_protected,
        real_name=real_name,
        given={"arrival": "By train", "diet": ["gluten"]},
    )
    start_write(db.session)
    if status != Status.PENDING:
        actions.confirm(person, queries.find_last_form(person), now=NOW)
    if status == Status.CANCELLED:
        actions.cancel(person, actor="command", now=NOW)
    if status == Status.OFFERED:
        change_capacity(event, 5)
        waiting_list.offer_free_places(event, now=NOW)
    db.session.commit()
    assert person.status == status
    return person


def alike(answer, person):
    """Return the page's text, with placeholders for everything that differs between any two registrations."""
    text = answer.data.decode()
    for own, general in (
        (person.reference, "REFERENCE"),
        (person.email, "ADDRESS"),
        (edits.digest({"address": person.email}), "SEEN"),
        (person.event.slug, "EVENT"),
    ):
        text = text.replace(own, general)
    text = re.sub(r'name="seen"[^>]* value="[0-9a-f]{16}\.[0-9a-f]{32}"', "SEEN", text)
    text = re.sub(r'name="(csrf_token|key)"[^>]* value="[^"]+"', "TOKEN", text)
    text = re.sub(r"[Oo]rganiser ?\d+", "ORGANISER", text)
    text = re.sub(r'<option value="\d+"', "<option", text)
    return re.sub(r"/mail/\d+/", "/mail/ID/", text)


def test_every_page_is_the_same_for_both(sign_in_as, twins):
    browsers = [sign_in_as(event=person.event) for person in twins]
    for path in PAGES:
        answers = [
            browser.get(
                f"/console/{person.event.slug}/{path.format(reference=person.reference)}", follow=True
            )
            for browser, person in zip(browsers, twins, strict=True)
        ]
        protected, ordinary = (alike(answer, person) for answer, person in zip(answers, twins, strict=True))
        assert protected == ordinary, path
        assert len(answers[0].statements) == len(answers[1].statements), path


def test_file_is_the_same_for_both(sign_in_as, twins):
    pages, why = sign_in_as(), {"purpose": "everything", "recipient": "office", "shape": "csv"}
    files = [
        pages.get(f"/console/{person.event.slug}/attendees/export").submit(why, expect=200)
        for person in twins
    ]
    protected, ordinary = (alike(answer, person) for answer, person in zip(files, twins, strict=True))
    assert (protected, "Alias" in protected) == (ordinary, True)


def test_real_name_is_found_nowhere_and_its_table_never_read(sign_in_as, twins):
    person, pages = twins[0], sign_in_as()
    told = [row.answer["real_name"] for row in db.session.scalars(select(ProtectedIdentity))]
    assert told == [REAL_NAME, None]
    for path in (
        "",
        "attendees",
        "attendees?q=canary",
        "waiting",
        f"registrations/{person.reference}",
        "mail",
    ):
        page = pages.get(f"/console/nf27/{path}")
        assert "Realname" not in page.data.decode()
        assert [statement for statement in page.statements if "protected_identities" in statement] == []
