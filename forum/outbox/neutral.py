"""The neutral form of a mail's subject, which everybody gets (P26).

Other people may see a subject on a screen or a locked telephone, and for somebody with protected identity the name or
the place of the forum says where to find them. So no subject names them, whoever the mail goes to: a subject for
protected people alone would tell who they are.
"""

import re

from forum.events.models import Event
from forum.folding import search_fold

WORDS = re.compile(r"[^\W\d_]+")
# Shorter words of a name, such as "with" and "mot", do not tell which event it is.
LEAST_LETTERS = 5


def find_telling(event: Event, subject: str) -> str:
    """Return the first word of the subject that tells which event it is, in any language; "" if there is none."""
    texts = [event.name, event.short_name, event.place, event.organiser_name]
    names = {word for text in texts for one in text.values() for word in WORDS.findall(search_fold(one))}
    telling = tuple(name for name in names if len(name) >= LEAST_LETTERS)
    for word in WORDS.findall(subject):
        # Compare only the beginnings, because a name may be inflected, as in "forumets".
        if search_fold(word).startswith(telling):
            return word
    return ""
