"""The text of a post in which a search looks for words."""

from forum.folding import search_fold
from forum.images.bodies import without_marks
from forum.news.models import Post


def search_text(headline: str, lead: str, body: str, tags: tuple[str, ...] = ()) -> str:
    """Return the value of the column `PostText.search_text`: all words of a post's text, with its hashtags."""
    return search_fold(" ".join((headline, lead, without_marks(body), *tags)))


def make_findable(post: Post) -> None:
    """Store the search text of each language of the post, made from its present texts and hashtags."""
    for text in post.texts:
        tags = tuple(tag.in_language(text.language) for tag in post.tags)
        text.search_text = search_text(text.headline, text.lead, text.body, tags)
