"""How often followers are written to, what their links do, and the states of a post's mail to one of them."""

from enum import StrEnum


class Pace(StrEnum):
    """When a follower gets mails: about each post when it has come out, or once a week about all of them."""

    AT_ONCE = "at_once"
    WEEKLY = "weekly"


class FollowPurpose(StrEnum):
    """What a link does: confirms the address, opens the follower's choices, or ends the mails."""

    CONFIRM = "confirm"
    CHOOSE = "choose"
    LEAVE = "leave"


class NewsMailStatus(StrEnum):
    """The state of a post's mail to a follower: to be made, made (the outbox says more), failed, left out."""

    WAITING = "waiting"
    QUEUED = "queued"
    FAILED = "failed"
    LEFT_OUT = "left_out"
