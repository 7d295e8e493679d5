"""Choosing people of the attendee list: a choice is kept over pages, searches and filters, for acts on these people."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.people import notes
from forum.privacy import restricting
from forum.registration import answers, choosing, listing
from forum.registration.chosen_models import ChosenPerson
from forum.registration.enums import DeclineReason, RestrictionKind, Status
from forum.registration.models import Registration
from forum.registration.saved_view_models import SavedView
from forum.review.models import ProposedRefusal
from forum.tasks.models import TaskPerson
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.registration.reading import newest_mail
from tests.tables import names

NAMES = ("Alm", "Berg", "Celsing", "Dal", "Ek", "Fors", "Gran")
LIST = "/console/nf27/attendees"
WORK = [job for job in JOBS if job.name in ("work off tasks", "end tasks", "forget choices of people")]


@pytest.fixture
def event(database):
    sectors = [
        make_sector("justice", ceiling=20, policy=SectorPolicy.REVIEW),
        make_sector("ngo", ceiling=20),
    ]
    return make_event(capacity=40, sectors=sectors, organisation_cap=40)


@pytest.fixture
def people(event, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 3)
    return [confirmed(event, "ngo", family_name=name, given_name="Eva") for name in NAMES]


def tick(page, *people: Registration, act: str = "keep", **values: str):
    """Tick these people on a page of the list and nobody else, and press a button of the list's form."""
    # The boxes stand in the table, outside the form element, so the test itself names the ticked ones.
    outside = {"who": [one.reference for one in people], "act": act}
    return page.form("form#many").submit(values, follow=True, expect=200, forged=outside)


def ticked(page) -> list[str]:
    return [box["value"] for box in page.soup.select("#list [name=who][checked]")]


def said(page) -> str:
    (words,) = page.all("[data-chosen-said]")
    return words


def chosen_names() -> str:
    query = select(Registration.family_name).join(ChosenPerson).order_by(Registration.family_name)
    return "".join(name[0] for name in db.session.scalars(query))


def work() -> None:
    db.session.rollback()
    for job in WORK:
        run_job(job)


def test_a_choice_holds_over_pages_searches_and_filters(organiser, people):
    first = organiser.get(LIST)
    assert (said(first), ticked(first)) == ("Nobody is chosen", [])
    second = tick(first, people[0], people[2], act="next")
    assert (said(second), names(second)) == (
        "2 chosen (none of them on this page)",
        ["Dal, Eva", "Ek, Eva", "Fors, Eva"],
    )
    assert f"after={people[2].reference}" in second.path
    same = tick(second, people[4])
    assert (said(same), ticked(same)) == ("3 chosen (2 of them not on this page)", [people[4].reference])
    assert same.path == f"{second.path}#chosen"
    searched = organiser.get(f"{LIST}?q=alm&sector=ngo")
    assert ticked(searched) == [people[0].reference]
    # Sending a page unticks the people whom the page shows without a tick.
    tick(searched)
    assert chosen_names() == "CE"
    only = organiser.get(LIST).follow("Show only the chosen")
    assert (names(only), said(only)) == (["Celsing, Eva", "Ek, Eva"], "2 chosen")
    assert "People those chosen" in only.text
    none = tick(only, *people[:5], act="none")
    assert (said(none), len(names(none)), chosen_names()) == ("Nobody is chosen", 3, "")
    assert "Choose at least one person." in tick(none, act="tag").text


def test_an_act_is_done_with_those_chosen_on_all_pages(organiser, people):
    second = tick(organiser.get(LIST), people[1], act="next")
    asked = tick(second, people[3], act="tag")
    assert "2 people are chosen for it." in asked.text
    asked.submit({"tags": "vip"}, expect=303)
    work()
    assert [bool(notes.list_tags(one)) for one in people] == [False, True, False, True, False, False, False]
    every = organiser.get(f"{LIST}?q=gran").follow("Add a tag …")
    assert "1 person is chosen for it." in every.text


def test_all_who_match_are_chosen_beside_others_up_to_a_bound(organiser, people, monkeypatch):
    tick(organiser.get(LIST), people[0])
    page = tick(organiser.get(f"{LIST}?sort=-name"), act="matching")
    assert (said(page), chosen_names()) == ("7 chosen (4 of them not on this page)", "ABCDEFG")
    tick(page, act="none")
    monkeypatch.setattr(choosing, "MOST", 2)
    page = tick(organiser.get(LIST), *people[:3])
    assert (page.flashes, chosen_names()) == (["Choose at most 2 people, or all who match."], "")
    assert page.all("#chosen [value=matching]") == []
    assert "It has at most 2 people. What is to happen to more is done with all in the list" in page.text
    assert "done with all that match, without" in organiser.get(f"{LIST}?q=a").text


def test_all_who_match_are_chosen_by_one_press_also_when_they_fit_on_a_page(organiser, people, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 7)
    page = organiser.get(f"{LIST}?q=a")
    assert page.all("#chosen [value=matching]") == ["Choose all 7 that match"]
    chosen_alone = tick(page, act="matching").follow("Show only the chosen")
    assert (said(chosen_alone), chosen_alone.all("#chosen [value=matching]")) == ("7 chosen", [])


def test_a_list_of_the_chosen_says_when_nobody_is_chosen(organiser, people):
    page = organiser.get(f"{LIST}?chosen=yes")
    assert "You have chosen nobody" in page.text
    assert "Try fewer words" not in page.text


def test_a_choice_is_its_organisers_alone_and_of_one_event(organiser, sign_in_as, event, people):
    tick(organiser.get(LIST), people[0])
    other = sign_in_as(event=event)
    assert ticked(other.get(LIST)) == [] == names(other.get(f"{LIST}?chosen=yes"))
    elsewhere = confirmed(make_event(slug="other", is_current=False), "ngo")
    tick(other.get(LIST), people[1], elsewhere)
    assert chosen_names() == "AB"
    viewer = sign_in_as(Role.VIEWER, event)
    assert viewer.get(LIST).soup.select("#many, [name=who]") == []
    assert viewer.client.post(f"{LIST}/choice", data={"who": people[2].reference}).status_code == 404
    for strange in ("chosen=1", "chosen=no"):
        organiser.get(f"{LIST}?{strange}", expect=404)


def test_whoever_is_deleted_or_restricted_leaves_the_choice(organiser, people):
    tick(organiser.get(LIST), *people[:3])
    request = write(restricting.ask, people[0], RestrictionKind.OBJECTION, "Nej.", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    write(lambda: db.session.delete(db.session.get_one(Registration, people[1].id)))
    page = organiser.get(f"{LIST}?chosen=yes")
    assert (names(page), said(page)) == (["Celsing, Eva"], "1 chosen")
    refused = tick(organiser.get(LIST), people[0], people[2])
    assert (refused.flashes, ticked(refused)) == (
        ["1 person cannot be chosen, because the data may not be used, by restriction or objection."],
        [people[2].reference],
    )
    write(choosing.forget_old, now=NOW)
    assert chosen_names() == "C"
    again = tick(page, people[2], act="cancel")
    assert again.h1 == "Cancel 1 registration"


def test_whoever_is_deleted_at_this_moment_is_not_chosen(organiser, database, people):
    if database.get_bind().dialect.name == "sqlite":
        # SQLite has one writer at a time, so no other transaction can delete a person while a choice is stored.
        return
    page, gone = organiser.get(LIST), people[3].id
    db.session.rollback()
    with db.engine.connect() as other:
        other.execute(delete(Registration).where(Registration.id == gone))
        later = threading.Timer(0.5, other.commit)
        later.start()
        tick(page, act="matching")
        later.join()
    assert chosen_names() == "ABCEFG"


def test_a_protected_identity_makes_no_difference_to_a_choice(organiser, people):
    before = tick(organiser.get(LIST), people[0], people[1])
    write(answers.say_identity, people[0], is_protected=True, real_name="Verkliga Namnet", now=NOW)
    after = organiser.get(LIST)
    assert (said(after), ticked(after), names(after)) == (said(before), ticked(before), names(before))
    assert names(organiser.get(f"{LIST}?chosen=yes")) == ["Alm, Eva", "Berg, Eva"]


def test_a_choice_ends_a_day_after_its_last_change(organiser, event, people):
    tick(organiser.get(LIST), people[0])
    (user_id,) = db.session.scalars(select(ChosenPerson.user_id))
    more = {"ticked": [people[3].reference], "before": (), "now": NOW + timedelta(hours=5)}
    write(choosing.keep, event, user_id, **more)
    for hours, left in ((25, "AD"), (29, "")):
        write(choosing.forget_old, now=NOW + timedelta(hours=hours))
        assert chosen_names() == left


def test_the_pages_script_keeps_ticks_and_is_told_how_many_are_chosen_elsewhere(organiser, people):
    tick(organiser.get(LIST), people[0])
    page = organiser.get(LIST).follow("Next")
    here = [one.reference for one in people[3:6]]
    sent = {
        "csrf_token": page.form("form#many").values()["csrf_token"],
        "act": "tick",
        "page": " ".join(here),
    }
    for shown, who, words, number in (
        (here[:1], here[:1], "2 chosen (1 of them not on this page)", 2),
        (here, here, "4 chosen (1 of them not on this page)", 4),
        (here, [], "1 chosen (not on this page)", 1),
    ):
        answer = organiser.client.post(f"{LIST}/choice", data={**sent, "shown": shown, "who": who})
        assert answer.json == {"said": words, "number": number, "refused": []}


def test_the_pages_script_is_told_whom_it_may_not_tick(organiser, people):
    token = organiser.get(LIST).form("form#many").values()["csrf_token"]
    request = write(restricting.ask, people[1], RestrictionKind.OBJECTION, "Nej.", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    here = [one.reference for one in people[:3]]
    sent = {"csrf_token": token, "act": "tick", "page": " ".join(here), "shown": here, "who": here}
    answer = organiser.client.post(f"{LIST}/choice", data=sent).json
    assert (answer["number"], answer["refused"]) == (2, [people[1].reference])
    assert answer["said"].startswith("2 chosen. 1 person cannot be chosen")


def test_a_page_from_before_an_update_asks_for_all_who_match(organiser, people):
    every = tick(organiser.get(f"{LIST}?q=gran"), act="tag").form("form#many")
    asked = every.submit(follow=True, expect=200, forged={"act": "tag", "whom": "all"})
    assert "1 person is chosen for it." in asked.text


def test_the_acts_on_the_chosen_stand_above_the_list_and_those_on_all_below_it(organiser, people):
    page = organiser.get(f"{LIST}?q=a")
    acts = [
        "Add a tag …",
        "Remove a tag …",
        "Move …",
        "Approve …",
        "Offer a place …",
        "Send links again …",
        "Write …",
        "Export …",
        "Cancel …",
    ]
    assert page.all("#chosen .chosen-acts button") == acts == page.all("section.many .button")
    assert page.all("#many-all") == ["Change all 7 that match"]
    # Without a script the box that ticks the whole page does nothing, so only the script shows it.
    whole = page.soup.select_one("#chosen [data-choose-page]")
    assert (whole.has_attr("hidden"), whole.select_one("input").get("name")) == (True, None)


def test_the_chosen_are_exported_for_a_purpose_that_is_recorded(organiser, people):
    asked = tick(organiser.get(LIST), people[0], people[2], act="export")
    assert "2 registrations will be in the list" in asked.text
    why = {"purpose": "door", "recipient": "office", "shape": "csv"}
    sheet = asked.submit(why, expect=200)
    assert [one.reference in sheet.text for one in people[:4]] == [True, False, True, False]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "registrations.exported")).one()
    told = entry.details.payload
    assert (told["count"], told["chosen"], told["purpose"]) == (2, "yes", "door")
    asked.submit({**why, "kept": "y"}, expect=303)
    assert "2" in organiser.get("kept_exports.index", event="nf27").text
    every = organiser.get(f"{LIST}?q=gran").follow("Export …")
    assert "1 registration will be in the list" in every.text


def test_a_saved_view_keeps_no_choice(organiser, people):
    tick(organiser.get(LIST), people[0])
    page = organiser.get(f"{LIST}?chosen=yes&sector=ngo").follow("Save this view")
    assert "The view does not keep whom you have chosen" in page.text
    assert "those chosen" not in page.text
    assert "does not keep whom" not in organiser.get(f"{LIST}?sector=ngo").follow("Save this view").text
    page.form("main form").submit({"name": "One"}, expect=303)
    assert db.session.scalars(select(SavedView)).one().query == {"sector": ["ngo"]}


def test_many_are_approved_by_the_rules_of_review(organiser, event):
    reviewed = [confirmed(event, "justice", family_name=name, given_name="Bo") for name in ("Q", "R", "S")]
    placed = confirmed(event, "ngo", family_name="T")
    assert {one.status for one in reviewed} == {Status.IN_REVIEW}
    asked = tick(organiser.get(LIST), *reviewed, placed, act="approve")
    assert asked.h1 == "Approve 3 registrations"
    assert "Left as they are: 1. Not in review." in asked.text
    assert "that somebody has proposed" not in asked.text
    refusals = [
        ProposedRefusal(registration_id=one.id, reason=DeclineReason.OTHER, words="", proposed_at=NOW)
        for one in reviewed[1:]
    ]
    write(db.session.add_all, refusals)
    asked = tick(organiser.get(LIST), *reviewed, placed, act="approve")
    assert "2 refusals that somebody has proposed are dropped." in asked.text
    assert list(asked.submit(expect=422).errors) == ["whom"]
    words = {name: "Welcome." for name in asked.form().names if name in ("sv", "en")}
    asked.submit({**words, "whom": "all"}, expect=303)
    # A person whose answers change after the task was started is left out, to be judged anew (R30).
    changed = db.session.get_one(Registration, reviewed[1].id)
    write(lambda: setattr(changed, "title", "Other"))
    work()
    db.session.expire_all()
    now = [db.session.get_one(Registration, one.id).status for one in reviewed]
    assert now == [Status.CONFIRMED, Status.IN_REVIEW, Status.CONFIRMED]
    outcomes = db.session.scalars(select(TaskPerson.outcome).order_by(TaskPerson.registration_id)).all()
    assert outcomes == ["done", "changed", "done", "not_in_review"]
    assert "Welcome." in newest_mail(reviewed[0]).text


def test_who_finds_no_place_stays_in_review_if_that_was_chosen(organiser, event):
    write(lambda: setattr(event.sectors[0], "ceiling", 1))
    reviewed = [confirmed(event, "justice", family_name=name) for name in ("Q", "R")]
    asked = tick(organiser.get(LIST), *reviewed, act="approve")
    told = (
        "1 person gets a place at once." in asked.text,
        "For 1 person no place is free now." in asked.text,
    )
    assert told == (True, True)
    changed = db.session.get_one(Registration, reviewed[0].id)
    write(lambda: setattr(changed, "title", "Other"))
    assert "have changed since you opened this page" in asked.submit({"whom": "all"}, expect=409).text
    tick(organiser.get(LIST), *reviewed, act="approve").submit({"whom": "with_place"}, expect=303)
    work()
    assert sorted(db.session.scalars(select(TaskPerson.outcome))) == ["done", "no_place"]


def test_a_button_that_changes_the_choice_leads_to_where_it_is_said(organiser, people):
    page = organiser.get(f"{LIST}?sector=ngo")
    for act in ("matching", "keep", "none"):
        answer = page.form("form#many").submit(expect=303, follow=False, forged={"act": act})
        assert answer.location == f"{LIST}?sector=ngo#chosen"
    line = page.soup.select_one("#chosen")
    assert (line["tabindex"], line.select_one("[role=status]").text) == ("-1", "Nobody is chosen")


def test_without_a_script_the_list_says_that_leaving_the_page_keeps_no_ticks(organiser, people):
    told = organiser.get(LIST).all("fieldset noscript")
    assert told == [
        "Your ticks are kept by the buttons above and below the list, not when you turn the page or search."
    ]


def test_an_older_page_takes_back_only_what_was_changed_on_it(organiser, people):
    tick(organiser.get(LIST), people[0], people[1])
    older = organiser.get(LIST)
    tick(organiser.get(LIST), people[1], people[2])
    # On the older page Alm and Berg are ticked, as stored; then Berg is unticked elsewhere.
    assert ticked(tick(older, people[0], people[1])) == [people[1].reference, people[2].reference]
    tick(older, people[0])
    assert chosen_names() == "C"
