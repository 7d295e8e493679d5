"""Errors that say why a decision is refused; the views put them into words."""


class DecisionRefused(Exception):
    """A decision about a registration is refused, and nothing has changed; each subclass says why."""


class Recused(DecisionRefused):
    """The organiser has stated that they know the person, and has left the decision to others."""


class OutOfSectors(DecisionRefused):
    """The person is in a sector that this reviewer does not review, or has moved to such a sector meanwhile."""


class AlreadyProposed(DecisionRefused):
    """Somebody has proposed to decline this registration already."""


class NothingProposed(DecisionRefused):
    """The proposed refusal has been withdrawn, or the registration was decided about."""


class SamePerson(DecisionRefused):
    """The organiser who has proposed a refusal cannot confirm it."""


class NobodyElse(DecisionRefused):
    """No other organiser could make the decision that this organiser leaves to others, or confirm the refusal."""


class SecondNeeded(DecisionRefused):
    """The organiser may not end the registration alone: another organiser has to agree."""


class SeenChanged(DecisionRefused):
    """The registration is no longer what the reviewer's page showed."""
