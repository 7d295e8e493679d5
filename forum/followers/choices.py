"""What a follower has chosen: the language and categories of posts, and when to get them."""

from collections.abc import Sequence
from dataclasses import dataclass

from forum.followers.enums import Pace
from forum.followers.models import Follower


@dataclass(frozen=True)
class Choices:
    """What a follower wants to get. `categories` are keys of categories; empty means every category."""

    language: str
    pace: Pace
    categories: Sequence[str] = ()

    @classmethod
    def of(cls, follower: Follower) -> "Choices":
        """Return what the follower has chosen."""
        keys = [] if follower.has_every else [each.key for each in follower.categories]
        return cls(follower.language, follower.pace, keys)
