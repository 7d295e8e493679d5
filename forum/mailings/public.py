"""The page on which a person refuses categories of organisers' messages, by the link in a message (M07, RFC 8058).

A mail program sends the form by itself when somebody presses the program's own button, without a session, a cookie or a
CSRF token. So none of these is required: the link's token alone allows the refusal, of the message's own category.
Opening the page changes nothing, because mail scanners open links. An unknown token gets the same answer as the token
of an address that refuses nothing.
"""

from collections.abc import Collection

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from forum import clock
from forum.database import start_write
from forum.extensions import csrf, db
from forum.mailings import ending, former_address, refusals
from forum.mailings.enums import Category, Refused
from forum.mailings.wording import CATEGORIES
from forum.web.routes import localised

bp = Blueprint("refusing", __name__)
bp.record_once(ending.install)
bp.record_once(former_address.install)
# The names of the page's buttons. The value of LEAVE says what the person refuses, the value of AGAIN which category
# the person wants again.
LEAVE, AGAIN = "leave", "again"
# The name of the button for taking a refusal back on pages of an earlier version, which knew no categories and may
# still be open in a browser.
ACT = "act"


@localised(bp, "/r/messages/<token>", methods=["GET", "POST"])
@csrf.exempt
def show(token: str) -> ResponseReturnValue:
    """Show which categories the person gets, with a button for each; on POST store a refusal, or take it back."""
    if request.method != "POST":
        return _page(token, refusals.categories_by(token))
    start_write(db.session)
    is_refused = AGAIN not in (*request.form, request.form.get(ACT))
    if is_refused:
        left = request.form.get(LEAVE, "")
        what = Refused(left) if left in {*Refused} else None
        refused = refusals.refuse(token, what, now=clock.now())
    else:
        wanted = request.form.get(AGAIN, "")
        refused = refusals.take_back(token, Category(wanted) if wanted in {*Category} else None)
    db.session.commit()
    return _page(token, refused, is_refused=is_refused)


def _page(
    token: str, refused: Collection[Category], *, is_refused: bool | None = None
) -> ResponseReturnValue:
    own = refusals.category_of(token)
    changed = [name for category, name in CATEGORIES.items() if (category in refused) == is_refused]
    return render_template(
        "public/mailings/refuse.html",
        refused=refused,
        for_all=refusals.categories_for_all(token),
        is_refused=is_refused,
        # The title names a category if only that one has changed: a title without a name would seem to mean both.
        kind=changed[0] if len(changed) == 1 else "",
        own=own,
        categories={one: CATEGORIES[one] for one in sorted(CATEGORIES, key=lambda one: one != own)},
    )
