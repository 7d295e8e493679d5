"""What editors read about the mails of a post: numbers in sentences, and never an address (S14)."""

from babel.lists import format_list
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.extensions import db
from forum.followers import ending, queries
from forum.followers.enums import Pace
from forum.followers.models import MailedPost
from forum.news.enums import PostState
from forum.news.models import Post
from forum.web.languages import language, language_name


def tell_reach(post: Post) -> str:
    """Return sentences on how many followers get a post by mail if it comes out now (template filter `mail_reach`)."""
    now = clock.now()
    mailed = db.session.get(MailedPost, post.id)
    if mailed and ending.is_forgotten(mailed, now):
        return _(
            "It went out by e-mail more than two months ago, and who has had it is not kept so long: it goes to nobody"
            " by e-mail again."
        )
    is_planned = post.state == PostState.SCHEDULED
    if post.withdrawal and not is_planned and now >= post.withdrawal.published_at + queries.NEW:
        return _(
            "It first came out more than a week ago. Published now, it goes to nobody by e-mail; at a later time it"
            " counts as new."
        )
    numbers, weekly = _count_readers(post)
    if not numbers:
        return _("None of those who follow the news by e-mail gets this post.")
    each = [
        ngettext(
            "%(num)s follower in %(language)s",
            "%(num)s followers in %(language)s",
            number,
            language=language_name(code),
        )
        for code, number in numbers.items()
    ]
    told = [_("It goes to %(followers)s.", followers=format_list(each, locale=language()))]
    if weekly:
        told.append(
            ngettext(
                "%(num)s of them gets it in the weekly e-mail.",
                "%(num)s of them get it in the weekly e-mail.",
                weekly,
            )
        )
    if mailed:
        told.append(_("Whoever has had it already does not get it again."))
    return " ".join(told)


def tell_results(post: Post) -> str:
    """Return the results of the mails of a public post (the template filter `mail_results`)."""
    mailed = db.session.get(MailedPost, post.id)
    if mailed is None or mailed.announced_at != post.announced_at:
        return _("By e-mail: in a few minutes.") if queries.is_new(post) else _("Not sent by e-mail.")
    sent, failed, waiting = queries.count_results(post)
    told = [_("By e-mail: sent to %(num)s.", num=sent + mailed.sent)]
    if failed + mailed.failed:
        told.append(_("Failed: %(num)s.", num=failed + mailed.failed))
    if waiting:
        told.append(_("On their way: %(num)s.", num=waiting))
    return " ".join(told)


def _count_readers(post: Post) -> tuple[dict[str, int], int]:
    """Return the number of followers who would get the post, by language, and how many of them get the weekly mail."""
    numbers: dict[str, int] = {}
    weekly = 0
    for code, pace, number in queries.list_readers(post, clock.now()):
        numbers[code] = numbers.get(code, 0) + number
        weekly += number if pace == Pace.WEEKLY else 0
    return dict(sorted(numbers.items())), weekly
