"""Changing what the public sees."""

from sqlalchemy import update

from forum.events.models import ContentVersion
from forum.extensions import db


def content_changed() -> None:
    """Raise the content version in this transaction, so that every process renders its pages anew."""
    db.session.execute(update(ContentVersion).values(version=ContentVersion.version + 1))
