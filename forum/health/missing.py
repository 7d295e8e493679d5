"""The tasks that organisers have to do before the front page can show an event, for /status and `forum doctor`."""

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from forum.events import queries as events
from forum.extensions import db
from forum.health.checks import Finding


def list_missing() -> list[Finding]:
    """Return a finding with a sentence for each task that organisers still have to do; none counts as a failed check.

    Returns no findings when the database cannot be read, because the health checks report that.
    """
    try:
        current, listed = events.find_current(), events.list_events()
        slugs = sorted((not event.is_current, event.slug) for event in listed)
    except SQLAlchemyError:
        return []
    finally:
        db.session.rollback()
    if current is not None:
        return []
    if not slugs:
        words = "there is none: make it in the console (New event), or by `forum create-event`"
    else:
        address = f"{current_app.config['BASE_URL']}/console/{slugs[0][1]}/"
        words = f"none is published as the front page: {address} says what is missing"
    return [Finding("event", True, words, is_to_do=True)]
