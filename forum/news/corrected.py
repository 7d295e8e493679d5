"""Reading the corrections of all posts."""

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from forum.extensions import db
from forum.news.models import Correction, PostText
from forum.news.queries import is_public

SHOWN = 100


def list_newest(language: str) -> list[tuple[Correction, PostText]]:
    """Return the newest corrections of posts public in a language, each with the post's text in that language."""
    query = select(Correction, PostText).join(PostText, PostText.post_id == Correction.post_id)
    public = query.join(PostText.post).where(*is_public(language)).options(contains_eager(PostText.post))
    newest = public.order_by(Correction.made_on.desc(), Correction.id.desc()).limit(SHOWN)
    return [(note, text) for note, text in db.session.execute(newest)]
