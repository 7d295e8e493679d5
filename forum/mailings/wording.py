"""Words for categories of messages that organisers write, and for the reasons why a person gets none."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from forum.mailings.enums import Category, LeftOut

REASONS: Mapping[LeftOut, LazyString] = {
    LeftOut.ENDED: _l("no longer registered"),
    LeftOut.UNCONFIRMED: _l("address not confirmed"),
    LeftOut.RESTRICTED: _l("data may not be used, by restriction or objection"),
    LeftOut.NO_ADDRESS: _l("no e-mail address"),
    LeftOut.UNSUBSCRIBED: _l("wants no messages of this kind"),
    LeftOut.SUPPRESSED: _l("mail to the address comes back, or was marked as unwanted"),
    LeftOut.NO_LANGUAGE: _l("nothing written in their language"),
    LeftOut.ANSWERED: _l("has answered meanwhile, or is no longer asked the question"),
    LeftOut.LATE: _l("the reminder’s time was over before it could leave"),
}
CATEGORIES: Mapping[Category, LazyString] = {
    Category.PRACTICAL: _l("Practical information about the event"),
    Category.FURTHER: _l("News and invitations beyond the event"),
}


def category_name(category: str) -> LazyString:
    """Return the name of a message's category, to be translated where it is shown."""
    return CATEGORIES[Category(category)]


def reason_text(reason: str) -> str:
    """Return the words for a reason why people get no message; for a reason of a newer version, its code."""
    return str(REASONS[LeftOut(reason)]) if reason in {*LeftOut} else reason
