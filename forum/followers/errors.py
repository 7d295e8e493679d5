"""Why following the news is refused."""


class NoFollowing(Exception):
    """The link belongs to nobody who follows the news, or works no more."""
