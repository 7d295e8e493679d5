"""Cleaning typed texts: one line in NFC, or several with their indentation, without invisible characters.

Joiners and variation selectors change how the characters beside them look, so they are kept where they do that
(UAX #31, 2.3; UTS #51, 2.3) and removed elsewhere. All other invisible characters are always removed, those that
change the direction of writing included.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

# Invisible characters: Default_Ignorable_Code_Point of the Unicode Character Database, divided into NEVER_SEEN and
# SEEN_BESIDE, and the marks of interlinear annotation.
NEVER_SEEN = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"
)
ZWNJ, ZWJ, EMOJI_SELECTOR = "\u200c", "\u200d", "\ufe0f"
SELECTORS = "\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
TAGS = "\U000e0020-\U000e007f"
SEEN_BESIDE = ZWNJ + ZWJ + SELECTORS + TAGS
UNSEEN = NEVER_SEEN + SEEN_BESIDE
# Matches control characters, and surrogates, which no valid text contains.
CONTROLS = "\x00-\x1f\x7f-\x9f\ud800-\udfff"

# The indentation of each line of a code block in Markdown.
CODE = 4 * " "
LINE_ENDS = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
WORDS = re.compile(r"( +)")
WORD_ENDS = re.compile(rf"{LINE_ENDS.pattern}|[ \t]")
BLANKS = str.maketrans(dict.fromkeys("\t\n\r\v\f\x85\u2028\u2029\u2800", " "))
NOTHING = re.compile(f"[{NEVER_SEEN}{CONTROLS}]")
BESIDE = re.compile(f"[{SEEN_BESIDE}]")
SELECTOR = re.compile(f"[{SELECTORS}]")
# Matches the flag of a region, such as Scotland: a black flag and invisible tag characters.
FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
# Matches emoji by their range: an older Python's Unicode database lacks the newest ones.
PICTURES = re.compile("[\U0001f000-\U0001faff]")
VIRAMA = 9  # combining class of the sign that joins two consonants in Indic scripts
# Variation selectors change no letter with a code below this one, such as a Latin, Greek, Cyrillic or Arabic letter.
FIRST_VARIED = "\u1000"


def tidy(text: str) -> str:
    """Return the text in NFC, white space collapsed and trimmed, without invisible characters (S27, S36).

    Control characters and lone surrogates are removed; joiners are kept where they change a word or an emoji.
    """
    seen = unicodedata.normalize("NFC", NOTHING.sub("", text.translate(BLANKS)))
    if BESIDE.search(seen):
        seen = unicodedata.normalize("NFC", "".join(_without_idle(seen)))
    return " ".join(seen.split())


def tidy_lines(text: str) -> str:
    """Return a text of several lines, such as Markdown, with each word tidied and all blanks within its lines kept.

    Words are normalised one at a time, because normalising n characters may take n² steps.
    """
    lines = (
        "".join(part if part.startswith(" ") else tidy(part) for part in WORDS.split(line.expandtabs(4)))
        for line in LINE_ENDS.split(text)
    )
    return trim("\n".join(lines))


def trim(text: str) -> str:
    """Return the text without blanks at the ends of its lines, and without blanks and blank lines at its own ends.

    The forum stores each text that organisers write in this form. The first of several lines keeps an indentation that
    has a meaning in Markdown: that of a block of code, or of a list whose next line is indented, too.
    """
    lines = [line.rstrip() for line in LINE_ENDS.split(text)]
    lines = lines[next((at for at, line in enumerate(lines) if line), 0) :]
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) < 2:
        return "".join(lines).strip()
    following = next(line for line in lines[1:] if line)
    if not following.startswith(" ") and not lines[0].startswith(CODE):
        lines[0] = lines[0].lstrip()
    return "\n".join(lines)


def longest_word(text: str) -> int:
    """Return the length of the longest word, the most characters that `tidy_lines` normalises at once."""
    return max(map(len, WORD_ENDS.split(text)))


def _without_idle(text: str) -> list[str]:
    """Return the text's characters and flags, without joiners and selectors that change no character beside them."""
    kept: list[str] = []
    at = 0
    while at < len(text):
        flag = FLAG.match(text, at)
        piece = flag[0] if flag else text[at]
        at += len(piece)
        if flag or not BESIDE.match(piece) or _changes(piece, kept, text, at):
            kept.append(piece)
    return kept


def _changes(character: str, before: list[str], text: str, at: int) -> bool:
    """Return whether a joiner or selector changes the look of the kept text before it, or of the text from `at` on."""
    last, following = "".join(before[-1:]), text[at : at + 1]
    if character not in ZWNJ + ZWJ:
        return SELECTOR.match(character) is not None and _has_variants(last)
    if _begins_with_virama(reversed(before)):
        # A zero-width joiner after a virama may also end a word, in Malayalam.
        return character == ZWJ or following.isalpha()
    if last.isalpha() and _begins_with_virama(_rest(text, at)):
        return True
    if character == ZWJ and _is_picture(following):
        return _is_picture(_first(reversed(before), lambda piece: piece != EMOJI_SELECTOR))
    return _joins(_first(reversed(before), _is_no_mark)) and _joins(_first(_rest(text, at), _is_no_mark))


def _rest(text: str, at: int) -> Iterator[str]:
    return (text[index] for index in range(at, len(text)))


def _first(pieces: Iterable[str], is_meant: Callable[[str], bool]) -> str:
    return next(filter(is_meant, pieces), "")


def _is_no_mark(piece: str) -> bool:
    return unicodedata.category(piece[0]) != "Mn"


def _begins_with_virama(pieces: Iterable[str]) -> bool:
    """Return whether a virama is among the leading marks; NFC may have put other marks before the virama."""
    return VIRAMA in takewhile(bool, (unicodedata.combining(piece[0]) for piece in pieces))


def _joins(letter: str) -> bool:
    """Return whether this is a letter of a right-to-left script, such as Arabic, whose letters join."""
    return letter.isalpha() and unicodedata.bidirectional(letter) in {"AL", "R"}


def _is_picture(piece: str) -> bool:
    """Return whether this character or flag may be part of an emoji."""
    return bool(piece) and (
        unicodedata.category(piece[0]) in {"So", "Sm"} or PICTURES.match(piece) is not None
    )


def _has_variants(piece: str) -> bool:
    """Return whether this character may have variants among which a variation selector chooses."""
    if piece.isalpha():
        return piece >= FIRST_VARIED
    return bool(piece) and (unicodedata.category(piece[0])[0] in "NPS" or PICTURES.match(piece) is not None)
