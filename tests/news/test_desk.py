"""The editor's desk: writing, publishing, withdrawing, renaming and correcting posts in the console."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.news import actions
from forum.news.errors import Incomplete
from forum.news.models import Post, PostText
from tests.factories.events import NOW, make_archive
from tests.factories.news import make_category, make_post
from tests.factories.registrations import write
from tests.tables import rows

WRITTEN = {
    "sv-headline": "Så hörs ett barn på Åland",
    "sv-lead": "Ett förhör räcker.",
    "sv-body": "Första stycket.\n\n## Rubrik\n\nAndra stycket.",
    "sv-author": "Kansliet",
    "en-headline": "How a child is heard",
    "en-lead": "One interview is enough.",
    "en-body": "The first paragraph.",
    "en-author": "The office",
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def compose(organiser, **typed) -> Post:
    """Write a draft on the page for new posts, and return the stored post."""
    organiser.get("posts.new", event="nf27").submit({**WRITTEN, **typed}, button="Save the draft")
    db.session.expire_all()
    return db.session.scalars(select(Post).order_by(Post.id.desc())).first()


def edit(organiser, post, **options):
    return organiser.get("posts.edit", event="nf27", post=post.id, **options)


def publish(organiser, post, *, expect=None, follow=False, **typed):
    db.session.expire_all()
    page = organiser.get("publishing.publish", event="nf27", post=post.id)
    return page.submit({"when": "now", **typed}, button="Publish", expect=expect, follow=follow)


def text_of(post, language="en") -> PostText:
    db.session.expire_all()
    return next(text for text in post.texts if text.language == language)


def test_new_post_is_a_draft_that_only_organisers_see(organiser, pages):
    post = compose(organiser)
    assert [text_of(post, code).slug for code in ("sv", "en")] == [
        "sa-hors-ett-barn-pa-aland",
        "how-a-child-is-heard",
    ]
    assert rows(organiser.get("posts.index", event="nf27")) == [
        ["How a child is heard", "Draft", "Svenska English", "The office", "–"]
    ]
    assert pages.get("/en/news/").all(".teaser-headline") == []
    pages.get("/en/news/2027/05/03/how-a-child-is-heard", expect=404)
    page = edit(organiser, post)
    assert page.all(".desk-bar p") == ["Draft · saved 3 May 2027 at 14:00 (CEST)"]
    assert page.all(".desk-address") == ["sa-hors-ett-barn-pa-aland", "how-a-child-is-heard"]
    publish(organiser, post)
    assert edit(organiser, post).all(".desk-address")[1] == "/en/news/2027/05/03/how-a-child-is-heard"
    assert organiser.get("posts.new", event="nf27").all(".desk-address") == ["made from the headline"] * 2


def test_draft_keeps_the_lines_of_its_text(organiser):
    post = compose(organiser)
    assert text_of(post, "sv").body == "Första stycket.\n\n## Rubrik\n\nAndra stycket."


def test_published_post_is_read_and_found_at_once(organiser, pages):
    before = pages.get("/en/news/").all(".teaser-headline")
    post = compose(organiser, tags="#Barnahus, dark web", has_help_box=True)
    publish(organiser, post)
    assert (before, pages.get("/en/news/").all(".teaser-headline")) == ([], ["How a child is heard"])
    page = pages.get("/sv/news/2027/05/03/sa-hors-ett-barn-pa-aland")
    assert (page.h1, page.all(".prose h2")) == ("Så hörs ett barn på Åland", ["Rubrik"])
    assert page.all(".tags a")[:2] == ["#Barnahus", "#dark web"]
    assert "How a child is heard" in pages.get("/en/news/search?q=barnahus").text


def test_post_that_lacks_something_is_not_published(organiser):
    post = compose(organiser, **{"en-lead": "", "en-body": ""})
    page = organiser.get("publishing.publish", event="nf27", post=post.id)
    assert page.all(".note-warning li") == [
        "English: Write a lead: one or two sentences that stand alone",
        "English: Write the text",
    ]
    assert page.soup.select("main form") == []
    with pytest.raises(Incomplete):
        write(actions.publish, post, actor="command", now=NOW)


def test_planned_post_comes_out_when_the_worker_says_so(organiser, pages):
    post = compose(organiser, **{"en-headline": "How a child is heard today"})
    asked = organiser.get("publishing.publish", event="nf27", post=post.id)
    assert asked.all(".note-body li") == [
        "Headline today – It will not be true for long. Better: on 3 May 2027"
    ]
    edit(organiser, post).submit({"en-headline": "How a child is heard"}, button="Save")
    page = publish(organiser, post, when="later", day="2027-05-04", hour="09:00", follow=True)
    assert page.flashes == ["The post is planned for 4 May 2027 at 09:00 (CEST)."]
    db.session.expire_all()
    assert post.published_at.isoformat() == "2027-05-04T07:00:00+00:00"
    due = post.published_at
    form = organiser.get("publishing.publish", event="nf27", post=post.id).form()
    assert [form.data[name] for name in ("when", "day", "hour")] == [["later"], ["2027-05-04"], ["09:00"]]
    assert write(actions.announce_due, due - timedelta(seconds=1)) == 0
    assert pages.get("/en/news/").all(".teaser-headline") == []
    assert write(actions.announce_due, due) == 1
    assert pages.get("/en/news/").all(".teaser-headline") == ["How a child is heard"]


@pytest.mark.parametrize(
    ("day", "hour", "error"),
    [
        ("2027-05-03", "13:00", "Choose a moment that is still to come"),
        ("2028-03-26", "02:30", "The clocks are put forward that night, and this time does not exist"),
        ("4 May", "09:00", "Enter a day such as 2027-09-16"),
        ("2027-05-04", "9", "Enter a time such as 09:00"),
    ],
)
def test_moment_that_cannot_be_is_refused(organiser, day, hour, error):
    post = compose(organiser, **{"en-headline": "How a child is heard today"})
    asked = organiser.get("publishing.publish", event="nf27", post=post.id)
    assert asked.all(".note-body li") == [
        "Headline today – It will not be true for long. Better: on 3 May 2027"
    ]
    edit(organiser, post).submit({"en-headline": "How a child is heard"}, button="Save")
    page = publish(organiser, post, when="later", day=day, hour=hour, expect=422)
    assert list(page.errors.values()) == [error]


def test_planned_post_can_be_a_draft_again(organiser):
    post = compose(organiser)
    publish(organiser, post, when="later", day="2027-05-04", hour="09:00")
    organiser.get("publishing.withdraw", event="nf27", post=post.id).submit(button="Make it a draft again")
    db.session.expire_all()
    assert (post.published_at, post.state) == (None, "draft")


def test_withdrawn_post_says_so_and_can_come_back(organiser, pages):
    post = compose(organiser)
    publish(organiser, post)
    address = "/en/news/2027/05/03/how-a-child-is-heard"
    assert pages.get(address).h1 == "How a child is heard"
    organiser.get("publishing.withdraw", event="nf27", post=post.id).submit(button="Withdraw the post")
    page = pages.get(address, expect=410)
    assert (page.h1, "How a child is heard" in page.text) == ("This text was withdrawn", False)
    assert pages.get("/en/news/").all(".teaser-headline") == []
    assert write(actions.announce_due, NOW + timedelta(days=9)) == 0
    publish(organiser, post)
    assert pages.get(address).h1 == "How a child is heard"


def test_renamed_post_is_found_at_its_old_address(organiser, pages):
    post = compose(organiser)
    publish(organiser, post)
    edit(organiser, post).submit({"en-slug": "Børn høres på én måde"}, button="Save")
    moved = pages.get("/en/news/2027/05/03/how-a-child-is-heard", expect=301)
    assert moved.location == "/en/news/2027/05/03/born-hores-pa-en-made"
    assert pages.get(moved.location).h1 == "How a child is heard"
    edit(organiser, post).submit({"en-slug": "how-a-child-is-heard"}, button="Save")
    assert pages.get(moved.location, expect=301).location == "/en/news/2027/05/03/how-a-child-is-heard"


def test_address_of_a_draft_leaves_no_trace(organiser, pages):
    post = compose(organiser)
    edit(organiser, post).submit({"en-slug": "another"}, button="Save")
    publish(organiser, post)
    pages.get("/en/news/2027/05/03/how-a-child-is-heard", expect=404)


def test_two_posts_never_share_an_address(organiser):
    first, second = compose(organiser), compose(organiser)
    assert (text_of(first).slug, text_of(second).slug) == ("how-a-child-is-heard", "how-a-child-is-heard-2")


def test_correction_stands_under_the_post_with_its_time(organiser, pages):
    post = compose(organiser)
    publish(organiser, post)
    page = organiser.get("publishing.correct", event="nf27", post=post.id)
    half = page.submit({"en": "It was two."}, button="Publish the correction", expect=422)
    assert half.errors == {"sv": "Say it in each language in which the post can be read"}
    page.submit({"en": "It was two.", "sv": "De var två."}, button="Publish the correction")
    read = pages.get("/en/news/2027/05/03/how-a-child-is-heard")
    assert "3 May 2027 at 14:00 (CEST) It was two." in read.text
    feed = pages.get("/sv/news/feed.atom").data.decode()
    assert "De var två." in feed


def test_form_that_is_sent_twice_is_done_once(organiser, pages):
    form = organiser.get("posts.new", event="nf27").form()
    first, second = [form.submit(WRITTEN, button="Save the draft") for _time in range(2)]
    assert first.location == second.location
    third = form.submit({**WRITTEN, "en-lead": "Other words."}, button="Save the draft")
    fourth = organiser.get("posts.new", event="nf27").submit(WRITTEN, button="Save the draft")
    assert len({first.location, third.location, fourth.location}) == 3
    post = db.session.scalars(select(Post).order_by(Post.id)).first()
    publish(organiser, post)
    form = organiser.get("publishing.correct", event="nf27", post=post.id).form()
    for said in ("84, not 51.", "84, not 51.", "85, not 84."):
        form.submit({"sv": said, "en": said}, button="Publish the correction")
    page = pages.get("/en/news/2027/05/03/how-a-child-is-heard")
    assert ("85, not 84." in page.text, page.text.count("84, not 51.")) == (True, 1)


def test_words_that_another_organiser_saved_meanwhile_are_not_published_unseen(
    organiser, sign_in_as, event, pages
):
    post = compose(organiser)
    mine = organiser.get("publishing.publish", event="nf27", post=post.id)
    edit(sign_in_as(Role.ORGANISER, event), post).submit({"en-body": "Other words."}, button="Save")
    page = mine.submit({"when": "now"}, button="Publish", expect=409)
    assert page.all(".note-title") == [
        "Nothing has been published: somebody else has saved this post meanwhile"
    ]
    pages.get("/en/news/2027/05/03/how-a-child-is-heard", expect=404)
    page.submit({"when": "now"}, button="Publish")
    assert "Other words." in pages.get("/en/news/2027/05/03/how-a-child-is-heard").text


def test_text_of_a_public_post_cannot_lose_what_readers_need(organiser):
    post = compose(organiser)
    publish(organiser, post)
    page = edit(organiser, post).submit({"en-lead": ""}, button="Save", expect=422)
    assert page.errors == {"en-lead": "Write a lead: one or two sentences that stand alone"}
    assert text_of(post).lead == "One interview is enough."


def test_second_editor_sees_both_texts_and_overwrites_nothing(organiser, sign_in_as, event):
    """Two editors change a post at once: the second to save is shown both texts first (R30)."""
    post = compose(organiser)
    other = sign_in_as(Role.ORGANISER, event)
    mine, theirs = edit(organiser, post), edit(other, post)
    theirs.submit({"en-lead": "One talk is enough."}, button="Save")
    page = mine.submit({"en-lead": "One interview must be enough."}, button="Save", expect=409)
    assert text_of(post).lead == "One talk is enough."
    assert (page.all(".difference del"), page.all(".difference ins")) == (
        ["talk is"],
        ["interview must be"],
    )
    assert page.form().data["en-lead"][0].strip() == "One interview must be enough."
    page.submit(button="Save")
    assert text_of(post).lead == "One interview must be enough."


def test_revision_is_compared_word_by_word_and_restored(organiser, pages):
    post = compose(organiser)
    edit(organiser, post).submit({"en-body": "The second paragraph."}, button="Save")
    listed = organiser.get("revisions.index", event="nf27", post=post.id)
    assert len(rows(listed)) == 2
    first = organiser.get(listed.soup.select("tbody a")[-1]["href"])
    assert (first.all(".difference del"), first.all(".difference ins")) == (["first"], ["second"])
    first.submit(button="Go back to this revision")
    assert text_of(post).body == "The first paragraph."
    assert len(rows(organiser.get("revisions.index", event="nf27", post=post.id))) == 3


def test_post_written_elsewhere_keeps_its_first_text_as_a_revision(organiser, event):
    post = make_post(headline="Old", event_id=event.id)
    edit(organiser, post).submit({"en-headline": "New"}, button="Save")
    revisions = organiser.get("revisions.index", event="nf27", post=post.id)
    assert [row[1].rstrip(" 0123456789") for row in rows(revisions)] == [
        "Organiser",
        "before it was changed here",
    ]


def test_preview_is_the_public_page_and_stores_nothing(organiser, pages):
    page = organiser.get("posts.new", event="nf27")
    shown = page.submit(WRITTEN, button="Preview Svenska (new tab)", expect=200)
    assert (shown.h1, shown.all(".prose h2")) == ("Så hörs ett barn på Åland", ["Rubrik"])
    assert shown.soup.html["lang"] == "sv"
    assert db.session.scalars(select(Post)).all() == []


def test_refused_preview_still_saves_the_post_that_it_is_of(organiser):
    for page in (edit(organiser, compose(organiser)), organiser.get("posts.new", event="nf27")):
        words = {**WRITTEN, "en-headline": ""}
        refused = page.submit(words, button="Preview English (new tab)", expect=422)
        assert (refused.h1, refused.errors) == (page.h1, {"en-headline": "Write a headline"})
        refused.submit({"en-headline": "Heard once"}, button=page.all("main form button")[0])
    db.session.expire_all()
    assert [text.headline for text in db.session.scalars(select(PostText)) if text.language == "en"] == [
        "Heard once",
        "Heard once",
    ]


def test_post_of_another_event_is_not_there(organiser, database):
    other = make_post(event_id=make_archive().id)
    general = make_post(event_id=None)
    for post in (other, general):
        edit(organiser, post, expect=404)
    assert rows(organiser.get("posts.index", event="nf27")) == []


def test_admin_of_all_events_finds_posts_of_no_event(sign_in_as, event):
    post = make_post(headline="General", event_id=None)
    admin = sign_in_as(Role.ADMIN)
    assert [row[0] for row in rows(admin.get("posts.index", event="nf27"))] == ["General"]
    page = edit(admin, post)
    make_archive(slug="nf26", short_name=event.short_name)
    assert page.all("#event option") == ["Nordic Forum 2027", "No forum in particular"]
    assert edit(admin, post).all("#event option")[1] == "Nordic Forum 2027 (2016)"
    page.submit({"event": "nf27"}, button="Save")
    db.session.expire_all()
    assert post.event_id == event.id


def test_list_shows_what_still_needs_work(organiser, event):
    make_post(event_id=event.id, headline="Whole")
    make_post(("sv",), event_id=event.id, headline="Only Swedish")
    page = organiser.get("posts.index", event="nf27", view="needs-work")
    assert [row[:3] for row in rows(page)] == [["Only Swedish", "Published", "Svenska English not begun"]]
    organiser.get("posts.index", event="nf27", view="lost", expect=404)
    organiser.get("posts.index", event="nf27", page=0, expect=404)


def test_sources_categories_and_hashtags_are_kept(organiser, event):
    category = make_category("reports")
    post = compose(
        organiser,
        categories=[category.key],
        tags="#Barnahus, barnahus; #NF27",
        **{
            "sources-0-sv": "Rapporten",
            "sources-0-en": "The report",
            "sources-0-url": "https://example.org/r",
            "sources-0-published_on": "2026-11-25",
        },
    )
    db.session.expire_all()
    assert [tag.name for tag in post.tags] == ["#Barnahus", "#NF27"]
    assert [(source.title["en"], source.url, str(source.published_on)) for source in post.sources] == [
        ("The report", "https://example.org/r", "2026-11-25")
    ]
    assert [each.key for each in post.categories] == ["reports"]
    again = edit(organiser, post).submit({"sources-0-url": "ftp://example.org/r"}, button="Save", expect=422)
    assert again.errors == {"sources-0-url": "Enter an address that begins with https://, http:// or mailto:"}


def test_each_act_is_recorded_without_words(organiser):
    post = compose(organiser)
    publish(organiser, post)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_type == "posts")).all()
    assert [entry.action for entry in entries] == ["post.created", "post.published"]
    assert "child" not in str([entry.details.payload for entry in entries])


@pytest.mark.parametrize(
    "body",
    ["<script>alert(1)</script>", "[words](javascript:alert(1))", "![seen](https://evil.example/pixel.png)"],
)
def test_preview_and_page_show_nothing_that_acts(organiser, pages, body):
    """Scripts, links and pictures in hostile Markdown appear neither in a post's preview nor on its page (S32)."""
    written = {**WRITTEN, "en-body": f"Before\n\n{body}\n\nAfter"}
    page = organiser.get("posts.new", event="nf27")
    shown = [page.submit(written, button="Preview English (new tab)", expect=200)]
    publish(organiser, compose(organiser, **{"en-body": written["en-body"]}))
    shown.append(pages.get("/en/news/2027/05/03/how-a-child-is-heard"))
    for each in shown:
        assert each.soup.select(".prose :is(script, img, a)") == []
        assert each.all(".prose p")[0] == "Before"


def test_busy_database_loses_nothing_that_was_typed(organiser, monkeypatch):
    """The error page of a busy database contains all typed texts; its button sends them once more (R13)."""
    page = organiser.get("posts.new", event="nf27")
    monkeypatch.setattr(actions, "create", _busy)
    busy = page.submit(WRITTEN, button="Save the draft", expect=503)
    monkeypatch.undo()
    busy.submit(button="Try again")
    post = db.session.scalars(select(Post)).one()
    assert text_of(post, "sv").body == WRITTEN["sv-body"]


def _busy(*_arguments, **_named):
    raise OperationalError("INSERT", {}, Exception("database is locked"))


def test_what_was_typed_is_saved_on_the_way_to_publishing(organiser):
    post = compose(organiser)
    answer = edit(organiser, post).submit({"en-lead": "A new lead."}, button="Save and go on to publish")
    assert answer.location == f"/console/nf27/news/{post.id}/publication"
    assert text_of(post).lead == "A new lead."


ENGLISH = {name: words for name, words in WRITTEN.items() if name.startswith("en-")}
NO_ENGLISH = dict.fromkeys(ENGLISH, "")


@pytest.fixture
def two(organiser) -> tuple[Post, Post]:
    """Save two public posts: the first in both languages, the second in Swedish only."""
    first = compose(organiser)
    second = compose(organiser, **{**NO_ENGLISH, "sv-headline": "Annat"})
    publish(organiser, first)
    publish(organiser, second)
    return first, second


@pytest.mark.parametrize("slug", ["", "how-a-child-is-heard"])
def test_new_language_of_a_public_post_takes_no_address_of_another(organiser, pages, two, slug):
    first, second = two
    edit(organiser, second).submit({**ENGLISH, "en-slug": slug}, button="Save")
    assert text_of(second).slug == "how-a-child-is-heard-2"
    edit(organiser, first).submit({"en-slug": "renamed"}, button="Save")
    moved = pages.get("/en/news/2027/05/03/how-a-child-is-heard", expect=301)
    assert moved.location == "/en/news/2027/05/03/renamed"


def test_revision_whose_address_is_taken_comes_back_at_another(organiser, two):
    _first, second = two
    edit(organiser, second).submit({**ENGLISH, "en-slug": "second"}, button="Save")
    listed = organiser.get("revisions.index", event="nf27", post=second.id)
    with_english = listed.soup.select("tbody a")[0]["href"]
    edit(organiser, second).submit({**NO_ENGLISH, "en-slug": ""}, button="Save")
    organiser.get(with_english).submit(button="Go back to this revision")
    assert text_of(second).slug == "how-a-child-is-heard-2"
