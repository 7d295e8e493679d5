"""The preview of a post: the typed text as readers would see it; nothing is stored."""

from datetime import datetime

from forum.columns import Text
from forum.news import drafts
from forum.news.drafts import Draft
from forum.news.models import Correction, Post, PostText


def preview_text(draft: Draft, language: str, *, stored: Post | None, now: datetime) -> PostText:
    """Return a draft as the post's text in a language, with the dates and corrections of the stored post, if any."""
    texts = {**draft.texts}
    texts.setdefault(language, {"headline": ""})
    published_at = stored.published_at if stored is not None else None
    post = Post(key="preview", author=Text(), published_at=published_at or now)
    if stored is not None:
        post.updated_at = stored.updated_at
        post.corrections = [
            Correction(made_on=note.made_on, made_at=note.made_at, text=note.text)
            for note in stored.corrections
        ]
    drafts.fill(post, Draft(**{**vars(draft), "texts": texts}))
    return next(text for text in post.texts if text.language == language)
