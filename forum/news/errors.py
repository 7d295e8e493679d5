"""Errors that say why an action on a post is refused."""


class WrongState(Exception):
    """The post is not in the state that the action needs, for instance because somebody else has published it."""


class Incomplete(Exception):
    """A text that has been begun lacks something that readers need; `lacking` has (language, field) pairs."""

    def __init__(self, lacking: list[tuple[str, str]]) -> None:
        super().__init__("a text lacks something that readers need")
        self.lacking = lacking


class CoverRemoved(Exception):
    """The image that was chosen as the cover has been removed from its library meanwhile."""


class NotLater(Exception):
    """A post can only be planned for a moment that is still to come."""


class InUse(Exception):
    """A category or hashtag cannot be removed, because posts have it."""


class SpeltAlike(Exception):
    """Another hashtag has this spelling already; `name` is what that hashtag is called."""

    def __init__(self, spelling: str, name: str) -> None:
        super().__init__("another hashtag has this spelling")
        self.spelling, self.name = spelling, name
