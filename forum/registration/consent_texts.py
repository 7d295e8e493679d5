"""The texts of the consents in every version: the question, and where and to whom a person is shown (P03, P15).

A text that somebody may have agreed to is never changed: a new version with its first day of use is added instead. So
all languages are stored here, and not in the catalogue of translations.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from forum.columns import Text
from forum.events.enums import ListAudience
from forum.registration.enums import ConsentPurpose, ListedAs
from forum.registration.models import Consent

NOT_SHOWN = "no"


@dataclass(frozen=True, kw_only=True)
class ConsentText:
    """A consent's text, used from the day `version`; for the list of participants also its readers and the answers."""

    purpose: ConsentPurpose
    version: str
    words: Text
    audience: ListAudience | None = None
    answers: Mapping[str, Text] = field(default_factory=dict)


SHOWN_AS = {
    ListedAs.NAME: Text(sv="Visa mitt namn och min organisation", en="Show my name and my organisation"),
    ListedAs.ORGANISATION: Text(sv="Visa bara min organisation", en="Show my organisation only"),
    NOT_SHOWN: Text(sv="Visa mig inte", en="Do not show me"),
}
TEXTS = (
    ConsentText(
        purpose=ConsentPurpose.PARTICIPANT_LIST,
        version="2026-11-27",
        words=Text(
            sv="Mitt namn och min organisation får stå i en deltagarlista, om det blir en",
            en="My name and organisation may appear in a list of participants, if there is one",
        ),
    ),
    ConsentText(
        purpose=ConsentPurpose.PARTICIPANT_LIST,
        version="2026-11-28",
        audience=ListAudience.PARTICIPANTS,
        words=Text(
            sv="Listan läses av dem som har en plats på forumet, på deras personliga sidor, och av arrangören."
            " Den finns där tills arrangören stänger den. Du kan ändra dig när som helst.",
            en="The list is read by those who have a place at the forum, on their personal pages, and by the"
            " organiser. It stays there until the organiser closes it. You can change your mind at any time.",
        ),
        answers=SHOWN_AS,
    ),
    ConsentText(
        purpose=ConsentPurpose.PARTICIPANT_LIST,
        version="2026-11-28",
        audience=ListAudience.PUBLIC,
        words=Text(
            sv="Listan är offentlig: den ligger på forumets webbplats, där vem som helst i världen kan läsa och"
            " kopiera den. Sökmotorer ombeds att inte ta med den. Den ligger där tills arrangören stänger den."
            " Du kan ändra dig när som helst.",
            en="The list is public: it is on the forum’s website, where anybody in the world can read and copy it."
            " Search engines are asked not to include it. It stays there until the organiser closes it. You can"
            " change your mind at any time.",
        ),
        answers=SHOWN_AS,
    ),
    ConsentText(
        purpose=ConsentPurpose.PHOTOGRAPHS,
        version="2026-11-27",
        words=Text(sv="Jag får synas på bild", en="I agree to be photographed"),
    ),
)


def current_text(purpose: ConsentPurpose, audience: ListAudience | None = None) -> ConsentText:
    """Return the consent's text in use; for the list of participants the text for these readers."""
    asked = [text for text in TEXTS if text.purpose == purpose and text.audience == audience]
    return max(asked, key=lambda text: text.version)


def text_of(consent: Consent) -> ConsentText:
    """Return the text to which a person has consented: the newest one up to the consent's version, else the oldest."""
    same = [text for text in TEXTS if (text.purpose, text.audience) == (consent.purpose, consent.audience)]
    ordered = sorted(same, key=lambda text: text.version)
    return next((text for text in reversed(ordered) if text.version <= consent.text_version), ordered[0])


def words_of(consent: Consent) -> Text:
    """Return the whole text of a consent: where and to whom the person is shown, then the chosen answer."""
    text = text_of(consent)
    chosen = text.answers.get(consent.listed_as or "", Text())
    return Text(
        {code: " ".join(filter(None, (words, chosen.get(code)))) for code, words in text.words.items()}
    )
