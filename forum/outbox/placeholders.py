"""Placeholders in words that organisers write, such as "{given name}": closed lists, filled in one pass (S37).

A filled-in value is not searched for placeholders: a person whose name is "{event}" is addressed by that name. The
words are not a template, so nothing else in them has a special meaning.
"""

import re
from collections.abc import Collection, Mapping, Sequence

GIVEN_NAME, FAMILY_NAME, EVENT, SECTOR, OWN_PAGE = "given name", "family name", "event", "sector", "own page"
DEADLINE, CHANGES = "deadline", "changes"
# The placeholders of a message that organisers write themselves.
KNOWN = (GIVEN_NAME, FAMILY_NAME, EVENT, SECTOR, OWN_PAGE)
PLACEHOLDER = re.compile(r"\{([^{}\n]{0,200})\}")

# A line of a message: texts, and None where the link to the person's own page stands.
Line = Sequence[str | None]


def find_unknown(text: str, known: Collection[str] = KNOWN) -> list[str]:
    """Return the placeholders in the text that are not in the list `known`, as they are written, each once."""
    names = (match[1] for match in PLACEHOLDER.finditer(text))
    return list(dict.fromkeys(f"{{{name}}}" for name in names if _key(name) not in known))


def find_missing(text: str, needed: Collection[str]) -> list[str]:
    """Return those of the placeholders `needed` that the text lacks."""
    named = {_key(match[1]) for match in PLACEHOLDER.finditer(text)}
    return [name for name in needed if name not in named]


def has_any(text: str) -> bool:
    """Return whether the text has a placeholder, known or not."""
    return PLACEHOLDER.search(text) is not None


def fill(text: str, values: Mapping[str, str]) -> list[list[Line]]:
    """Return the text as paragraphs of lines, filled in from `values`; None stands for the link to the own page."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return [[_fill_line(line, values) for line in block.splitlines()] for block in blocks if block.strip()]


def _fill_line(line: str, values: Mapping[str, str]) -> Line:
    parts: list[str | None] = []
    # The texts between placeholders stand at even indices, the names of placeholders at odd ones.
    for index, part in enumerate(PLACEHOLDER.split(line)):
        if index % 2 == 0:
            parts.append(part)
        elif _key(part) == OWN_PAGE:
            parts.append(None)
        else:
            parts.append(values.get(_key(part), f"{{{part}}}"))
    return [part for part in parts if part != ""]


def _key(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
