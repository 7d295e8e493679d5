"""The text in which the search for posts looks."""

from forum.folding import search_fold


def search_text(headline: str, lead: str, body: str, tags: tuple[str, ...] = ()) -> str:
    """Return the value of `PostText.search_text` for a post's texts and hashtags."""
    return search_fold(" ".join((headline, lead, body, *tags)))
