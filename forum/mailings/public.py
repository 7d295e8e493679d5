"""The page on which a person refuses further messages from organisers, by the link in such a message (M07, RFC 8058).

A mail program sends the form by itself when somebody presses the program's own button, without a session, a cookie or a
CSRF token. So none of these is required: the link's token alone allows the refusal. Opening the page changes nothing,
because mail scanners open links, and the page is the same for a token that nobody has.
"""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from forum import clock
from forum.database import start_write
from forum.extensions import csrf, db
from forum.mailings import refusals
from forum.web.routes import localised

bp = Blueprint("refusing", __name__)
# The name of the page's button that takes a refusal back.
AGAIN = "again"


@localised(bp, "/r/messages/<token>", methods=["GET", "POST"])
@csrf.exempt
def show(token: str) -> ResponseReturnValue:
    """Show the button that refuses messages; on POST store the refusal, or take it back."""
    if request.method != "POST":
        return render_template("public/mailings/refuse.html", is_refused=None)
    start_write(db.session)
    is_refused = request.form.get("act") != AGAIN
    if is_refused:
        refusals.refuse(token, now=clock.now())
    else:
        refusals.take_back(token)
    db.session.commit()
    return render_template("public/mailings/refuse.html", is_refused=is_refused)
