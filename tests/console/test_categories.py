"""Categories and hashtags in the console: making, renaming, ordering and merging; redirects of old URLs."""

import pytest

from forum.accounts.enums import Role
from forum.columns import Text
from forum.extensions import db
from forum.news.models import Category
from tests.factories.news import make_category, make_post, make_tag
from tests.tables import rows


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def admin(sign_in_as, event):
    return sign_in_as(Role.ADMIN)


def open_page(admin, endpoint, **values):
    db.session.expire_all()
    return admin.get(endpoint, event="nf27", **values)


def listed(admin, endpoint) -> list[list[str]]:
    return [row[:3] for row in rows(open_page(admin, endpoint))]


def test_categories_are_made_on_an_empty_site_and_chosen_in_the_editor(admin, organiser, pages):
    assert open_page(admin, "categories.index").all(".empty-title") == ["No categories yet"]
    editor = organiser.get("posts.new", event="nf27")
    assert "An admin of all forums can add them." in editor.text
    form = open_page(admin, "categories.new")
    form.submit({"name-sv": "Förhör & barn", "name-en": "Interviews"}, button="Add the category")
    form.submit({"name-sv": "Förhör & barn", "name-en": "Interviews"}, button="Add the category")
    open_page(admin, "categories.new").submit({"name-sv": "Rapporter"}, button="Add the category")
    assert listed(admin, "categories.index") == [
        ["Interviews", "interviews", "0"],
        ["Rapporter", "rapporter", "0"],
    ]
    editor = organiser.get("posts.new", event="nf27")
    editor.submit({"en-headline": "Heard", "categories": ["interviews"]}, button="Save the draft")
    assert listed(admin, "categories.index")[0] == ["Interviews", "interviews", "1"]
    organiser.get("categories.index", event="nf27", expect=404)


def test_renamed_and_merged_categories_are_found_at_their_old_addresses(admin, pages):
    talks, reports = make_category("talks"), make_category("reports")
    make_post(categories=[talks], headline="Only talks")
    make_post(categories=[talks, reports], headline="Both")
    number, into = talks.id, str(reports.id)
    assert pages.get("/en/news/categories/talks-en").h1 == "Category talks"
    open_page(admin, "categories.edit", number=number).submit(
        {"name-en": "Speeches", "slug-en": "speeches"}, button="Save"
    )
    assert pages.get("/en/news/categories/talks-en", expect=301).location == "/en/news/categories/speeches"
    assert pages.get("/en/news/categories/speeches").h1 == "Speeches"
    asked = open_page(admin, "categories.merge", number=number)
    assert "2 posts get the other category instead" in asked.text
    page = asked.submit({"into": into}, button="Merge the categories", follow=True)
    assert page.flashes == ["Merged into Category reports, with 2 posts. The former address leads there."]
    for slug in ("talks-en", "speeches"):
        moved = pages.get(f"/en/news/categories/{slug}", expect=301)
        assert moved.location == "/en/news/categories/reports-en"
    assert pages.get("/sv/news/categories/talks-sv/feed.atom", expect=301).location.endswith(
        "/reports-sv/feed.atom"
    )
    read = pages.get("/en/news/categories/reports-en")
    assert sorted(read.all(".teaser-headline")) == ["Both", "Only talks"]
    assert listed(admin, "categories.index") == [["Category reports", "reports-en", "2"]]


def test_category_takes_an_address_that_no_other_has_and_moves_once(admin):
    first, second = make_category("first", slug=Text(en="same")), make_category("second")
    open_page(admin, "categories.edit", number=second.id).submit({"slug-en": "Same"}, button="Save")
    page = open_page(admin, "categories.index")
    assert [row[1] for row in rows(page)] == ["same", "same-2"]
    for expected in ("The order is saved.", "Nothing was moved: the order was changed meanwhile."):
        moved = page.submit(forged={"act": f"down-{first.id}"}, follow=True)
        assert moved.flashes == [expected]
    page = open_page(admin, "categories.index")
    assert [row[1] for row in rows(page)] == ["same-2", "same"]


def test_order_leads_back_to_the_button_that_was_pressed(admin):
    key = [make_category(name) for name in ("first", "second", "third")][2].id
    for pressed, focused in (("up", "up"), ("up", "down"), ("down", "down"), ("down", "up")):
        page = open_page(admin, "categories.index").submit(forged={"act": f"{pressed}-{key}"})
        assert page.location.partition("#")[2] == f"{focused}-{key}"
        assert open_page(admin, "categories.index").soup.select_one(f"button#{focused}-{key}")


def test_second_admin_sees_both_names_and_overwrites_nothing(admin, sign_in_as):
    category = make_category("talks")
    mine = open_page(admin, "categories.edit", number=category.id)
    theirs = open_page(sign_in_as(Role.ADMIN), "categories.edit", number=category.id)
    theirs.submit({"name-en": "Speeches"}, button="Save")
    page = mine.submit({"name-en": "Lectures"}, button="Save", expect=409)
    assert [row[1:] for row in rows(page)] == [["Speeches", "Lectures"]]
    page.submit(button="Save")
    assert listed(admin, "categories.index")[0][0] == "Lectures"


def test_category_goes_only_when_no_post_has_it(admin):
    used, unused = make_category("used"), make_category("unused")
    make_post(categories=[used])
    assert open_page(admin, "categories.remove", number=used.id).soup.select("main form") == []
    ask = open_page(admin, "categories.remove", number=unused.id)
    make_post(categories=[db.session.get(Category, unused.id)])
    page = ask.submit(button="Remove the category", follow=True)
    assert page.flashes == ["Nothing was removed: posts have this category. Merge it into another one."]
    assert len(rows(open_page(admin, "categories.index"))) == 2


def test_hashtag_is_named_per_language_and_found_by_every_spelling(admin, pages):
    tag, other = make_tag("#Barnahus"), make_tag("#Child house")
    make_post(tags=[tag, other], headline="Both")
    make_post(tags=[other], headline="One")
    page = open_page(admin, "hashtags.edit", number=tag.id)
    refused = page.submit({"aliases": "childhouse"}, button="Save", expect=422)
    assert refused.errors == {"aliases": "#childhouse is a spelling of #Child house. Merge the two instead."}
    page.submit({"name": "#Barnhus", "names-en": "Children’s house", "aliases": "bh, BH-hus"}, button="Save")
    assert [row[0] for row in rows(open_page(admin, "hashtags.index", q="barnahus"))] == ["#Barnhus"]
    for spelling in ("barnahus", "bhhus", "barnhus"):
        moved = pages.get(f"/en/news/tags/{spelling}", expect=301)
        assert moved.location == "/en/news/tags/children%E2%80%99shouse".replace("%E2%80%99", "")
    assert "Both" in pages.get("/en/news/search?q=children’s+house").text
    open_page(admin, "hashtags.merge", number=other.id).submit({"into": "bh"}, button="Merge the hashtags")
    assert pages.get("/sv/news/tags/childhouse", expect=301).location == "/sv/news/tags/barnhus"
    assert len(pages.get("/sv/news/tags/barnhus").all(".teaser-headline")) == 2
    found = pages.get("/sv/news/search?q=barnhus").text
    assert ("Both" in found, "One" in found) == (True, True)
    assert [row[0] for row in rows(open_page(admin, "hashtags.index"))] == ["#Barnhus"]


def test_hashtag_goes_only_when_no_post_has_it(admin):
    form = open_page(admin, "hashtags.new")
    wrong = form.submit({"name": "#One, #two"}, button="Add the hashtag", expect=422)
    assert wrong.errors == {"name": "Write one hashtag, with a letter or digit in it"}
    form.submit({"name": "dark web"}, button="Add the hashtag")
    (link,) = open_page(admin, "hashtags.index").soup.select("tbody a")
    assert link.text == "#dark web"
    number = int(link["href"].rpartition("/")[2])
    open_page(admin, "hashtags.remove", number=number).submit(button="Remove the hashtag")
    assert open_page(admin, "hashtags.index").all(".empty-title") == ["No hashtags yet"]
