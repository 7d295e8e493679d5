"""No subject names the event or its town, however short the name is (P26)."""

from types import SimpleNamespace

import pytest

from forum.columns import Text
from forum.outbox import neutral
from forum.outbox.addresses import refuse_unsafe
from forum.outbox.errors import UnsafeMessage

EVENT = SimpleNamespace(
    name=Text(sv="Nordiskt forum mot våld 2027", en="The Nordic Forum on harm 2027"),
    short_name=Text(sv="NF27", en="NF27"),
    place=Text(sv="Folkets hus i Oslo", en="The People’s House, Oslo"),
    organiser_name=Text(sv="Kansliet", en="BRÅ"),
)


@pytest.mark.parametrize(
    ("subject", "word"),
    [
        ("Program för NF27", "NF27"),
        ("Forumets program", "Forumets"),
        ("Vi ses i oslo", "oslo"),
        ("Hälsning från Brå", "Brå"),
        ("Välj ett hus", "hus"),
        ("The programme for you", ""),
        ("Möt oss i maj 2027", ""),
        ("NF28 och nf 27", ""),
        ("", ""),
    ],
)
def test_word_of_a_name_is_found(subject, word):
    assert neutral.find_telling(EVENT, subject) == word


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u2069", "\u202a"])
def test_sign_that_turns_the_direction_of_writing_stands_in_no_header(sign):
    with pytest.raises(UnsafeMessage):
        refuse_unsafe(f"Choose{sign}group", "subject")
