"""The list of participants: who is shown, how and to whom, and how soon a change is seen (P04, P15, P21, P22)."""

import time

import pytest
from sqlalchemy import update

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.events.enums import ListAudience, SectorPolicy
from forum.events.models import ContentVersion
from forum.events.queries import find_sector
from forum.extensions import db
from forum.participants import queries
from forum.privacy import restricting
from forum.registration import actions, links, protection, reviewing
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.consents import Listed
from forum.registration.enums import ConsentPurpose, ListedAs, RestrictionKind, TokenPurpose
from forum.registration.models import Consent
from forum.web import kept_page
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.participants.processes import withdraw_elsewhere
from tests.registration.filling import manage_token
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")
LIST = frozenset({ConsentPurpose.PARTICIPANT_LIST})
PUBLIC, PARTICIPANTS = ListAudience.PUBLIC, ListAudience.PARTICIPANTS


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def event(database):
    sectors = [make_sector("justice", ceiling=20), make_sector("tech", ceiling=1, position=2)]
    return make_event(participant_list="public", capacity=21, sectors=sectors)


def listed(event, given_name, family_name, organisation, shown=ListedAs.NAME, audience=PUBLIC, **more):
    """Register a person who has a place and consents to be listed; return the row that the list shows."""
    names = {"given_name": given_name, "family_name": family_name, "organisation": organisation}
    person = confirmed(event, **names, **more)
    write(actions.set_consents, person, LIST, listed=Listed(shown, audience), now=NOW)
    return person


def shown(pages, path="/sv/participants") -> list[list[str]]:
    """Return each organisation of the list, followed by the names below it."""
    rows = pages.get(path).soup.select(".participants-of")
    return [[part.get_text(strip=True) for part in row.find_all(["dt", "dd"])] for row in rows]


def choose_readers(event, audience):
    start_write(db.session)
    event.participant_list = audience
    db.session.commit()


def own_page(app, person) -> Pages:
    browser = Pages(app)
    browser.get("self_service.enter", token=manage_token(person), follow=True)
    return browser


def consents_form(browser):
    return browser.get("self_service.show").form("form.own-consents")


def test_the_list_shows_those_with_a_place_as_they_chose_and_nobody_else(pages, event):
    listed(event, "Åsa", "Ek", "Östra tingsrätten")
    listed(event, "Bo", "Ärlig", "Zonen")
    alias = listed(event, "Linn", "Alias", "Zonen", is_protected=True, real_name="Hemliga Namnet")
    listed(event, "Ola", "Dold", "Zonen AB", ListedAs.ORGANISATION)
    listed(event, "Eva", "Dold", "Byrån", ListedAs.ORGANISATION)
    confirmed(event, family_name="Nejsägare", organisation="Byrån")
    confirmed(event, family_name="Hemlig", organisation="Tysta rådet", is_protected=True, real_name="Nn")
    register(event, family_name="Obekräftad", consents=LIST)
    listed(event, "I", "Tid", "Nätet", sector="tech")
    listed(event, "För", "Sen", "Kön", sector="tech")
    everybody = [["Byrån", "Utan namn"], ["Nätet", "I Tid"], ["Zonen", "Linn Alias", "Bo Ärlig"]]
    assert shown(pages) == [*everybody, ["Östra tingsrätten", "Åsa Ek"]]
    english = shown(pages, "/en/participants")
    assert [row[0] for row in english] == ["Byrån", "Nätet", "Östra tingsrätten", "Zonen"]
    page = pages.get("/en/participants")
    assert (page.headers["X-Robots-Tag"], page.soup.find("meta", {"name": "robots"})["content"]) == (
        "noindex",
        "noindex",
    )
    assert "participants" not in pages.get("/sitemap.xml").text
    # A person who becomes protected leaves the list at once, as if the consent were withdrawn; no page says why.
    write(protection.record, alias, is_protected=True, real_name="Hemliga Namnet", now=NOW)
    assert shown(pages)[2] == ["Zonen", "Bo Ärlig"]
    last = db.session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
    assert last.details.payload == {"purpose": "participant_list", "given": False}


def test_each_change_of_a_kept_list_is_seen_at_once_and_no_other_registration_renders_it_anew(pages, event):
    footer = "Participants"
    assert footer not in pages.get("/en/news/").links
    person = listed(event, "Åsa", "Ek", "Domstolen")
    assert pages.get("/en/news/").links[footer] == "/en/participants"
    before = version()
    confirmed(event, family_name="Utanför")
    register(event)
    assert version() == before
    steps = [
        (actions.change, {"details": details(person, family_name="Ask"), "actor": "person"}, ["Åsa Ask"]),
        (actions.change, {"details": details(person, organisation="Hovet"), "actor": "person"}, ["Åsa Ek"]),
        (
            actions.set_consents,
            {"wanted": LIST, "listed": Listed(ListedAs.ORGANISATION, PUBLIC)},
            ["Utan namn"],
        ),
        (actions.set_consents, {"wanted": LIST, "listed": Listed(ListedAs.NAME, PUBLIC)}, ["Åsa Ek"]),
        (actions.cancel, {"actor": "person"}, None),
    ]
    for rule, said, names in steps:
        write(rule, person, **said, now=NOW)
        assert [row[1:] for row in shown(pages)] == ([names] if names else []), rule
    assert "Ingen visas här" in pages.get("/sv/participants").text
    assert footer not in pages.get("/en/news/").links


def test_a_name_or_organisation_that_waits_for_a_decision_is_on_no_list(app, pages, event):
    person, other = listed(event, "Åsa", "Ek", "Domstolen"), listed(event, "Bo", "Ärlig", "Zonen")
    review_everybody(event)
    assert shown(pages) == [["Domstolen", "Åsa Ek"], ["Zonen", "Bo Ärlig"]]
    changed = details(person, organisation="Polismyndigheten")
    write(actions.change, person, changed, actor="person", now=NOW)
    assert (person.status, person.is_in_review) == ("confirmed", True)
    assert (shown(pages), queries.count_consents(event)[PUBLIC]) == ([["Zonen", "Bo Ärlig"]], 1)
    write(reviewing.approve, person, actor="user:1", now=NOW)
    assert shown(pages) == [["Polismyndigheten", "Åsa Ek"], ["Zonen", "Bo Ärlig"]]
    choose_readers(event, PARTICIPANTS)
    reader = own_page(app, other)
    write(actions.change, person, details(person, family_name="Chef"), actor="person", now=NOW)
    assert shown(reader, "/sv/r/participants") == [["Zonen", "Bo Ärlig"]]


def test_pages_say_that_a_change_in_review_is_not_shown_whether_somebody_is_protected(app, pages, event):
    """The pages say the same with and without consent, and with protected identity, which must not be told apart."""
    people = [
        listed(event, "Åsa", "Ek", "Domstolen"),
        confirmed(event, given_name="Åsa", family_name="Ek", organisation="Domstolen"),
        confirmed(event, given_name="Åsa", family_name="Ek", is_protected=True, real_name="Hemliga Namnet"),
    ]
    before, after = "does not show you until they have decided.", "until the organisers have decided"
    browsers = [own_page(app, person) for person in people]
    assert [before in browser.get("self_service.change").text for browser in browsers] == [False] * 3
    review_everybody(event)
    assert [before in browser.get("self_service.change").text for browser in browsers] == [True] * 3
    assert [after in browser.get("self_service.show").text for browser in browsers] == [False] * 3
    for person in people:
        changed = details(person, organisation="Polismyndigheten")
        write(actions.change, person, changed, actor="person", now=NOW)
    assert [after in browser.get("self_service.show").text for browser in browsers] == [True] * 3
    choose_readers(event, ListAudience.OFF)
    for address in ("self_service.change", "self_service.show"):
        page = browsers[1].get(address).text
        assert (before in page, after in page) == (False, False)


def test_a_kept_list_is_without_a_person_whose_data_are_restricted(pages, event):
    person = listed(event, "Åsa", "Ek", "Domstolen")
    assert shown(pages) == [["Domstolen", "Åsa Ek"]]
    request = write(restricting.ask, person, RestrictionKind.RESTRICTION, "", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    assert shown(pages) == []
    write(restricting.take_back, person, now=NOW)
    assert shown(pages) == [["Domstolen", "Åsa Ek"]]


def test_a_withdrawal_in_another_process_takes_effect_within_a_second(app, pages, event, settings):
    person = listed(event, "Åsa", "Ek", "Domstolen")
    assert shown(pages) == [["Domstolen", "Åsa Ek"]]
    shared = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS", "STATIC")}
    places = {"INSTANCE": app.config["INSTANCE"], "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"]}
    withdraw_elsewhere(person.reference, {**shared, **places})
    until = time.monotonic() + 1
    while (rows := shown(pages)) and time.monotonic() < until:
        time.sleep(0.02)
    assert rows == []


def test_no_cache_keeps_a_withdrawn_name_longer_than_a_second(pages, event, monkeypatch):
    """Caches keep the list a second only: earlier versions raise no content version, and CDNs are told of no change."""
    person = listed(event, "Åsa", "Ek", "Domstolen")
    told = pages.get("/en/participants").headers["Cache-Control"]
    assert ("s-maxage=1," in told, "stale" in told) == (True, False)
    start_write(db.session)
    db.session.execute(update(Consent).where(Consent.registration_id == person.id).values(withdrawn_at=NOW))
    db.session.commit()
    monkeypatch.setattr(kept_page.time, "monotonic", lambda: 1e9)
    assert shown(pages, "/en/participants") == []


def test_a_list_for_participants_is_read_by_whoever_has_a_place_at_this_event(app, pages, event):
    elsewhere = make_event(slug="nf28", is_current=False, participant_list="participants")
    choose_readers(event, PARTICIPANTS)
    person = listed(event, "Åsa", "Ek", "Domstolen", audience=PARTICIPANTS)
    listed(event, "Bo", "Ask", "Rätten", ListedAs.ORGANISATION)
    confirmed(event, "tech")
    waiting, foreign = confirmed(event, "tech"), confirmed(elsewhere)
    assert pages.get("/en/participants", expect=302).location == "/en/r/participants"
    assert "Participants" not in pages.get("/en/news/").links
    for reader in (pages, own_page(app, waiting), own_page(app, foreign)):
        page = reader.get("/en/r/participants", expect=404)
        assert (page.h1, page.headers["Cache-Control"]) == ("This page is for participants", "no-store")
        assert ("Åsa" in page.text, "Get a new personal link" in page.text) == (False, True)
    reader = own_page(app, person)
    assert reader.get("self_service.show").links["List of participants"] == "/en/r/participants"
    assert shown(reader, "/en/r/participants") == [["Domstolen", "Åsa Ek"], ["Rätten", "Without names"]]
    assert reader.get("/en/r/participants").headers["Cache-Control"] == "no-store"
    reader.get("/en/events/nf28/r/participants", expect=404)
    for audience, there, here in ((PUBLIC, 200, 302), (ListAudience.OFF, 404, 404)):
        choose_readers(event, audience)
        pages.get("/en/participants", expect=there)
        reader.get("/en/r/participants", expect=here)


def test_a_list_with_more_readers_shows_only_those_who_agree_anew(app, pages, event):
    choose_readers(event, PARTICIPANTS)
    person = confirmed(event, given_name="Åsa", family_name="Ek", organisation="Domstolen")
    browser = own_page(app, person)
    form = consents_form(browser)
    assert form.data["participant_list"] == ["no"]
    late = consents_form(browser)
    form.submit({"participant_list": "name"})
    assert consents_form(browser).data["participant_list"] == ["name"]
    choose_readers(event, PUBLIC)
    assert shown(pages) == []
    page = browser.get("self_service.show")
    assert "More people can read the list now" in page.text
    assert consents_form(browser).data["participant_list"] == []
    # The page was opened before the change and said "for participants": consent to that reveals nothing to the public.
    late.submit({"participant_list": "organisation"})
    assert shown(pages) == []
    consents_form(browser).submit({"photographs": True})
    assert shown(pages) == []
    consents_form(browser).submit({"participant_list": "name"})
    assert shown(pages) == [["Domstolen", "Åsa Ek"]]
    # A consent to a public list covers a list for participants, too, and can be withdrawn once there is no list.
    choose_readers(event, PARTICIPANTS)
    assert consents_form(browser).data["participant_list"] == ["name"]
    choose_readers(event, ListAudience.OFF)
    consents_form(browser).submit({"participant_list": "no"})
    assert "participant_list" not in consents_form(browser).data
    db.session.refresh(person)
    assert not person.has_consented(ConsentPurpose.PARTICIPANT_LIST)


def test_the_confirming_page_preselects_nothing_and_stores_the_text_that_was_read(app, event):
    """Consent is asked for separately, unticked, and kept with the version of its words (P03)."""
    person = register(event)
    token = write(links.issue, person, TokenPurpose.CONFIRM, now=NOW)
    page = Pages(app).get("self_service.confirm", token=token)
    assert page.form().data["participant_list"] == []
    assert "anybody in the world can read" in page.text
    page.submit({"participant_list": "organisation"}, follow=True)
    db.session.refresh(person)
    (consent,) = person.consents
    assert (consent.purpose, consent.listed_as, consent.audience, consent.text_version) == (
        "participant_list",
        "organisation",
        "public",
        "2026-11-28",
    )


def test_organisers_choose_the_readers_and_read_every_text(sign_in_as, event):
    person = listed(event, "Åsa", "Ek", "Domstolen", audience=PARTICIPANTS)
    organiser = sign_in_as(Role.ORGANISER, event)
    page = organiser.get("settings.privacy", event="nf27")
    assert ("It would show 1 person today." in page.text, "It would show 0 people today." in page.text) == (
        True,
        True,
    )
    page = page.submit({"participant_list": "participants"}, follow=True)
    assert page.flashes == ["Saved."]
    last = db.session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
    assert (last.action, last.details.payload) == ("event.changed", {"fields": ["participant_list"]})
    shown_there = organiser.get("attendees.show", event="nf27", reference=person.reference).text
    assert "Name and organisation, on a list for participants, since 3 May 2027" in shown_there
    texts = organiser.get("consent_texts.index", event="nf27").text
    for version_of_text in ("2026-11-27", "2026-11-28"):
        assert version_of_text in texts
    assert "may appear in a list of participants, if there is one" in texts


def review_everybody(event):
    """Let organisers review the sector from now on; whoever has a place keeps it, as if approved."""
    write(setattr, find_sector(event, "justice"), "policy", SectorPolicy.REVIEW)


def details(person, **differing) -> Details:
    return Details(**{**{name: getattr(person, name) for name in CHANGEABLE}, **differing})


def version() -> int:
    db.session.rollback()
    return db.session.query(ContentVersion.version).scalar()
