"""Why following the news is refused."""


class NoFollowing(Exception):
    """The link belongs to no follower of the news, or no longer works."""
