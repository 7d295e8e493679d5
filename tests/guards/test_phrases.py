"""Phrases that a native editor replaced do not come back, in the translations or the demo, in either language."""

import re
import tomllib
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from forum.settings.project import PROJECT

REPLACED = {
    "sv": (
        "en gång till till", "sker bara av dem", "nästa Nordiska", "vilken adress som helst",
        "adressen är anmäld skickar", "kvar av högst", "som folk anmälde sig", "hålls än", "Lämna texten",
        "Sidan finns inte här", "Varje bild är ett barn", "Se inte åt ett annat håll", "Det kan tyckas länge",
        "vars arbete för dig", "får vara med på bild", "Språk när vi skriver", "Få det skickat igen",
        "Ta med det som en", "Behåll den", "Pröva med färre", "Hur det ligger till", "flödesläsare",
        "Så delas platserna", "utan stol", "Barnet efteråt", "deltagarförteckning", "Utskick", "Golven släpps",
        "skyddad identitet", "bli kallad vid", "vårt mejl", "Fara just nu", "som är över", "Nyare nyheter",
        "någon i kansliet", "personer i kansliet", "måste inte säga", "Konsolen",
        "konsolen", "titta igenom", "accepterad", "Vad händer nu",
    ),
    "en": (
        "Put the days in your", "left of at most", "I may be in photographs", "Have it sent again",
        "Open your mail", "are mailed", "you need do nothing", "the present forum", "The page is not here",
        "Take it with you", "prosecutor tell how", "Tell also", "without a chair", "places of this sector",
        "comes again", "cookies of this site", "goes along", "take it out there", "comes about", "Newer news",
        "Last registrations", "are welcome.", "errand", "entry a day",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", REPLACED)
def test_replaced_phrases_do_not_come_back(language):
    texts = [*catalogue(language), *demo(language)]
    assert len(texts) > 500
    assert [(phrase, text) for phrase in REPLACED[language] for text in texts if has(phrase, text)] == []


@pytest.mark.parametrize("phrase", ["Utskick", "the present forum"])
def test_replaced_phrases_are_found(phrase):
    """Control: a replaced phrase is found in the middle of a sentence, and when a line ends within the phrase."""
    assert has(phrase, f"Go: {phrase.replace(' ', chr(10))}, please.")
    assert not has(phrase, "Something else.")


def has(phrase: str, text: str) -> bool:
    return phrase in re.sub(r"\s+", " ", text)


def catalogue(language: str) -> list[str]:
    """Return the translatable texts of code and templates; the English ones are the source of the Swedish catalogue."""
    with (PROJECT / "translations/sv/LC_MESSAGES/messages.po").open("rb") as file:
        messages = [message for message in read_po(file, locale="sv") if message.id]
    parts = [message.id if language == "en" else message.string for message in messages]
    return [text for part in parts for text in ([part] if isinstance(part, str) else part)]


def demo(language: str) -> list[str]:
    """Return the paragraphs of the demo's pages and posts, and its events' texts."""
    folder = PROJECT / "forum/demo"
    paragraphs = [
        text for path in sorted(folder.rglob(f"*.{language}.md")) for text in path.read_text().split("\n\n")
    ]
    events = [tomllib.loads(path.read_text()) for path in sorted((folder / "events").glob("*.toml"))]
    return [*paragraphs, *(text for event in events for text in texts_in(event, language))]


def texts_in(value: object, language: str) -> Iterator[str]:
    """Yield every text of a TOML document in one language."""
    if isinstance(value, dict):
        if isinstance(text := value.get(language), str):
            yield text
        children = list(value.values())
    else:
        children = value if isinstance(value, list) else []
    for child in children:
        yield from texts_in(child, language)
