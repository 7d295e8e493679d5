"""Neutral subjects of mails: no subject tells which event the mail is about, whoever gets it (P26).

Other people may see a subject on a screen or a locked telephone, and for somebody with protected identity the name or
the town of the forum says where to find them. So no subject names them, whoever the mail goes to: a subject for
protected people alone would tell who they are.
"""

import re

from forum.events.models import Event
from forum.folding import search_fold

WORDS, LETTERS = re.compile(r"[^\W_]+"), re.compile(r"[^\W\d_]+")
# A word of an event's name with at least this many letters tells which event it is even with an ending added; a shorter
# one, such as "Oslo" or "NF27", only without an ending.
LEAST_LETTERS = 5
# Short words that only join others, in the languages of the Nordic countries.
JOINING = {
    *(
        "a",
        "an",
        "and",
        "at",
        "by",
        "for",
        "from",
        "in",
        "of",
        "on",
        "or",
        "our",
        "the",
        "to",
        "us",
        "we",
        "with",
    ),
    *(
        "av",
        "de",
        "dem",
        "den",
        "det",
        "du",
        "en",
        "ett",
        "för",
        "hos",
        "i",
        "med",
        "mot",
        "ni",
        "oss",
        "och",
        "om",
    ),
    *(
        "på",
        "till",
        "ur",
        "vi",
        "vid",
        "vår",
        "er",
        "är",
        "som",
        "nu",
        "new",
        "ny",
        "nya",
        "nytt",
        "not",
        "all",
    ),
    *("af", "et", "fra", "mod", "og", "til", "ved", "ja", "on", "ei", "á", "að", "frá", "um", "við"),
}
JOINED = {search_fold(word) for word in JOINING}


def find_telling(event: Event, subject: str) -> str:
    """Return the first word of the subject that tells which event it is, in any language; "" if there is none."""
    texts = [event.name, event.short_name, event.place, event.organiser_name]
    names = " ".join(search_fold(one) for text in texts for one in text.values())
    long = tuple(word for word in LETTERS.findall(names) if len(word) >= LEAST_LETTERS)
    short = {word for word in WORDS.findall(names) if _tells_as_a_whole(word)}
    # Compare only the beginnings of long words, because a name may be inflected, as in "forumets".
    for word in LETTERS.findall(subject):
        if search_fold(word).startswith(long):
            return word
    return next((word for word in WORDS.findall(subject) if search_fold(word) in short), "")


def _tells_as_a_whole(word: str) -> bool:
    """Return whether a folded word of a name tells which event it is; a number alone may be any year or hour."""
    return len(word) > 1 and not word.isdecimal() and word not in JOINED
