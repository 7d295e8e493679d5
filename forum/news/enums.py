"""Where a post stands between being written and being read."""

from enum import StrEnum


class PostState(StrEnum):
    """The state of a post, worked out from its moments (`Post.state`)."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
