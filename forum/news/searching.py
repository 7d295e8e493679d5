"""What is found by a search in the news."""

from forum.folding import search_fold


def search_text(headline: str, lead: str, body: str, tags: tuple[str, ...] = ()) -> str:
    """Return what `PostText.search_text` holds for a post's words and hashtags."""
    return search_fold(" ".join((headline, lead, body, *tags)))
