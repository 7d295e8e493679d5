"""Pages for following the news by mail: asking for it, confirming, choosing anew, leaving.

Mail programs have a button that ends the mails: they send the form without a session, a cookie or the CSRF token. So
the page `leave` asks for none of these, and shows the same for a link that belongs to nobody (M06, RFC 8058). No page
changes anything when it is opened, because mail scanners open links.
"""

from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.database import start_write
from forum.events.in_url import event_of_page, get_published_or_404, of_event, show_event
from forum.events.models import Event
from forum.extensions import csrf, db
from forum.followers import actions, links, mail_words, queries
from forum.followers.choices import Choices
from forum.followers.enums import FollowPurpose
from forum.followers.errors import NoFollowing
from forum.followers.forms import PACES, ChoicesForm, FollowForm
from forum.followers.models import Follower
from forum.news.queries import list_all_categories
from forum.registration import limits
from forum.registration.names import canonical_email
from forum.web.forms import TidyForm
from forum.web.languages import NAMES, in_language, language
from forum.web.limits import TooManyTries, client, client_limit, keyed, spend
from forum.web.routes import localised

bp = Blueprint("followers", __name__)
bp.add_app_template_filter(mail_words.tell_reach, "mail_reach")
bp.add_app_template_filter(mail_words.tell_results, "mail_results")
# The name under which rate limits count requests for news, apart from registrations.
REQUESTS = "requests for news"


@of_event(bp, "/news/follow", methods=["GET", "POST"])
def ask(event: str | None = None) -> ResponseReturnValue:
    """Show the form for following the news; on POST mail the owner of the address, with one answer for all (S24)."""
    this_event = _get_followed_or_404(event)
    form = FollowForm(**_offered(this_event), data={"language": language()})
    if not form.validate_on_submit():
        return _show("ask", event=this_event, form=form), 422 if form.errors else 200
    try:
        spend(client_limit())
        _admit(form.email.data)
    except TooManyTries as refused:
        return _hold_back(refused, this_event, form)
    start_write(db.session)
    address = str(form.email.data)
    actions.ask(this_event, address, form.choices(), may_mail=limits.may_mail, now=clock.now())
    db.session.commit()
    return redirect(url_for(".asked"), 303)


@of_event(bp, "/news/follow/sent")
def asked(event: str | None = None) -> ResponseReturnValue:
    """Show the page after asking; it is the same for every address (S24)."""
    return _show("asked", event=_get_followed_or_404(event))


@localised(bp, "/r/news/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Show which news the address would get, and a button; only pressing it puts the address on the list (S21)."""
    follower, form = _of_link(token, FollowPurpose.CONFIRM), TidyForm()
    if not form.validate_on_submit():
        return _show("confirm", form=form, **_told(follower))
    start_write(db.session)
    manage = actions.confirm(token, now=clock.now())
    db.session.commit()
    flash(_("You follow the news by e-mail now."), "success")
    return redirect(url_for(".choose", token=manage), 303)


@localised(bp, "/r/news/choices/<token>", methods=["GET", "POST"])
def choose(token: str) -> ResponseReturnValue:
    """Show everything that is kept of a follower; on POST store the follower's new choices."""
    follower = _of_link(token, FollowPurpose.CHOOSE)
    filled = ChoicesForm.filled(Choices.of(follower))
    form = ChoicesForm(**_offered(follower.event), data=filled)
    if not form.validate_on_submit():
        page = _show("choose", form=form, token=token, **_told(follower))
        return page, 422 if form.errors else 200
    start_write(db.session)
    actions.choose(token, form.choices(), now=clock.now())
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for(".choose", token=token), 303)


@localised(bp, "/r/news/choices/<token>/end", methods=["POST"])
def end(token: str) -> ResponseReturnValue:
    """End the mails to the follower, who has the link to the choices, and delete what is kept."""
    _of_link(token, FollowPurpose.CHOOSE)
    start_write(db.session)
    actions.leave(token, FollowPurpose.CHOOSE, now=clock.now())
    db.session.commit()
    return redirect(url_for(".ended"), 303)


@localised(bp, "/r/news/leave/<token>", methods=["GET", "POST"])
@csrf.exempt
def leave(token: str) -> ResponseReturnValue:
    """Show the button that ends the mails; on POST end them and delete what is kept of the follower."""
    if request.method != "POST":
        return _show("leave", has_left=False)
    start_write(db.session)
    try:
        actions.leave(token, FollowPurpose.LEAVE, now=clock.now())
        db.session.commit()
    except NoFollowing:
        db.session.rollback()
    return _show("leave", has_left=True)


@localised(bp, "/news/follow/ended")
def ended() -> ResponseReturnValue:
    """Say that the mails have ended; the page shows no personal data."""
    return _show("leave", has_left=True)


@bp.errorhandler(NoFollowing)
def link_refused(_refusal: Exception) -> ResponseReturnValue:
    """Say that a link no longer works, and how to get a new one."""
    db.session.rollback()
    event = event_of_page()
    may_ask = event is not None and event.is_published and queries.may_follow(event, clock.now())
    return _show("link_refused", may_ask=may_ask), 404


def _get_followed_or_404(slug: str | None) -> Event:
    """Return the event, if its news can be followed; else redirect to the current event's page, or abort with 404."""
    event = get_published_or_404(slug, sectors=False)
    if queries.may_follow(event, clock.now()):
        return event
    return abort(404) if event.is_current else abort(redirect(url_for(".ask", event=None), 302))


def _of_link(token: str, purpose: FollowPurpose) -> Follower:
    """Return the follower to whom a link belongs, and use the followed event for the layout. Raises NoFollowing."""
    follower = links.follow(token, purpose, now=clock.now())
    show_event(follower.event)
    return follower


def _offered(event: Event) -> dict[str, Any]:
    categories = {each.key: in_language(each.name) for each in list_all_categories()}
    return {"languages": event.offered_languages, "categories": categories}


def _told(follower: Follower) -> dict[str, Any]:
    """Return what is kept of a follower, for a page that only the follower opens."""
    pace = next(each.label for each in PACES if each.value == follower.pace)
    names = [] if follower.has_every else [in_language(each.name) for each in follower.categories]
    return {"follower": follower, "pace": pace, "names": names, "language_name": NAMES[follower.language]}


def _admit(address: str) -> None:
    """Count a request against the limits of the site and of the domain. Raises Braked, DomainFull."""
    limits.brake(keyed(f"{client()} {canonical_email(address)}"), REQUESTS)
    limits.refuse_full_domain(address)


def _hold_back(refused: TooManyTries, event: Event, form: FollowForm) -> ResponseReturnValue:
    """Answer a form that exceeds a limit with the page that can send it again."""
    limits.note(refused, event)
    is_braked = isinstance(refused, limits.Braked)
    page = _show("ask", event=event, form=form, held="brake" if is_braked else "tries")
    response = make_response(page, 429)
    if is_braked:
        response.headers["Retry-After"] = str(limits.WAIT_SECONDS)
    return response


def _show(name: str, **context: Any) -> str:
    return render_template(f"public/followers/{name}.html", **context)
