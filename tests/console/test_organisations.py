"""Organisations in the console: adding them, which registrations belong to them, and which names the form suggests."""

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.organisations import actions
from forum.registration.enums import Status
from forum.registration.organisation_models import Organisation
from tests.factories.events import make_archive, make_event, make_sector
from tests.factories.registrations import confirmed
from tests.registration.filling import checked, manage_token
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
    assert index.all("section[aria-labelledby=pairs] li > div") == [
        "Folkhälsomyndigheten · Folkhalsomyndigheterna"
    ]
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
    checked(Pages(app), organisation="Somebody Else")  # a name that is not suggested is accepted


def write_down(organiser, **written):
    return organiser.get("organisations.new", **HERE).submit(
        written, button="Add the organisation", **FOLLOWED
    )


def test_a_proposed_pair_is_merged_with_the_numbers_first_and_undone(database, organiser, event):
    confirmed(event, organisation="Folkhälsomyndigheten", is_protected=True, real_name="Real Name")
    confirmed(event, organisation="Unit", email="a@fhm.example")
    write_down(organiser, name="Folkhälsomyndigheten", cap="1")
    index = write_down(organiser, name="Folkhälsomyndigheterna", domains="fhm.example")
    page = index.follow("Merge them Folkhälsomyndigheten · Folkhälsomyndigheterna")
    assert page.title.startswith("Merge Folkhälsomyndigheterna into Folkhälsomyndigheten")
    assert "Together they hold 2 places. That is more than the 1 that one organisation may have" in page.text
    assert page.all("tbody tr:nth-of-type(5) td") == ["1", "1"]
    assert "Real Name" not in page.text
    assert page.form("main form").data["cap"] == ["1"]
    wrong = page.submit({"cap": "0"}, button="Merge the organisations", expect=422)
    assert list(wrong.errors) == ["cap"]
    merged = wrong.submit({"cap": "2"}, button="Merge the organisations", **FOLLOWED)
    assert merged.flashes == [
        "Folkhälsomyndigheterna is merged into Folkhälsomyndigheten. 1 registration counts differently now."
    ]
    number = db.session.scalars(select(Organisation.id).where(Organisation.counts_as_id.is_not(None))).one()
    old = organiser.get("organisations.edit", **HERE, number=number, follow=True)
    assert (old.h1, old.flashes) == (
        "Folkhälsomyndigheten",
        ["Folkhälsomyndigheterna is merged into Folkhälsomyndigheten already."],
    )
    index = organiser.get("organisations.index", **HERE)
    assert "2 of at most 2" in index.text
    assert index.all("tbody td[data-label='Mail domains']") == ["fhm.example"]
    assert index.all("section[aria-labelledby=pairs] li") == []
    undo = merged.follow("Undo the merge Folkhälsomyndigheterna")
    assert "1 registration counts for it again. It takes 1 place with it. Nobody loses a place." in undo.text
    assert "Folkhälsomyndigheten can have 1 place again, as before the merge." in undo.text
    undone = undo.submit(button="Undo the merge", **FOLLOWED)
    assert undone.flashes == [
        "Folkhälsomyndigheterna stands for itself again. 1 registration counts differently now."
    ]
    assert undone.all("tbody td[data-label=Places]") == ["1 of at most 1", "1 of at most 4"]


def test_a_merge_by_choosing_is_refused_when_somebody_has_changed_one_meanwhile(organiser, sign_in_as, event):
    for name in ("Polisen", "Tullverket", "Polisenn"):
        write_down(organiser, name=name)
    chosen = (
        organiser.get("organisations.index", **HERE)
        .follow("Polisen")
        .follow("Merge into another organisation")
    )
    assert chosen.all("section[aria-labelledby=similar] li") == ["Merge into Polisenn"]
    page = chosen.follow("Merge into Tullverket")
    sign_in_as(Role.ORGANISER, event).get("organisations.edit", **HERE, number=2).submit(
        {"cap": "3"}, button="Save"
    )
    refused = page.submit(button="Merge the organisations", expect=409)
    assert "Somebody else has saved meanwhile" in refused.text
    refused.submit(button="Merge the organisations", **FOLLOWED)
    organiser.get("organisation_merges.merge", **HERE, number=2, into=2, expect=404)


def test_a_button_pressed_twice_says_what_is_so_already(organiser, event):
    """Two presses of a button, or two organisers at once: neither gets the page "not found"."""
    for name in ("Alpha", "Beta"):
        write_down(organiser, name=name)
    merge = organiser.get("organisation_merges.merge", **HERE, number=1, into=2)
    merge.submit(button="Merge the organisations", **FOLLOWED)
    again = merge.submit(button="Merge the organisations", **FOLLOWED)
    assert again.flashes == ["Alpha is merged into Beta already."]
    undo = again.follow("Undo the merge Alpha")
    undo.submit(button="Undo the merge", **FOLLOWED)
    assert undo.submit(button="Undo the merge", **FOLLOWED).flashes == ["Alpha stands for itself already."]
    organiser.get("organisation_merges.undo", **HERE, number=9, expect=404)


def test_pages_of_a_merge_say_who_is_written_to(organiser, event):
    for name, cap in (("Alpha", "1"), ("Beta", "3")):
        write_down(organiser, name=name, cap=cap)
    confirmed(event, "justice", organisation="Alpha")
    waits = confirmed(event, "justice", organisation="Alpha")
    assert waits.status == Status.WAITING
    page = organiser.get("organisation_merges.merge", **HERE, number=1, into=2)
    assert "Whoever waits and may have a place by the number below is offered one at once" in page.text
    assert "1 place is offered." in page.submit(button="Merge the organisations", **FOLLOWED).flashes[0]
    undo = organiser.get("organisation_merges.undo", **HERE, number=1)
    assert "Whoever waits and may have a place then is offered one at once" in undo.text


def test_a_sector_gets_a_number_of_its_own_and_the_list_says_how_many_there_are(organiser, event):
    write_down(organiser, name="Polisen", cap="1")
    confirmed(event, "justice", organisation="Polisen")
    page = organiser.get("organisations.edit", **HERE, number=1)
    wrong = page.submit({"sector_caps-justice": "0", "sector_caps-ngo": "x"}, button="Save", expect=422)
    assert sorted(wrong.errors) == ["sector_caps-justice", "sector_caps-ngo"]
    saved = wrong.submit({"sector_caps-justice": "3", "sector_caps-ngo": ""}, button="Save", **FOLLOWED)
    assert saved.all("tbody td[data-label=Places]") == ["0 of at most 1; Justice: 1 of at most 3"]
    page = organiser.get("organisations.edit", **HERE, number=1)
    other = organiser.get("organisations.edit", **HERE, number=1)
    page.submit({"sector_caps-justice": "4"}, button="Save")
    refused = other.submit({"sector_caps-justice": "5"}, button="Save", expect=409)
    assert refused.all(".compared tbody td") == ["4", "5"]
    write_down(organiser, name="Polisenn")
    merge = organiser.get("organisation_merges.merge", **HERE, number=2, into=1)
    assert (
        "Together they hold 1 place. Of these, 0 count against the number for the other sectors."
        in merge.text
    )
    assert "In the sectors, the numbers of Polisen hold." in merge.text


def test_an_inner_merge_says_what_is_to_be_undone_first(organiser, event):
    for name in ("Alpha", "Beta", "Gamma"):
        write_down(organiser, name=name)
    for number in (1, 2):
        if number == 2:
            early = organiser.get("organisation_merges.undo", **HERE, number=1)
        page = organiser.get("organisation_merges.merge", **HERE, number=number, into=number + 1)
        page = page.submit(button="Merge the organisations", **FOLLOWED)
    assert page.all("section[aria-labelledby=merged] li")[0].startswith("Alpha")
    assert "together with Beta" in page.text
    blocked = organiser.get("organisation_merges.undo", **HERE, number=1)
    assert "Alpha was merged into Beta, which was itself merged into Gamma since." in blocked.text
    assert early.submit(button="Undo the merge", expect=409).soup.select_one("main form") is None
    first = blocked.follow("Undo the merge of Beta first").submit(button="Undo the merge", **FOLLOWED)
    assert first.all("tbody th") == ["Beta", "Gamma"]
    removal = organiser.get("organisations.remove", **HERE, number=2)
    assert "What was merged into it is removed, too: Alpha." in removal.text


def test_similar_names_are_told_apart_and_proposed_again(database, organiser, event):
    for name in ("Folkhälsomyndigheten", "Folkhälsomyndigheterna"):
        index = write_down(organiser, name=name)
    both = "Folkhälsomyndigheten · Folkhälsomyndigheterna"
    apart = index.submit(button=f"They are two {both}", **FOLLOWED)
    assert apart.all("section[aria-labelledby=pairs] li") == []
    assert apart.all("section[aria-labelledby=apart] li > div") == [both]
    again = apart.submit(button=f"Propose them again {both}", **FOLLOWED)
    assert again.all("section[aria-labelledby=pairs] li > div") == [both]
    acts = database.query(AuditEntry.action).filter(AuditEntry.action.like("organisation.%"))
    assert [act for (act,) in acts.order_by(AuditEntry.id)][2:] == [
        *("organisation.told_apart", "organisation.proposed_again")
    ]


@pytest.mark.parametrize(
    ("domain", "refusal"),
    [
        ("co.uk", "Below co.uk each organisation has a domain of its own: write that"),
        ("org.se", "Below org.se each organisation has a domain of its own: write that"),
        ("Police.UK", "Below police.uk each organisation has a domain of its own: write that"),
        ("mail.gmail.com", "mail.gmail.com is a public mail provider: anybody can have an address there"),
        ("1.2.3.4", "Write each domain like example.org, on a line of its own"),
    ],
)
def test_a_domain_that_fits_everybody_is_refused(organiser, event, domain, refusal):
    form = organiser.get("organisations.new", **HERE)
    page = form.submit({"name": "Met", "domains": domain}, button="Add the organisation", expect=422)
    assert page.errors == {"domains": refusal}
    for own in ("met.police.uk", "notgmail.com", "office.co.uk"):
        form.submit({"name": own, "domains": own}, button="Add the organisation", expect=303)


def test_a_name_without_a_letter_is_refused(organiser, event):
    form = organiser.get("organisations.new", **HERE)
    page = form.submit(
        {"name": "\u0301", "aliases": "Noa\n\u0301"}, button="Add the organisation", expect=422
    )
    assert {*page.errors} == {"name", "aliases"}


def test_that_names_in_registrations_were_read_is_recorded(database, organiser, event):
    def recorded():
        rows = database.query(AuditEntry.action, AuditEntry.subject_type).order_by(AuditEntry.id)
        return [tuple(row) for row in rows if row.action.endswith(".viewed")]

    organiser.get("organisations.index", **HERE)
    assert recorded() == []
    confirmed(event, organisation="Anna Svensson Konsult")
    organiser.get("organisations.index", **HERE).follow("Add Anna Svensson Konsult")
    assert recorded() == [("organisations.viewed", "events"), ("registration.viewed", "registrations")]


def test_a_page_of_a_removed_organisation_never_reaches_the_next_one(database, organiser, event):
    """An outdated page of a removed organisation changes no other one, and keeps what was typed."""
    new = organiser.get("organisations.new", **HERE)
    page = new.submit({"name": "Polisen"}, button="Add the organisation", follow=True).follow("Polisen")
    removal = page.follow("Remove the organisation")
    stale = {"name": "Police", "aliases": "Polisen\nNoa"}
    removal.submit(button="Remove the organisation", expect=303)
    organiser.get("organisations.new", **HERE).submit(
        {"name": "Customs"}, button="Add the organisation", expect=303
    )
    removal.submit(button="Remove the organisation", expect=404)
    assert [one.name for one in database.query(Organisation)] == ["Customs"]
    kept = page.submit(stale, button="Save", expect=404)
    assert "has been removed or merged meanwhile" in kept.text
    assert kept.submit(button="Add the organisation", **FOLLOWED).flashes == ["Saved."]
    assert [one.name for one in database.query(Organisation)] == ["Customs", "Police"]


def test_every_form_with_an_organisation_suggests_marked_names_and_nobodys_own(app, sign_in_as, event):
    person = confirmed(event, "ngo", organisation="Secret Society", email="eva@example.org")
    admin = sign_in_as(Role.ADMIN)
    for written in (
        {"name": "Everywhere", "is_suggested": "y"},
        {"name": "Courts", "sector": "justice", "is_suggested": "y"},
        {"name": "Unmarked"},
    ):
        admin.get("organisations.new", **HERE).submit(written, button="Add the organisation")

    def suggested(page):
        names = [option["value"] for option in page.soup.select("datalist option")]
        (typed,) = page.soup.select("[name=organisation]")
        assert typed["list"] == page.soup.select_one("datalist")["id"]
        return names

    visitor = Pages(app)
    visitor.get("self_service.enter", token=manage_token(person), follow=True)
    assert suggested(visitor.get("self_service.change")) == ["Everywhere"]
    for view, values in (
        ("attendee_changes.change", {"reference": person.reference}),
        ("attendee_additions.add", {}),
        ("invitations.invite", {}),
    ):
        assert suggested(admin.get(view, **HERE, **values)) == ["Courts", "Everywhere"], view


def test_no_more_organisations_and_suggested_names_than_the_form_can_hold(organiser, event, monkeypatch):
    form = organiser.get("organisations.new", **HERE)
    monkeypatch.setattr(actions, "MOST_SUGGESTED", 0)
    refused = form.submit({"name": "Polisen", "is_suggested": "y"}, button="Add the organisation", expect=422)
    assert refused.errors == {"is_suggested": "The form suggests 0 names already, and can suggest no more"}
    monkeypatch.setattr(actions, "MOST", 0)
    refused = form.submit({"name": "Polisen"}, button="Add the organisation", expect=422)
    assert refused.errors == {"name": "0 organisations are written down already, and there can be no more"}


def test_names_and_domains_of_an_organisation_are_bounded(organiser, event):
    form = organiser.get("organisations.new", **HERE)
    for typed, field, words in (
        ({"aliases": "\n".join(f"n{one}" for one in range(51))}, "aliases", "Write at most 50 names"),
        ({"aliases": "x" * 201}, "aliases", "Write at most 50 names"),
        (
            {"domains": "\n".join(f"d{one}.example" for one in range(21))},
            "domains",
            "Write at most 20 domains",
        ),
        ({"domains": "@@"}, "domains", "Write each domain like example.org"),
    ):
        refused = form.submit({"name": "Polisen", **typed}, button="Add the organisation", expect=422)
        assert refused.errors[field].startswith(words)
