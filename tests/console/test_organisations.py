"""Organisations in the console: writing them down, what belongs to them, and what the form suggests."""

import pytest

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from tests.factories.events import make_archive, make_event, make_sector
from tests.factories.registrations import confirmed
from tests.registration.filling import checked
from tools.pages import Pages

HERE = {"event": "nf27"}
FOLLOWED = {"follow": True, "expect": 200}
POLICE = {
    "name": "Polisen",
    "aliases": "Police Authority\n",
    "domains": "@Police.example",
    "country": "SE",
    "sector": "justice",
    "cap": "2",
}


@pytest.fixture
def event(database):
    return make_event(
        capacity=9,
        sectors=[make_sector("justice", ceiling=9), make_sector("ngo", ceiling=9)],
        organisation_cap=4,
    )


def test_an_organisation_is_written_down_from_a_registration_changed_and_removed(
    database, organiser, sign_in_as, event
):
    confirmed(event, organisation="Police authority", is_protected=True, real_name="Real Name")
    confirmed(event, organisation="North district", email="eva@police.example")
    confirmed(event, organisation="Customs")
    index = organiser.get("organisations.index", **HERE)
    assert "No organisations yet" in index.text
    assert "Customs" in index.text
    assert "Real Name" not in index.text
    form = index.follow("Add Police authority")
    assert form.form().data["name"] == ["Police authority"]
    wrong = form.submit({**POLICE, "domains": "gmail.com"}, button="Add the organisation", expect=422)
    assert wrong.errors == {
        "domains": "gmail.com is a public mail provider: anybody can have an address there"
    }
    saved = wrong.submit(POLICE, button="Add the organisation", **FOLLOWED)
    assert saved.flashes == ["Saved. 2 registrations count differently now."]
    assert "2 of at most 2" in saved.text
    assert saved.all("section tbody th") == ["Customs"]
    again = organiser.get("organisations.new", **HERE).submit(
        {"name": "Customs", "aliases": "polisen"}, button="Add the organisation", expect=422
    )
    assert again.errors == {"aliases": "“polisen” already belongs to Polisen"}
    page = saved.follow("Polisen")
    assert "North district 1 registration" in page.text
    other = sign_in_as(Role.ORGANISER, event).get(page.path)
    page.submit({"cap": "3"}, button="Save")
    refused = other.submit({"cap": "5"}, button="Save", expect=409)
    assert refused.all(".compared tbody td") == ["3", "5"]
    removed = page.follow("Remove the organisation").submit(button="Remove the organisation", **FOLLOWED)
    assert removed.flashes == ["The organisation is removed. 2 registrations count differently now."]
    acts = database.query(AuditEntry.action).filter(AuditEntry.action.like("organisation.%"))
    assert [act for (act,) in acts.order_by(AuditEntry.id)] == [
        *("organisation.added", "organisation.changed", "organisation.removed")
    ]


def test_names_that_look_alike_are_pointed_out_and_added_by_hand(organiser, event):
    confirmed(event, organisation="Folkhälsomyndighetn")
    confirmed(event, organisation="Tullverket")
    for name in ("Folkhälsomyndigheten", "Folkhalsomyndigheterna", "Åklagarmyndigheten"):
        organiser.get("organisations.new", **HERE).submit({"name": name}, button="Add the organisation")
    index = organiser.get("organisations.index", **HERE)
    assert index.all("section[aria-labelledby=pairs] li") == ["Folkhälsomyndigheten · Folkhalsomyndigheterna"]
    offered = [words for words in index.links if words.startswith("Add to ")]
    assert offered == ["Add to Folkhälsomyndigheten as another name: Folkhälsomyndighetn"]
    saved = index.follow(offered[0]).submit(button="Save", **FOLLOWED)
    assert saved.flashes == ["Saved. 1 registration counts differently now."]
    assert [words for words in saved.links if words.startswith("Add to ")] == []


def test_organisations_of_another_event_are_not_there(organiser, sign_in_as, event):
    archive = make_archive(sectors=[make_sector("justice")])
    elsewhere = sign_in_as(Role.ORGANISER, archive).get("organisations.new", event=archive.slug)
    elsewhere.submit({"name": "Polisen"}, button="Add the organisation")
    for view in ("organisations.edit", "organisations.remove"):
        organiser.get(view, **HERE, number=1, expect=404)
    organiser.get("organisations.index", event=archive.slug, expect=404)


def test_the_form_suggests_only_names_that_organisers_have_marked(app, organiser, event):
    confirmed(event, organisation="Secret Society")

    def suggested(sector):
        page = Pages(app).get("registration.details", sector=sector)
        return [option["value"] for option in page.soup.select("datalist option")]

    assert suggested("justice") == []
    for written in (
        {"name": "Everywhere", "is_suggested": "y"},
        {"name": "Courts", "sector": "justice", "is_suggested": "y"},
        {"name": "Unmarked"},
    ):
        organiser.get("organisations.new", **HERE).submit(written, button="Add the organisation")
    assert suggested("justice") == ["Courts", "Everywhere"]
    assert suggested("ngo") == ["Everywhere"]
    checked(Pages(app), organisation="Somebody Else")  # any other name is taken as before
