"""A form on a person's own page undoes nothing that was stored after the page was opened (R30).

Organisers change details, answers and the sector; the person has two windows, or two telephones.
"""

import pytest

from forum.events.enums import ListAudience, SectorPolicy
from forum.extensions import db
from forum.jobs.table import seal_answers_anew
from forum.questions.enums import QuestionKind
from forum.registration import actions, consents, given, moving, protection, reviewing
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.consent_texts import NOT_SHOWN
from forum.registration.enums import ConsentPurpose, ListedAs
from forum.registration.organisers_answers import OrganisersCareForm
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, read_care, write
from tests.questions.test_asking import stored
from tests.registration.filling import manage_token

pytestmark = pytest.mark.usefixtures("frozen")
ORGANISER = "organiser:1"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    sectors = [make_sector("justice", policy=SectorPolicy.REVIEW), make_sector("ngo"), make_sector("tech")]
    event = make_event(sectors=sectors, participant_list=ListAudience.PARTICIPANTS)
    make_question(event, "arrival")
    make_question(event, "dinner", QuestionKind.YES_NO)
    make_question(event, "diet", choices=("vegetarian", "gluten"), care=True)
    return event


@pytest.fixture
def person(event, pages):
    """Give a person with a place who is signed in to their own page; their sector is reviewed."""
    person = confirmed(event, "justice", organisation="Byrån", title="Jurist")
    write(reviewing.approve, person, actor=ORGANISER, now=NOW)
    write(given.store, person, {"arrival": "By train", "dinner": "yes", "diet": ["gluten"]}, now=NOW)
    pages.get("self_service.enter", token=manage_token(person), expect=303)
    return person


def correct(person, **changed) -> None:
    """Change details as an organiser does."""
    known = {name: getattr(person, name) for name in CHANGEABLE}
    write(actions.change, person, Details(**(known | changed)), actor=ORGANISER, now=NOW)


def test_details_that_an_organiser_has_changed_meanwhile_are_not_undone(pages, person, database):
    page = pages.get("self_service.change")
    correct(person, organisation="Myndigheten")

    refused = page.submit({"title": "Domare"}, expect=409)

    database.refresh(person)
    assert (person.organisation, person.title, person.is_in_review) == ("Myndigheten", "Jurist", False)
    assert "Something has been changed meanwhile" in refused.all("h2")
    assert refused.all(".compared tbody tr") == [
        "Organisation Myndigheten Byrån",
        "Title or role Jurist Domare",
    ]
    assert refused.form().data["title"] == ["Domare"]
    swedish = refused.submit(button="Svenska", expect=409)
    assert "Något har ändrats under tiden" in swedish.all("h2")
    assert swedish.form().data["title"] == ["Domare"]
    swedish.submit({"organisation": "Myndigheten"}, expect=303)
    database.refresh(person)
    assert (person.organisation, person.title, person.is_in_review) == ("Myndigheten", "Domare", False)


def test_details_saved_a_second_time_take_the_place_of_those_that_were_shown(pages, person, database):
    page = pages.get("self_service.change")
    correct(person, phone="+46 8 111 11 11")
    refused = page.submit({"title": "Domare", "phone": "+46 8 222 22 22"}, expect=409)
    correct(person, title="Rådman")
    again = refused.submit(expect=409)
    assert again.all(".compared tbody tr") == [
        "Title or role Rådman Domare",
        "Phone number +46 8 111 11 11 +46 8 222 22 22",
    ]
    again.submit(expect=303)
    database.refresh(person)
    assert (person.title, person.phone) == ("Domare", "+46 8 222 22 22")


def test_answers_that_an_organiser_has_changed_meanwhile_are_not_undone(pages, person):
    page = pages.get("self_service.change")
    write(given.store, person, {"arrival": "By bus"}, now=NOW)
    refused = page.submit({"q-dinner": "no"}, expect=409)
    told = stored(person)
    assert (told["arrival"], told["dinner"]) == ("By bus", "yes")
    assert refused.all(".compared tbody tr")[0].split()[-3:] == ["bus", "By", "train"]
    refused.submit({"q-arrival": "By bus"}, expect=303)
    told = stored(person)
    assert (told["arrival"], told["dinner"]) == ("By bus", "no")


def test_page_whose_form_has_become_another_one_does_not_say_that_details_were_changed(pages, event, person):
    """An organiser has added a question; nobody has changed the details, and the next press saves."""
    page = pages.get("self_service.change")
    make_question(event, "hotel")
    refused = page.submit({"title": "Domare"}, expect=409)
    assert "or the form has become another one" in refused.text
    assert "eller så har formuläret blivit ett annat" in refused.submit(button="Svenska", expect=409).text
    refused.submit(expect=303)
    db.session.refresh(person)
    assert person.title == "Domare"


def test_answers_about_food_that_an_organiser_has_replaced_meanwhile_are_kept(pages, person):
    page = pages.get("self_service.care")
    write(given.change_care, person, {"diet": ["vegetarian"]}, now=NOW)
    refused = page.submit({"q-diet": ["gluten"]}, button="Save", expect=409)
    assert "What is stored has been changed meanwhile" in refused.all("h2")
    assert (read_care(person), refused.form().data["q-diet"]) == ({"diet": ["vegetarian"]}, ["gluten"])
    refused.submit(button="Save", expect=303)
    assert read_care(person) == {"diet": ["gluten"]}


def test_answers_about_food_are_deleted_from_any_page(pages, person):
    """Deleting withdraws a consent, which has to be possible at any time, and leaves nothing to undo (P05)."""
    page = pages.get("self_service.care")
    write(given.change_care, person, {"diet": ["vegetarian"]}, now=NOW)
    page.submit(button="Delete everything about food and access", expect=303)
    assert read_care(person) == {}


def test_sealing_answers_anew_changes_nothing_on_an_open_page_about_food(pages, person):
    """The worker seals all answers anew each day; the person's page, and that of an organiser, stay valid."""
    own, console = pages.get("self_service.care"), OrganisersCareForm.stored(person)
    db.session.rollback()
    assert seal_answers_anew(now=NOW) > 0
    db.session.expire_all()
    assert OrganisersCareForm.stored(person) == console
    own.submit({"q-diet": ["vegetarian"]}, button="Save", expect=303)
    assert read_care(person) == {"diet": ["vegetarian"]}
    assert OrganisersCareForm.stored(person) != console


def test_page_about_food_does_not_tell_whether_something_is_stored(pages, person, event):
    """What the page carries of the stored answers is another text for each person, also where nothing is stored."""
    seen = {pages.get("self_service.care").form().data["seen"][0]}
    for _ in range(2):
        pages.get("self_service.enter", token=manage_token(confirmed(event, "ngo")), expect=303)
        seen.add(pages.get("self_service.care").form().data["seen"][0])
    assert len(seen) == 3


def test_sector_that_an_organiser_has_changed_meanwhile_is_kept(pages, event, database):
    person = confirmed(event, "ngo")
    pages.get("self_service.enter", token=manage_token(person), expect=303)
    page = pages.get("own_moves.sector")
    tech = next(sector for sector in event.sectors if sector.key == "tech")
    write(moving.move, person, tech, may_wait=False, actor=ORGANISER, now=NOW)
    refused = page.submit({"sector": "justice"}, expect=409)
    database.refresh(person)
    assert (person.sector.key, list(refused.errors)) == ("tech", ["sector"])
    assert f"You are in {tech.name['en']}." in refused.text
    refused.submit({"sector": "justice"}, expect=303)
    database.refresh(person)
    assert person.sector.key == "justice"


def agreed(person) -> tuple[bool, str | None]:
    """Return whether the person agrees to be photographed, and how the list shows them."""
    db.session.expire_all()
    listed = consents.find(person, consents.LIST)
    return person.has_consented(ConsentPurpose.PHOTOGRAPHS), listed.listed_as if listed else None


def test_consent_withdrawn_in_another_window_is_not_given_again(pages, person):
    form = "form[action$=consents]"
    shown = {"photographs": True, "participant_list": ListedAs.NAME}
    pages.get("self_service.show").form(form).submit(shown)
    assert agreed(person) == (True, ListedAs.NAME)
    old = pages.get("self_service.show")
    pages.get("self_service.show").form(form).submit({"photographs": False})
    old.form(form).submit({"participant_list": ListedAs.ORGANISATION})
    assert agreed(person) == (False, ListedAs.ORGANISATION)


def test_a_person_who_has_left_the_list_as_protected_is_not_put_on_it_by_an_older_page(pages, person):
    form = "form[action$=consents]"
    pages.get("self_service.show").form(form).submit({"participant_list": ListedAs.NAME})
    old = pages.get("self_service.show")
    write(protection.record, person, is_protected=True, real_name=None, now=NOW)
    old.form(form).submit({"photographs": True})
    assert agreed(person) == (True, None)


def test_consent_is_withdrawn_from_any_page(pages, person):
    form = "form[action$=consents]"
    pages.get("self_service.show").form(form).submit({"participant_list": ListedAs.NAME})
    old = pages.get("self_service.show")
    pages.get("self_service.show").form(form).submit({"participant_list": ListedAs.ORGANISATION})
    old.form(form).submit({"participant_list": NOT_SHOWN})
    assert agreed(person) == (False, None)


def test_a_no_on_an_older_page_withdraws_what_was_agreed_to_meanwhile(pages, person):
    """The older page says that the person is not shown and not photographed, and saving it confirms that (P04)."""
    form = "form[action$=consents]"
    old = pages.get("self_service.show")
    pages.get("self_service.show").form(form).submit({"photographs": True, "participant_list": ListedAs.NAME})
    assert agreed(person) == (True, ListedAs.NAME)
    old.form(form).submit()
    assert agreed(person) == (False, None)
