"""Importing people: recognised headings, a dry run that writes nothing, importing all or the valid rows, undoing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.extensions import db
from forum.imports import actions, checking, console, tables
from forum.imports.checking import Person
from forum.imports.errors import OutcomeChanged
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.people import notes
from forum.people.models import AddressChange
from forum.registration import actions as registering
from forum.registration import by_hand, new_address, places
from forum.registration.applicant import Details
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.saved_view_models import SavedView
from forum.web.sheet_rows import TooLarge
from tests.factories.events import NOW, make_archive, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.tables import names
from tools.pages import counted_statements

CHOSEN = {
    "sector": "ngo",
    "country": "SE",
    "language": "sv",
    "links": "send",
    "if_full": "wait",
    "which": "good",
}
CHOSEN |= {"reason": "Our list of last year.", "organisation": ""}
ON, LOOK = "Go on to the columns", "Look at what would happen"
TABLE = "Förnamn;Efternamn;E-post;Organisation;Sektor;Land;Telefon\n"
KIM = "Kim;Ek;kim@example.org;Ministeriet;ngo;Norge;'+46 8 123\n"
SAM = "Sam;;;Polisen;IT och telekom;SWE;tel:112 11\n"
VIEWS = "/console/nf27/attendees/views"
PAIR = TABLE + KIM + SAM


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(
        capacity=9,
        sectors=[make_sector("ngo", ceiling=2, position=1), make_sector("tech", position=2)],
    )


@pytest.fixture
def page(organiser, event):
    return organiser.get("attendees.index", event="nf27").follow("Import").follow("Import people")


def sent(page, table, **differing):
    """Send a table and the choices of what happens to its people; return the page of the dry run."""
    return page.submit({"lines": table}, button=ON, expect=200).submit(
        {**CHOSEN, **differing}, button=LOOK, expect=200
    )


def counted():
    every = (Registration, AttendeeImport, ImportedPerson, OutboxMessage)
    acts = select(func.count()).where(AuditEntry.action != "registrations.searched")
    return [
        *(db.session.scalar(select(func.count()).select_from(one)) for one in every),
        db.session.scalar(acts),
    ]


def searched() -> int:
    """Return how often it was recorded that an organiser has searched for people."""
    return db.session.query(AuditEntry).filter_by(action="registrations.searched").count()


def imported():
    rows = db.session.scalars(select(Registration).join(ImportedPerson).order_by(Registration.id))
    return [
        (r.given_name, r.family_name, r.organisation, r.sector.key, r.country, r.phone, r.status)
        for r in rows
    ]


def test_people_are_imported_by_the_rules_of_adding_by_hand(page, event, organiser):
    before = counted()
    shown = sent(page, PAIR)
    # the dry run counts as one search, because it reveals which addresses are registered
    assert (counted(), searched()) == (before, 1)
    assert "Nobody has been imported yet." in shown.text
    done = shown.submit(button="Import 2 people", follow=True)
    assert done.flashes == ["2 people have been imported. Links to confirm the addresses are on their way."]
    assert imported() == [
        ("Kim", "Ek", "Ministeriet", "ngo", "NO", "+46 8 123", Status.CONFIRMED),
        ("Sam", "", "Polisen", "tech", "SE", "112 11", Status.CONFIRMED),
    ]
    kim = db.session.scalars(select(Registration).where(Registration.given_name == "Kim")).one()
    assert (kim.email, new_address.find_last(kim)) == ("", "kim@example.org")
    assert [one.text for one in notes.list_notes(kim)] == ["Our list of last year."]
    mail = db.session.scalars(select(OutboxMessage)).one()
    assert (mail.recipient, mail.lane) == ("kim@example.org", Lane.BULK)
    acts = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts.count("import.made") == 1
    assert acts.count("registration.received") == 2
    again = organiser.get("imports.new", event="nf27").submit({"lines": PAIR}, button=ON, expect=200)
    dry = again.submit(CHOSEN, button=LOOK, expect=200)
    assert f"Registration {kim.reference} has this address" in dry.text


def test_the_page_of_columns_says_which_of_two_columns_of_one_name_is_read(page):
    table = "Förnamn;Organisation;Land;organisation\nKim;Polisen;SE;Ministeriet\n"
    told = "Several columns are called “Organisation”. The first one is read."
    shown = page.submit({"lines": table}, button=ON, expect=200)
    assert (told in shown.text, shown.form().data["from_organisation"]) == (True, ["1"])
    dry = shown.submit(CHOSEN, button=LOOK, expect=200)
    assert (told in dry.text, "Polisen" in dry.text) == (True, True)
    other = shown.submit({**CHOSEN, "from_organisation": "3"}, button=LOOK, expect=200)
    assert ("Several columns" in other.text, "Ministeriet" in other.text) == (False, True)


def test_faults_name_row_and_column_and_the_good_rows_can_still_be_imported(page, event):
    confirmed(event, "ngo", email="taken@example.org", given_name="Alias", is_protected=True)
    table = PAIR + (
        "Bo;;BO@example.org;;ngo;SE;\n;X;x;Org;nowhere;Atlantis;abc\nAnn;;KIM@example.org;Org;;SE;\n"
        "Eva;;taken@example.org;Org;;SE;\nUlf;;ulf@example.org;Org;ngo;SE;\n"
    )
    shown = sent(page, table, if_full="refuse", which="all")
    taken = db.session.scalars(select(Registration.reference)).one()
    told = [row.split() and row for row in shown.all("main tbody tr")]
    for words in (
        "4 Organisation Enter the organisation that the person comes from",
        "5 Given name Enter the person’s given name",
        "5 Country “Atlantis” is no country that we know",
        "5 Sector The forum has no sector “nowhere”",
        "6 E-mail address The address stands in row 2 already",
        f"7 E-mail address Registration {taken} has this address",
        "8 Sector No place is free there for the person",
    ):
        assert any(" ".join(row.split()).startswith(words) for row in told), words
    assert "Import 2 people" not in shown.text
    assert "Every row has to be right" in shown.text
    shown.submit({"which": "good"}, button=LOOK, expect=200).submit(button="Import 2 people", follow=True)
    assert [one[0] for one in imported()] == ["Kim", "Sam"]


def test_an_identity_number_in_a_cell_is_a_fault_of_its_row(page, event):
    table = PAIR + "Ulf 701208-1233;;ulf@example.org;Org;ngo;SE;\n"
    shown = sent(page, table, which="all")
    told = [" ".join(row.split()) for row in shown.all("main tbody tr")]
    assert any(row.startswith("4 Given name This looks like a national identity number.") for row in told)
    assert "Import 2 people" not in shown.text


def test_what_changed_since_the_dry_run_is_shown_again(page, event):
    shown = sent(page, PAIR)
    confirmed(event, "ngo", email="kim@example.org")
    again = shown.submit(button="Import 2 people", expect=200)
    assert "Import 1 person" in again.text
    assert imported() == []


def test_the_same_form_sent_twice_imports_once(page):
    shown = sent(page, PAIR)
    shown.submit(button="Import 2 people", follow=True)
    shown.submit(button="Import 2 people")
    assert len(imported()) == 2


def test_cancelled_rows_are_left_out_and_columns_are_remembered(page, organiser):
    table = (
        "Given;E-mail;Company;Company;Status\nKim;kim@example.org;A;B;paid\nSam;s@example.org;A;B;Canceled\n"
    )
    asked = page.submit({"lines": table}, button=ON, expect=200)
    assert asked.form().data["from_organisation"] == ["2"]
    asked.submit(CHOSEN, forged={"from_title": "x", "from_phone": "9" * 5000}, button=LOOK, expect=422)
    shown = asked.submit(
        {**CHOSEN, "from_given_name": "0", "from_organisation": "3"}, button=LOOK, expect=200
    )
    assert "1 row is left out, because its status says" in shown.text
    shown.submit(button="Import 1 person", follow=True)
    assert imported()[0][:3] == ("Kim", "", "B")
    again = organiser.get("imports.new", event="nf27").submit({"lines": table}, button=ON, expect=200)
    assert again.form().data["from_organisation"] == ["3"]
    assert again.form().data["from_given_name"] == ["0"]


def test_tickets_that_nobody_has_bought_are_no_people_who_do_not_come(page):
    """alf.io lists them with the status FREE; a person with this status is left out as one who does not come."""
    table = "First Name;Last Name;E-Mail;Status\nKim;Ek;kim@example.org;ACQUIRED\n;;;FREE\n;;;FREE\n"
    chosen = {**CHOSEN, "organisation": "Polisen"}
    shown = page.submit({"lines": table}, button=ON, expect=200).submit(chosen, button=LOOK, expect=200)
    assert "the person does not come" not in shown.text
    assert "Import 1 person" in shown.text
    named = page.submit({"lines": f"{table};;sam@example.org;FREE\n"}, button=ON, expect=200)
    told = named.submit(chosen, button=LOOK, expect=200).text
    assert "1 row is left out, because its status says that the person does not come" in told


def test_people_without_a_place_elsewhere_are_left_out_unless_the_box_is_ticked(page):
    table = "First name;Company;Status\nKim;A;Paid\nSam;A;Pending\nLo;A;I kö\nBo;A;Canceled\n"
    shown = page.submit({"lines": table}, button=ON, expect=200).submit(CHOSEN, button=LOOK, expect=200)
    assert "2 rows are left out, because their status says that the person has no place yet" in shown.text
    assert "Import 1 person" in shown.text
    ticked = shown.submit({"with_undecided": "y"}, button="Import 1 person", expect=200)
    assert "2 rows are taken, although their status says" in ticked.text
    ticked.submit(button="Import 3 people", follow=True)
    assert [one[0] for one in imported()] == ["Kim", "Sam", "Lo"]


def test_what_was_chosen_is_kept_when_a_corrected_table_with_the_same_headings_is_chosen(page):
    chosen = {
        **CHOSEN,
        "country": "NO",
        "reason": "Two lines,\n& “quoted”." + " åäö" * 300,
        "from_title": "3",
        "which": "good",
    }
    shown = page.submit({"lines": PAIR}, button=ON, expect=200).submit(chosen, button=LOOK, expect=200)
    assert not shown.soup.select("form.console-languages")
    again = shown.submit(button="Choose another table", expect=200)
    kept = again.submit({"lines": PAIR.replace("Kim", "Kai")}, button=ON, expect=200)
    told = {name: values[0].replace("\r", "") for name, values in kept.form().data.items() if values}
    assert {name: told[name] for name in chosen} == chosen
    kept.submit(button=LOOK, expect=200).submit(button="Import 2 people", follow=True)
    assert [one[0] for one in imported()] == ["Kai", "Sam"]
    other = again.submit({"lines": PAIR.replace("Land", "Country")}, button=ON, expect=200).form().data
    assert (other["from_title"], other["reason"]) == ([""], [""])


def test_silent_import_writes_to_nobody(page):
    done = sent(page, PAIR, links="silent").submit(button="Import 2 people", follow=True)
    assert CHOSEN["reason"] in done.all("main tbody td")
    assert db.session.scalars(select(OutboxMessage)).all() == []
    assert db.session.scalars(select(AddressChange)).all() == []


def test_a_whole_import_is_undone_and_its_places_are_offered(page, event, organiser):
    sent(page, TABLE + KIM + "Ann;Lo;a@example.org;Polisen;ngo;SE;\n").submit(
        button="Import 2 people", follow=True
    )
    waiter = confirmed(event, "ngo", email="waiter@example.org", given_name="Waiter")
    assert waiter.status == Status.WAITING
    number = db.session.scalars(select(AttendeeImport.id)).one()
    for query in ("q=kim", f"import={number}", "q=waiter"):
        organiser.get(f"{VIEWS}/new?{query}").form("main form").submit({"name": query}, expect=303)
    asking = organiser.get("imports.index", event="nf27").follow("Undo …")
    done = asking.submit(button="Undo the import", follow=True)
    assert done.flashes == ["The import has been undone. 2 people have been removed again."]
    db.session.expire_all()
    assert [(one.given_name, one.status) for one in db.session.scalars(select(Registration))] == [
        ("Waiter", Status.OFFERED)
    ]
    assert (event.taken, find_sector(event, "ngo").taken) == (1, 1)
    assert db.session.scalars(select(AddressChange)).all() == []
    views = db.session.scalars(select(SavedView).order_by(SavedView.id)).all()
    assert [view.name for view in views] == [f"import={number}", "q=waiter"]
    organiser.get(f"/console/nf27/attendees?import={number}", expect=404)
    assert organiser.get(f"{VIEWS}/{views[0].id}", expect=409).all(".note li") == [
        "An import that was undone"
    ]
    assert "This import has been undone already." in asking.submit(button="Undo the import", follow=True).text


def test_an_import_is_not_undone_once_somebody_of_it_has_acted(page, event, organiser):
    sent(page, PAIR).submit(button="Import 2 people", follow=True)
    asking = organiser.get("imports.index", event="nf27").follow("Undo …")
    clock.freeze(NOW + timedelta(minutes=5))
    kim = db.session.scalars(select(Registration).where(Registration.given_name == "Kim")).one()
    write(notes.add_note, kim, "Called.", actor="user:1", now=clock.now())
    refused = asking.submit(button="Undo the import", follow=True)
    assert "can no longer be undone. Since then the person or an organiser has done something" in refused.text
    assert "Cancel registrations in the attendee list instead, one or several at once." in refused.text
    assert len(imported()) == 2
    assert names(refused.follow("Show the people of this import")) == ["Ek, Kim", "Sam"]


def test_a_small_file_that_holds_much_text_is_refused():
    with pytest.raises(TooLarge):
        tables.read(b"", "Namn\n" + ("x" * 2_900 + "\n") * 2_800)


def test_a_table_that_was_sealed_for_another_event_or_an_hour_ago_is_not_read(database, app):
    clock.freeze(NOW)
    with app.test_request_context():
        table = tables.read(b"", PAIR)
        sealed = tables.sealed(table, "one")
        assert tables.unsealed(sealed, "one") == table
        assert [
            tables.unsealed(text, to) for text, to in ((sealed, "other"), (sealed[:-4], "one"), ("å", "one"))
        ] == [None] * 3
        clock.freeze(NOW + timedelta(hours=1))
        assert tables.unsealed(sealed, "one") is None


def test_address_that_was_added_by_hand_is_registered_already(page, event):
    details = Details("Kim", "Ek", "The ministry", "", "SE", "en", None)
    added = write(
        by_hand.add, event, find_sector(event, "ngo"), details, email="kim@example.org", reason="Called.",
        may_wait=True, actor="command", now=NOW,
    )  # fmt: skip
    assert f"Registration {added.reference} has this address" in sent(page, PAIR).text


def told_rows(page):
    return [" ".join(row.split()) for row in page.all("main tbody tr")]


def test_the_same_table_registers_nobody_again_without_a_word(page, event, organiser):
    sent(page, PAIR, links="silent").submit(button="Import 2 people", follow=True)
    told = {"email": "x@example.org", "given_name": "Alias", "family_name": "Å", "phone": "070-123 45"}
    confirmed(event, "ngo", **told, is_protected=True)
    kim, sam, alias = db.session.scalars(select(Registration.reference).order_by(Registration.id)).all()
    table = (
        f"{PAIR}Álias;Å;;Other;;SE;tel:0701-2345\nAnn;Lo;;Org;;SE;\nANN;Lo;;org;;SE;\nKim;Ek;;Other;;SE;\n"
    )
    asked = organiser.get("imports.new", event="nf27").submit({"lines": table}, button=ON, expect=200)
    shown = asked.submit({**CHOSEN, "links": "silent", "which": "all"}, button=LOOK, expect=200)
    assert told_rows(shown)[:4] == [
        f"2 Kim Ek Registration {kim} has the same name and organisation",
        f"3 Sam Registration {sam} has the same name and organisation",
        f"4 Álias Å Registration {alias} has the same phone number and a similar name",
        "6 ANN Lo Row 5 has the same name and organisation",
    ]
    assert "4 people are probably there already, and are left out" in shown.text
    assert "Import 2 people" in shown.text
    ticked = shown.submit({"with_alike": "y"}, button="Import 2 people", expect=200)
    assert "4 people are probably there already, and are imported all the same" in ticked.text
    ticked.submit(button="Import 6 people", follow=True)
    assert [one[0] for one in imported()] == ["Kim", "Sam", "Kim", "Sam", "Álias", "Ann", "ANN", "Kim"]


def test_colleagues_with_the_number_of_one_switchboard_are_not_taken_for_one_person(page, event):
    """The same number counts for people of a similar name alone, among the registered and among the rows."""
    kim = confirmed(
        event, "ngo", email="x@example.org", given_name="Kim", family_name="Ek", phone="08-123 45"
    ).reference
    table = (
        "Ann;Lo;ann@example.org;Polisen;;SE;0812345\nBo;Ny;bo@example.org;Polisen;;SE;tel:08-12345\n"
        "Kims;Ek;other@example.org;Ministeriet;;SE;08 123 45\nNy;Bo;;Byrån;;SE;0812345\n"
    )
    shown = sent(page, TABLE + table, links="silent")
    assert "2 people are probably there already, and are left out" in shown.text
    assert told_rows(shown)[:2] == [
        f"4 Kims Ek Registration {kim} has the same phone number and a similar name",
        "5 Ny Bo Row 3 has the same phone number and a similar name",
    ]
    shown.submit(button="Import 2 people", follow=True)
    assert [one[0] for one in imported()] == ["Ann", "Bo"]


def test_our_own_export_registers_nobody_again(page, event):
    taken = confirmed(event, "ngo", email="a@example.org", given_name="Ann")
    gone = confirmed(event, "tech", email="b@example.org", given_name="Bo")
    write(registering.cancel, gone, actor="command", now=NOW)
    table = (
        "Referens;Förnamn;Efternamn;Organisation;Sektor;Status\n"
        f"{taken.reference.lower()};New;Name;Other;ngo;Bekräftad\n{gone.reference};Bo;;Org;tech;\nAAAA-AAAA;Cy;;Org;;\n"
    )
    shown = sent(page, table)
    assert told_rows(shown)[0] == f"2 Reference Registered already, as {taken.reference}"
    shown.submit(button="Import 2 people", follow=True)
    assert [one[0] for one in imported()] == ["Bo", "Cy"]


def test_looking_for_people_who_are_registered_takes_as_many_statements_for_many(app, event):
    def statements(number):
        told = [Details(f"Kim{row}", "Ek", "Org", "", "SE", "sv", f"07{row:08}") for row in range(number)]
        people = [
            Person(row, event.sectors[0], one, f"k{row}@example.org", f"AAAA-{row}")
            for row, one in enumerate(told)
        ]
        with counted_statements(app) as counted:
            checking.check(event, people, may_wait=True, with_alike=False, now=NOW)
        return len(counted)

    assert statements(500) == statements(1)


def test_people_of_an_import_are_a_filter_of_the_list(page, event, organiser):
    sent(page, PAIR).submit(button="Import 2 people", follow=True)
    confirmed(event, "tech", given_name="Else")
    (made,) = db.session.scalars(select(AttendeeImport.id))
    shown = organiser.get("imports.index", event="nf27").follow("2")
    assert names(shown) == ["Ek, Kim", "Sam"]
    assert shown.all(".chip") == ["Remove the filter Import 3 May 2027 14:00 ×"]
    other = make_archive(sectors=[make_sector("ngo")])
    foreign = save(
        AttendeeImport(
            event_id=other.id,
            made_at=NOW,
            people=0,
            sends_links=False,
            headings="x",
            columns={},
            form_key="x",
        )
    )
    for unknown in (foreign.id, 99, "0", "1x", "9" * 30, f"{made}&import={foreign.id}"):
        address = f"/console/nf27/attendees?import={unknown}"
        assert organiser.client.get(address).status_code == 404, unknown


def test_what_changes_between_the_last_dry_run_and_the_lock_is_shown_again(page, event, monkeypatch):
    """The import waits for the event's lock; meanwhile somebody registers, or the same form comes a second time."""
    shown = sent(page, PAIR)

    def register_first(session):
        monkeypatch.undo()
        confirmed(session.get(Event, event.id), "tech", email="kim@example.org")
        start_write(session)

    monkeypatch.setattr(console, "start_write", register_first)
    refused = shown.submit(button="Import 2 people", expect=409)
    assert refused.flashes == [
        "Something has changed meanwhile, and nobody has been imported. Look through it again."
    ]
    assert imported() == []


def test_a_table_that_is_sealed_no_more_is_chosen_again(page, event):
    shown = sent(page, PAIR)
    again = shown.submit(button="Import 2 people", forged={"table": "too old"}, follow=True)
    assert "The table was sent too long ago. Nobody has been imported. Choose it again." in again.text


def test_an_address_that_is_registered_and_a_full_sector_stop_an_import(event, organiser):
    """The rules for adding a person by hand are checked once more while people are imported."""
    confirmed(event, "ngo", email="kim@example.org")
    told = actions.Terms(
        reason="Ours.", sends_links=True, may_wait=False, headings="", columns={}, form_key="form"
    )
    details = Details("Kim", "Ek", "Byrån", "", "SE", "sv", None)
    people = [Person(1, find_sector(event, "ngo"), details, "kim@example.org", {})]
    with pytest.raises(OutcomeChanged):
        write(lock_and_import, event, people, told)
    db.session.rollback()


def lock_and_import(event, people, told):
    places.lock(event)
    actions.carry_out(event, people, told, user_id=1, now=NOW)


FULL = "First name;Last name;Sector;Country;Language\nKim;Ek;ngo;NO;en\nSam;Ask;tech;SE;sv\n"


def test_only_what_the_columns_do_not_say_is_asked(page):
    shown = page.submit({"lines": FULL}, button=ON, expect=200)
    needless = ("sector", "country", "language")
    assert shown.all("details legend, details label[for=country]") == [
        "Sector of rows that name none (optional)",
        "Country of rows that name none (optional)",
        "Language of our messages, for rows that name none (optional)",
    ]
    chosen = {name: value for name, value in CHOSEN.items() if name not in needless}
    dry = shown.submit({**chosen, "organisation": "Polisen"}, button=LOOK, expect=200)
    assert dry.errors == {}
    # Of the two buttons that import, this one stands above the rows; the other one stands below the form.
    assert dry.all("#outcome ~ .button-row button") == ["Import 2 people"]
    dry.submit(button="Import 2 people", follow=True)
    assert [(name, key, country) for name, _f, _o, key, country, _p, _s in imported()] == [
        ("Kim", "ngo", "NO"),
        ("Sam", "tech", "SE"),
    ]


def test_a_row_that_says_nothing_is_wrong_where_nothing_is_chosen_for_it(page):
    table = FULL + "Bo;Ny;;;\n"
    chosen = {name: value for name, value in CHOSEN.items() if name not in ("sector", "country", "language")}
    shown = page.submit({"lines": table}, button=ON, expect=200)
    assert [one for one in shown.all("details legend") if "Sector of rows" in one] == []
    dry = shown.submit({**chosen, "organisation": "Polisen"}, button=LOOK, expect=200)
    assert [
        " ".join(row)
        for row in zip(dry.all("#wrong ~ * td.num"), dry.all("#wrong ~ * .free-text"), strict=True)
    ] == [
        "4 The row names no country, and none is chosen for such rows",
        "4 The row names no language, and none is chosen for such rows",
        "4 The row names no sector, and none is chosen for such rows",
    ]


def test_what_has_no_column_is_still_asked(page):
    shown = page.submit({"lines": "First name;Last name\nKim;Ek\n"}, button=ON, expect=200)
    refused = shown.submit({"links": CHOSEN["links"]}, button=LOOK, expect=422)
    assert refused.errors["sector"] == "Choose a sector"
    assert refused.errors["country"] == "Choose a country"
