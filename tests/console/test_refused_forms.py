"""Forms of the console that are refused, or that show a former state: each shows a message and changes nothing."""

import pytest

from forum.accounts.enums import Role
from forum.events import standing
from forum.events.standing import StillLinked
from forum.extensions import db
from forum.news import actions
from forum.news.models import Category, GlossaryTerm, Tag
from tests.factories.events import NOW, make_page
from tests.factories.news import make_category, make_post, make_tag
from tests.factories.registrations import write
from tests.factories.saving import save

HERE = {"event": "nf27"}


@pytest.fixture
def admin(sign_in_as, event):
    return sign_in_as(Role.ADMIN)


def test_hashtags_that_are_written_alike_too_long_or_too_many_are_refused(admin):
    tag = make_tag("#Tor", aliases=("#Onion",))
    form = admin.get("hashtags.new", **HERE)
    button = "Add the hashtag"
    for typed, field, words in (
        ({"name": "onion"}, "name", "#Tor"),
        ({"name": "New", "aliases": ", ".join(f"w{one}" for one in range(99))}, "aliases", "Use at most "),
        ({"name": "New", "aliases": "x" * 81}, "aliases", "Use at most 80 characters in a hashtag"),
    ):
        assert words in form.submit(typed, button=button, expect=422).errors[field]
    merge = admin.get("hashtags.merge", **HERE, number=tag.id)
    for into in ("tor", "nowhere"):
        refused = merge.submit({"into": into}, button="Merge the hashtags", expect=422)
        assert refused.errors == {"into": "No other hashtag is written like this"}
    assert [each.name for each in db.session.query(Tag)] == ["#Tor"]


def test_a_word_to_avoid_gets_no_second_entry_by_a_change(admin):
    save(GlossaryTerm(language="en", avoid="mob", better="crowd", reason=""))
    other = save(GlossaryTerm(language="en", avoid="rabble", better="crowd", reason=""))
    page = admin.get("glossary.edit", **HERE, number=other.id)
    refused = page.submit({"avoid": "Mob"}, button="Save", expect=422)
    assert refused.errors == {"avoid": "The glossary has an entry for this word already"}


def test_a_category_that_no_post_has_is_removed_on_its_page(admin):
    unused = make_category("unused")
    page = admin.get("categories.remove", **HERE, number=unused.id)
    done = page.submit(button="Remove the category", follow=True)
    assert (done.flashes, db.session.query(Category).count()) == (["The category is removed."], 0)


def test_a_page_to_which_others_lead_is_not_removed_and_an_unknown_language_has_no_preview(organiser, event):
    page = make_page(event, "practical")
    with pytest.raises(StillLinked):
        write(standing.remove, page, actor="command", now=NOW)
    db.session.rollback()
    for page, place in (("pages", "pages"), ("posts", "news")):
        typed = {**organiser.get(f"{page}.new", **HERE).form().data, "in": "xx"}
        organiser.open(f"/console/nf27/{place}/preview", method="POST", data=typed, expect=400)
    organiser.get("library.index", **HERE, page=99, expect=404)


def test_a_page_about_a_post_that_shows_a_former_state_changes_nothing(organiser, event):
    public = make_post(event_id=event.id)
    draft = make_post(event_id=event.id, published_at=None, announced_at=None)
    withdrawal, correction = (
        organiser.get(f"publishing.{act}", **HERE, post=public.id) for act in ("withdraw", "correct")
    )
    publication = organiser.get("publishing.publish", **HERE, post=draft.id)
    write(actions.withdraw, public, actor="command", now=NOW)
    write(actions.publish, draft, actor="command", now=NOW)
    for page, typed, button in (
        (withdrawal, {}, "Withdraw the post"),
        (correction, {"en": "84.", "sv": "84."}, "Publish the correction"),
        (publication, {"when": "now"}, "Publish"),
    ):
        shown = page.submit(typed, button=button, follow=True)
        assert len(shown.flashes) == 1
    db.session.expire_all()
    assert (public.state, draft.state, public.corrections) == ("withdrawn", "published", [])


def test_sources_and_hashtags_of_a_post_are_bounded_and_named(organiser, event):
    form = organiser.get("posts.new", **HERE)
    text = {"en-headline": "Heard"}
    for typed, words in (
        ({"tags": ", ".join(f"w{one}" for one in range(13))}, "Use at most 12 hashtags"),
        ({"tags": "x" * 81}, "Use at most 80 characters in a hashtag; commas stand between them"),
        ({"sources-0-url": "https://nrk.example/"}, "Name the source"),
        ({"sources-0-en": "NRK", "sources-0-published_on": "soon"}, "Enter a day such as 2027-09-16"),
    ):
        assert words in form.submit({**text, **typed}, button="Save the draft", expect=422).text
