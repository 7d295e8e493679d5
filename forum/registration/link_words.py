"""What a mail says about its personal link."""

from flask_babel import gettext as _

from forum.events import freezing
from forum.events.models import Event
from forum.web.languages import moment_text


def link_words(event: Event) -> str:
    """Return the sentence of a mail about its personal link (the template filter `link_words`)."""
    if event.cancelled_at:
        return _(
            "The link is yours alone. With it you can see your registration. Do not pass this message on."
        )
    if event.freezes_at is None:
        return _(
            "The link is yours alone. With it you can see, change or cancel your registration."
            " Do not pass this message on."
        )
    if freezing.is_frozen_now(event):
        return _(
            "The link is yours alone. With it you can see or cancel your registration; reply to this message if"
            " something has to be changed. Do not pass this message on."
        )
    return _(
        "The link is yours alone. With it you can see or cancel your registration, and change it until %(moment)s."
        " Do not pass this message on.",
        moment=moment_text(event.freezes_at, event.zone),
    )
