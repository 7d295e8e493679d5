"""Standing pages in the console: changing, adding, ordering and removing them."""

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.accounts.models import Autosave
from forum.audit.models import AuditEntry
from forum.events import page_revisions
from forum.events.models import Page
from forum.extensions import db
from tests.factories.events import make_archive, make_page
from tests.tables import rows

TYPED = {
    "sv-title": "Så hittar du hit",
    "sv-body": "Ta tåget.\n\n## Buss\n\nLinje 4.",
    "en-title": "Getting here",
    "en-body": "Take the train.",
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def standing(event) -> list[Page]:
    return [make_page(event, slug, position=number) for number, slug in enumerate(("practical", "privacy"))]


def stored(slug) -> Page | None:
    db.session.expire_all()
    return db.session.scalars(select(Page).where(Page.slug == slug)).one_or_none()


def edit(organiser, slug, **options):
    return organiser.get("pages.edit", event="nf27", slug=slug, **options)


def test_changed_page_is_read_at_once(organiser, standing, pages):
    assert pages.get("/en/pages/practical").h1 != "Getting here"
    edit(organiser, "practical").submit(TYPED, button="Save")
    assert pages.get("/en/pages/practical").h1 == "Getting here"
    read = pages.get("/sv/pages/practical")
    assert (read.h1, read.all(".prose h2")) == ("Så hittar du hit", ["Buss"])
    assert edit(organiser, "practical").all(".desk-bar .muted") == ["saved 3 May 2027 at 14:00 (CEST)"]


def test_new_page_has_an_address_of_its_title_and_its_place_in_the_order(organiser, standing, pages):
    page = organiser.get("pages.new", event="nf27")
    answer = page.submit({**TYPED, "after": "practical"}, button="Save")
    assert answer.location == "/console/nf27/pages/getting-here"
    listed = rows(organiser.get("pages.index", event="nf27"))
    assert [row[2] for row in listed] == ["practical", "getting-here", "privacy"]
    assert pages.get("/en/pages/getting-here").h1 == "Getting here"


def test_form_that_is_sent_twice_makes_one_page(organiser, standing):
    form = organiser.get("pages.new", event="nf27").form()
    first, second = [form.submit({**TYPED, "after": "practical"}, button="Save") for _time in range(2)]
    assert first.location == second.location
    listed = rows(organiser.get("pages.index", event="nf27"))
    assert [row[2] for row in listed] == ["practical", "getting-here", "privacy"]


def test_new_page_takes_no_address_of_another_page_or_of_the_console(organiser, standing):
    for typed, slug in (("Privacy", "privacy-2"), ("new", "new-2")):
        answer = organiser.get("pages.new", event="nf27").submit({**TYPED, "slug": typed}, button="Save")
        assert answer.location == f"/console/nf27/pages/{slug}"


def test_language_that_is_begun_needs_a_title_and_a_text(organiser, standing):
    page = edit(organiser, "practical").submit(
        {**TYPED, "en-title": "", "sv-body": ""}, button="Save", expect=422
    )
    assert page.errors == {"sv-body": "Write the text", "en-title": "Write a title"}


def test_language_can_be_left_out(organiser, standing, pages):
    typed = {**TYPED, "en-title": "", "en-body": "", "en-summary": ""}
    edit(organiser, "practical").submit(typed, button="Save")
    assert pages.get("/en/pages/practical").h1 == "Så hittar du hit"
    assert rows(organiser.get("pages.index", event="nf27"))[0][1] == "Svenska English not begun"


def test_removed_page_is_gone(organiser, event, standing, pages):
    make_page(event, "about")
    assert pages.get("/en/pages/about").status == 200
    organiser.get("pages.remove", event="nf27", slug="about").submit(button="Remove the page")
    pages.get("/en/pages/about", expect=404)
    assert stored("about") is None


def test_new_page_does_not_open_with_words_kept_for_a_removed_one(organiser, event, standing):
    make_page(event, "about")
    page = edit(organiser, "about")
    address = page.soup.select_one("[data-autosave]")["data-autosave"]
    organiser.open(address, method="POST", data={**page.form().data, "en-title": "Not saved"})
    assert edit(organiser, "about").form().data["en-title"] == ["Not saved"]
    organiser.get("pages.remove", event="nf27", slug="about").submit(button="Remove the page")
    organiser.get("pages.new", event="nf27").submit(TYPED, button="Save")
    opened = edit(organiser, "getting-here")
    assert (opened.form().data["en-title"], opened.all(".desk-kept")) == (["Getting here"], [])
    assert db.session.scalars(select(Autosave)).all() == []


def test_page_to_which_others_lead_stays(organiser, standing):
    page = organiser.get("pages.remove", event="nf27", slug="privacy")
    assert page.soup.select("main form") == []
    assert "Remove the page" not in edit(organiser, "privacy").links


def test_second_editor_sees_both_texts_and_overwrites_nothing(organiser, sign_in_as, event, standing):
    """Two editors change a page at once: the second one to save first sees both texts (R30)."""
    mine, theirs = edit(organiser, "practical"), edit(sign_in_as(Role.ORGANISER, event), "practical")
    theirs.submit({**TYPED, "en-body": "Take the bus."}, button="Save")
    page = mine.submit(TYPED, button="Save", expect=409)
    assert stored("practical").body["en"] == "Take the bus."
    assert (page.all(".difference del"), page.all(".difference ins")) == (["bus"], ["train"])
    page.submit(button="Save")
    assert stored("practical").body["en"] == "Take the train."


def test_preview_is_the_public_page_and_stores_nothing(organiser, standing):
    shown = edit(organiser, "practical").submit(TYPED, button="Preview Svenska (new tab)", expect=200)
    assert (shown.h1, shown.soup.html["lang"]) == ("Så hittar du hit", "sv")
    assert stored("practical").title["sv"] != "Så hittar du hit"


@pytest.mark.parametrize("where", ["pages.edit", "pages.new"])
def test_refused_preview_still_saves_the_page_that_it_is_of(organiser, standing, where):
    values = {"slug": "practical"} if where == "pages.edit" else {}
    page = organiser.get(where, event="nf27", **values)
    refused = page.submit({**TYPED, "en-title": ""}, button="Preview English (new tab)", expect=422)
    assert (refused.h1, refused.errors) == (page.h1, {"en-title": "Write a title"})
    answer = refused.submit({"en-title": "Getting here"}, button="Save")
    slug = answer.location.rsplit("/", 1)[1]
    assert slug == values.get("slug", "getting-here")
    assert stored(slug).body["en"] == "Take the train."


def test_text_of_a_page_that_was_removed_meanwhile_can_be_saved_as_a_new_one(organiser, standing):
    make_page(standing[0].event, "food", position=5)
    mine = edit(organiser, "food")
    organiser.get("pages.remove", event="nf27", slug="food").submit(button="Remove the page")
    page = mine.submit(TYPED, button="Save", expect=409)
    assert (page.h1, page.all(".note-title")) == (
        "Add a page",
        ["Somebody else has removed this page meanwhile"],
    )
    assert stored("food") is None
    assert page.submit(button="Save").location == "/console/nf27/pages/food"
    assert stored("food").body["en"] == "Take the train."


def test_page_of_another_event_is_not_there(organiser, standing):
    make_page(make_archive(), "about")
    edit(organiser, "about", expect=404)
    organiser.get("pages.remove", event="nf27", slug="about", expect=404)


def test_each_act_is_recorded_without_words(organiser, standing):
    edit(organiser, "practical").submit(TYPED, button="Save")
    organiser.get("pages.new", event="nf27").submit(TYPED, button="Save")
    organiser.get("pages.remove", event="nf27", slug="getting-here").submit(button="Remove the page")
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_type == "pages")).all()
    assert [(entry.action, entry.details.payload) for entry in entries] == [
        ("page.changed", {"slug": "practical"}),
        ("page.created", {"slug": "getting-here"}),
        ("page.removed", {"slug": "getting-here"}),
    ]


def test_page_is_compared_with_its_revisions_and_goes_back_to_one(
    organiser, standing, pages, sign_in_as, event
):
    before = stored("practical").body["en"]
    edit(organiser, "practical").submit({"en-body": "## Heading\n\nOther words."}, button="Save")
    listed = organiser.get("page_revisions.index", event="nf27", slug="practical")
    assert [row[1].rstrip(" 0123456789") for row in rows(listed)] == [
        "Organiser",
        "before it was changed here",
    ]
    first = organiser.get(listed.soup.select("tbody a")[-1]["href"])
    assert (first.all(".difference del"), first.all(".difference ins")) == (["A text"], ["Other words"])
    edit(sign_in_as(Role.ORGANISER, event), "practical").submit({"en-title": "Else"}, button="Save")
    refused = first.submit(button="Go back to this revision", follow=True)
    assert refused.flashes == ["Nothing was done: the page was saved meanwhile. Compare once more."]
    refused.submit(button="Go back to this revision")
    assert stored("practical").body["en"] == before
    assert [row[2] for row in rows(organiser.get("pages.index", event="nf27"))] == ["practical", "privacy"]
    assert pages.get("/en/pages/practical").h1 == "Page practical"
    assert len(rows(organiser.get("page_revisions.index", event="nf27", slug="practical"))) == 4


def test_revision_of_another_page_is_not_there(organiser, standing):
    edit(organiser, "practical").submit(TYPED, button="Save")
    (number, _first) = (each.id for each in page_revisions.of(stored("practical")).list_all())
    organiser.get("page_revisions.show", event="nf27", slug="practical", number=number)
    organiser.get("page_revisions.show", event="nf27", slug="privacy", number=number, expect=404)
