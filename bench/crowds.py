"""Measuring acts on many people at once: invitations from a table, decisions of a review, a delegation."""

import time
from collections.abc import Iterator
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import select

from bench import filling
from forum import clock
from forum.accounts.enums import Role
from forum.database import start_write
from forum.delegations import contact_links
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation
from forum.events.queries import find_current
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.outbox import delivery
from forum.review import queries as reviews
from tools import organisers
from tools.pages import Pages

QUEUE_INVITATIONS = next(job for job in JOBS if job.name == "queue invitations")


class TimedPages(Pages):
    """A browser that adds up the seconds of its requests, without the time that it takes to parse and check pages."""

    seconds = 0.0

    def spent(self) -> float:
        """Return how many seconds this browser's requests have taken since this method was last called."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds

    def _send(self, path: str, **request):
        began = time.perf_counter()
        try:
            return super()._send(path, **request)
        finally:
            self.seconds += time.perf_counter() - began


def invitations(app: Flask, number: int) -> Iterator[tuple[str, str]]:
    """Invite people by pasted rows, as an organiser does, then let the worker mail them into files."""
    pages, slug = _organiser(app)
    lines = "".join(f"Åsa{each};Bergström;invited{each}@example.org;Tinget\n" for each in range(number))
    table = {"lines": f"Förnamn;Efternamn;E-post;Organisation\n{lines}", "sector": "ngo", "language": "sv"}
    empty = pages.get("invitations.invite_many", event=slug).form()
    pages.spent()
    shown = empty.submit({**table, "words": "Välkommen."}, button="Look at the rows", expect=200)
    yield "looking at the rows first", told(pages.spent(), number)
    shown.submit(button="Send the invitations", expect=303)
    yield "inviting them", told(pages.spent(), number)
    began = time.perf_counter()
    _mail(app, number)
    yield "the worker: link, words, sealed mail, sent into a file", told(time.perf_counter() - began, number)


def _mail(app: Flask, number: int) -> None:
    """Run the worker's jobs for queueing and sending mail in turns until no mail is left."""
    queued = sent = 0
    with app.app_context():
        while done := run_job(QUEUE_INVITATIONS):
            queued += done
            sent += delivery.deliver_due()
    if (queued, sent) != (number, number):
        raise RuntimeError(f"{queued} invitations were queued and {sent} sent, not {number}")


def review(app: Flask, number: int) -> Iterator[tuple[str, str]]:
    """Approve everybody who waits for a decision, as many at once as the page lists."""
    pages, slug = _organiser(app)
    filling.add_in_review(app, number)
    with app.app_context():
        # Count everybody in review: some people of the demo are in review already.
        all_of_them = reviews.count_undecided(find_current(), None)
    queue = pages.get("review.index", event=slug)
    yield f"the page with the first {reviews.SHOWN}, with evidence", f"{1000 * pages.spent():.0f} ms"
    asking = deciding = 0.0
    while boxes := queue.soup.select("input[name=who]"):
        chosen = urlencode([("who", box["value"]) for box in boxes])
        asked = pages.get(f"{pages.url('review_many.approve', event=slug)}?{chosen}")
        asking += pages.spent()
        asked.submit({"whom": "all"}, expect=303)
        deciding += pages.spent()
        queue = pages.get("review.index", event=slug)
        pages.spent()
    with app.app_context():
        if left := reviews.count_undecided(find_current(), None):
            raise RuntimeError(f"{left} people are still in review")
    yield f"asking first, {reviews.SHOWN} at a time", told(asking, all_of_them)
    yield "approving them, with a message each", told(deciding, all_of_them)


def delegation(app: Flask, number: int) -> Iterator[tuple[str, str]]:
    """Register people as a contact does: send the form, then press the button that confirms the delegation."""
    pages = TimedPages(app)
    app.config["FORM_MIN_SECONDS"] = 0
    form = {"given_name": "Åsa", "email": "contact@example.org", "organisation": "Tinget", "choice": "all"}
    form |= {"country": "SE", "language": "sv", "lines": "".join(f"Bo;Ek {each}\n" for each in range(number))}
    taken = pages.get("delegations.details", sector="ngo").submit(
        form, button="Put them into the rows", expect=200
    )
    pages.spent()
    taken.submit(button="Send us the list", expect=303)
    yield "sending the form", told(pages.spent(), number)
    with app.app_context():
        start_write(db.session)
        asked = db.session.scalars(select(Delegation).order_by(Delegation.id.desc()).limit(1)).one()
        token = contact_links.issue(asked, ContactLink.CONFIRM, now=clock.now())
        db.session.commit()
    page = pages.get(f"/en/r/delegation/confirm/{token}")
    pages.spent()
    page.submit(button="Register them", expect=303)
    yield "the press that registers all of them", told(pages.spent(), number)


def _organiser(app: Flask) -> tuple[TimedPages, str]:
    pages = TimedPages(app)
    with app.app_context():
        organisers.sign_in(pages, organisers.make_user(Role.ADMIN))
        return pages, find_current().slug


def told(seconds: float, number: int) -> str:
    """Return as text how many seconds an act on many people took, and how many milliseconds for each person."""
    return f"{seconds:.2f} s, {1000 * seconds / number:.1f} ms for each of {number}"
