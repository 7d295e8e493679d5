"""Acts that a post's state forbids, or that change nothing, record nothing: posts, categories, words to avoid."""

import pytest
from sqlalchemy import func, select

from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.extensions import db
from forum.news import actions, categories, glossary, hashtags, previewing, redirects
from forum.news.drafts import Draft
from forum.news.errors import WrongState
from forum.news.models import Correction, GlossaryTerm, OldAddress
from tests.factories.events import NOW
from tests.factories.news import make_category, make_post, make_tag
from tests.factories.registrations import write
from tests.factories.saving import save

BY = {"actor": "command", "now": NOW}


@pytest.fixture
def acts(database):
    """Return a function that returns how many acts the audit trail has."""
    return lambda: db.session.scalar(select(func.count()).select_from(AuditEntry))


def test_a_public_post_is_neither_published_nor_planned_again(database, acts):
    public, draft = make_post(), make_post(published_at=None, announced_at=None)
    before = acts()
    for rule, post, more in (
        (actions.publish, public, ()),
        (actions.schedule, public, (NOW,)),
        (actions.take_back, public, ()),
        (actions.take_back, draft, ()),
        (actions.withdraw, draft, ()),
        (actions.correct, draft, (Text(en="84 people."),)),
    ):
        with pytest.raises(WrongState):
            write(rule, post, *more, **BY)
        db.session.rollback()
    assert acts() == before


def test_what_is_stored_already_is_not_stored_again(database, acts):
    post, tag = make_post(), make_tag("#Tor", aliases=("#Onion",), names=Text(en="#Tor"))
    police = make_category("police")
    term = save(GlossaryTerm(language="en", avoid="mob", better="crowd", reason=""))
    before = acts()
    write(actions.change, post, Draft.of(post), user_id=None, **BY)
    assert write(categories.describe, police, police.name, police.slug, **BY) == []
    write(categories.move, police, -1, **BY)
    assert not write(
        hashtags.describe, tag, tag.name, tag.names, [alias.folded for alias in tag.aliases], **BY
    )
    known = glossary.values_of(term)
    assert not write(glossary.store, term, known, **BY)
    assert not write(glossary.store, GlossaryTerm(), known, **BY)
    assert acts() == before


def test_a_category_that_no_post_has_is_removed_and_recorded(database):
    police = make_category("police")
    write(categories.remove, police, **BY)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.details.payload) == ("category.removed", {"key": "police"})


def test_a_preview_shows_the_corrections_that_the_stored_post_has(database):
    correction = Correction(made_on=NOW.date(), made_at=NOW, text=Text(en="84 people."))
    post = make_post(corrections=[correction])
    draft = Draft(texts={"en": {"headline": "Changed"}})
    shown = previewing.preview_text(draft, "en", stored=post, now=NOW)
    assert (shown.headline, [note.text["en"] for note in shown.post.corrections]) == (
        "Changed",
        ["84 people."],
    )
    # The preview in a language without any text has no headline.
    assert previewing.preview_text(draft, "sv", stored=None, now=NOW).headline == ""


def test_a_draft_without_any_text_lacks_a_headline_in_each_language():
    assert Draft(texts={}).lacking() == [("sv", "headline"), ("en", "headline")]


def test_the_target_of_an_old_address_is_written_as_it_is_read(database):
    police, post = make_category("police"), make_post(published_at=None, announced_at=None, slug="draft")
    for old, words in (
        (OldAddress(path="/a", language="sv", category_id=police.id), "/sv/news/categories/police-sv"),
        (OldAddress(path="/b", language="en", post_id=post.id), "/en/news/0000/00/00/draft-en"),
        (OldAddress(path="/c", language="de", post_id=post.id), ""),
        (OldAddress(path="/d", language="en", leads_to="/en/news/"), "/en/news/"),
    ):
        assert redirects.written(save(old)) == words
    for words in ("/en/news/categories/nothing", "/xx/news/categories/police-sv", "/en/" + "x" * 2000):
        with pytest.raises(redirects.LeadsNowhere):
            redirects.target_of(words)
    db.session.rollback()
    assert redirects.target_of("/sv/news/categories/police-sv").category_id == police.id
