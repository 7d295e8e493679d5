"""Every state, action and kind of mail has a text for organisers; the tests fail for a missing one."""

import re

import pytest

from forum.outbox.enums import MessageStatus
from forum.outbox.wording import KINDS
from forum.outbox.wording import STATUSES as MAIL_STATUSES
from forum.registration.applicant import CHANGEABLE
from forum.registration.enums import ConsentPurpose, Group, Status
from forum.registration.filtering import SORTS as SORTS_OF_THE_LIST
from forum.registration.listing import BY_LIFE
from forum.registration.wording import ACTS, CONSENTS, FIELDS, GROUPS, SORTS, STATUSES, ordinal
from forum.settings.project import PROJECT

RECORDED = re.compile(r'"(registration\.[a-z_]+)"')


def test_every_state_and_purpose_has_words():
    assert (set(STATUSES), set(BY_LIFE), set(CONSENTS)) == (set(Status), set(Status), set(ConsentPurpose))
    assert set(GROUPS) == set(Group)
    assert (set(MAIL_STATUSES), set(FIELDS)) == (set(MessageStatus), set(CHANGEABLE))


def test_every_sort_has_words_both_ways():
    assert set(SORTS) == {sign + sort for sort in SORTS_OF_THE_LIST for sign in ("", "-")}


def test_every_act_that_is_recorded_has_words():
    sources = (path.read_text() for path in (PROJECT / "forum").rglob("*.py") if path.name != "wording.py")
    recorded = {action for source in sources if "audit" in source for action in RECORDED.findall(source)}
    assert recorded - set(ACTS) == set()


def test_every_kind_of_an_events_mail_has_words():
    kinds = {folder.name for folder in (PROJECT / "templates/mail").iterdir() if folder.is_dir()}
    of_events = {kind for kind in kinds if not kind.startswith("account-")}
    assert of_events - set(KINDS) == set()


ORDINALS = [
    (1, "1st", "1:a"),
    (2, "2nd", "2:a"),
    (3, "3rd", "3:e"),
    (11, "11th", "11:e"),
    (12, "12th", "12:e"),
    (13, "13th", "13:e"),
    (21, "21st", "21:a"),
    (112, "112th", "112:e"),
]


@pytest.mark.parametrize(("number", "english", "swedish"), ORDINALS)
def test_ordinals(app, number, english, swedish):
    for language, expected in (("en", english), ("sv", swedish)):
        with app.test_request_context(f"/{language}/", headers={"Accept-Language": language}):
            assert ordinal(number) == expected
