"""The states of a post, from draft to published."""

from enum import StrEnum


class PostState(StrEnum):
    """The state of a post, which `Post.state` works out from the moments that are stored."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
