"""URLs of the forum's first site redirect to today's pages."""

import pytest

from forum.columns import Text
from forum.news.models import OldAddress
from tests.factories.news import make_category, make_post
from tests.factories.saving import save

pytestmark = pytest.mark.usefixtures("frozen", "database")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/blogg/", "/sv/news/"),
        ("/blogg/2016", "/sv/news/2016/"),
        ("/blogg/2016/", "/sv/news/2016/"),
        ("/blogg/2016/11/25/morka-natet-sv", "/sv/news/2016/11/25/m%C3%B6rka-n%C3%A4tet-sv"),
        ("/blogg/2016/11/25/M%C3%B6rka-N%C3%A4tet-sv", "/sv/news/2016/11/25/m%C3%B6rka-n%C3%A4tet-sv"),
        ("/kategorier/polis-och-rattsvasende", "/sv/news/categories/polis-och-r%C3%A4ttsv%C3%A4sende"),
    ],
)
def test_old_address_leads_to_the_new_one(pages, old, new):
    make_post(slug="mörka-nätet")
    make_category("police", slug=Text(sv="polis-och-rättsväsende", en="police"))
    assert pages.get(old, expect=301).location == new


@pytest.mark.parametrize(
    "old",
    [
        "/blogg/2017",
        "/blogg/2016/11/24/morka-natet-sv",  # 404, because the post was published on another day
        "/blogg/2016/11/25/morka-natet-en",  # 404, because the old site was in Swedish only
        "/blogg/2016/11/25/other",
        "/blogg/2016/13/45/morka-natet-sv",
        "/blogg/99999999999/1/1/x",
        "/blogg/0/0/0/x",
        "/kategorier/none",
        "/kategorier/police",
    ],
)
def test_old_address_without_a_page_is_not_found(pages, old):
    make_post(slug="mörka-nätet")
    make_category("police", slug=Text(sv="polis-och-rättsväsende", en="police"))
    pages.get(old, expect=404)


def test_the_table_comes_before_the_rule_of_the_first_site(pages):
    post, category = make_post(slug="other"), make_category("police", slug=Text(sv="polis", en="police"))
    save(
        OldAddress(path="/blogg/2016/11/25/morka-natet", language="en", post_id=post.id),
        OldAddress(path="/kategorier/brott", language="sv", category_id=category.id),
        OldAddress(path="/press/index-html", language="en", leads_to="/en/news/"),
    )
    for old, new in (
        ("/blogg/2016/11/25/Mörka_nätet", "/en/news/2016/11/25/other-en"),
        ("/kategorier/Brott", "/sv/news/categories/polis"),
        ("/press/index.html?from=print", "/en/news/"),
    ):
        assert pages.get(old, expect=301).location == new
    pages.get("/press", expect=404)


def test_an_old_address_of_a_post_that_is_not_public_is_not_found(pages):
    draft, swedish = make_post(published_at=None, announced_at=None), make_post(("sv",))
    save(
        OldAddress(path="/draft", language="sv", post_id=draft.id),
        OldAddress(path="/swedish", language="en", post_id=swedish.id),
    )
    for path in ("/draft", "/swedish"):
        pages.get(path, expect=404)
    assert pages.app.test_client().post("/draft").status_code == 404
