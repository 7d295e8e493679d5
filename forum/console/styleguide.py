"""Sample data for the style guide, the page that shows every component in every state."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    EmailField,
    PasswordField,
    RadioField,
    SearchField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Email

from forum.registration.balance import Balance, SectorBalance
from forum.registration.ring import RingView, SectorShare, draw_ring
from forum.web.languages import NAMES

HALF_FULL = (
    SectorShare("politics", "Politics", places=70, taken=28, held=3, waiting=3),
    SectorShare("justice", "Justice", places=70, taken=52, held=6, waiting=6),
    SectorShare("tech", "IT and telecom", places=70, taken=20, held=2),
    SectorShare("ngo", "NGOs", places=45, taken=44, held=1, waiting=9),
    SectorShare("other", "Other", places=15, taken=6),
)
LONG_NAMES = (
    "Politiikka ja valtionhallinto",
    "Oikeuslaitos ja syyttäjäviranomaiset",
    "Tietoliikenneoperaattorit",
    "Lastenoikeusjärjestöt",
    "Muut",
    "Koulut ja varhaiskasvatus",
    "Terveydenhuolto",
    "Tutkimuslaitokset",
    "Tiedotusvälineet",
    "Uskonnolliset yhdyskunnat",
    "Maksupalveluntarjoajat",
    "Kulttuuri",
)
BALANCE = Balance(
    250,
    False,
    (
        SectorBalance("politics", "Politics", "sector-politics", 22, 2, 16, 40, 70, 0, 0),
        SectorBalance("justice", "Justice", "sector-justice", 43, 3, 0, 40, 75, 0, 2),
        SectorBalance("tech", "IT and telecom", "sector-tech", 25, 2, 3, 30, 70, 0, 0),
        SectorBalance("ngo", "NGOs", "sector-ngo", 39, 6, 0, 30, 45, 0, 10),
        SectorBalance("other", LONG_NAMES[1], "sector-other", 4, 1, 5, 10, 30, 3, 0),
    ),
)
LANGUAGES = [SelectChoice(code, name) for code, name in NAMES.items()]
COUNTRIES = [SelectChoice("se", "Sweden"), SelectChoice("fi", "Finland"), SelectChoice("fo", "Faroe Islands")]


class DemoForm(FlaskForm):
    """A form with one field of each kind."""

    class Meta:
        csrf = False

    name = StringField("Given name", [DataRequired("Enter your given name")])
    email = EmailField("E-mail address", [Email("Enter an e-mail address such as name@example.org")])
    phone = TelField("Phone number")
    password = PasswordField("Password")
    search = SearchField("Search")
    country = SelectField("Country", choices=COUNTRIES)
    message = TextAreaField("Message")
    language = RadioField("Language", [DataRequired("Choose a language")], choices=LANGUAGES)
    participant_list = BooleanField("Show my name in the list of participants")
    photographs = BooleanField("I agree to be photographed")


def styleguide_context() -> dict[str, Any]:
    """Return the context of templates/console/styleguide.html; needs a request, for the forms."""
    return {
        "rings": demo_rings(),
        "demo_balance": BALANCE,
        "demo_url": lambda sector, status: f"#{sector}-{status}",
        "demo_form": DemoForm(formdata=None, prefix="good-"),
        "wrong_form": _wrong_form(),
        "demo_rows": ROWS,
        "demo_events": EVENTS,
        "demo_posts": POSTS,
        "demo_statuses": STATUSES,
        "demo_people": PEOPLE,
        "demo_pages": {"previous_url": "#previous", "next_url": "#next", "summary": "51–100 of 162"},
        "tokens": (
            "paper",
            "surface",
            "raised",
            "ink",
            "muted",
            "line",
            "accent",
            "link",
            "danger",
            "focus",
            "foot",
        ),
        "tones": [f"sector-{key}" for key in ("politics", "justice", "tech", "ngo", "other", *range(6, 13))],
        "note_kinds": ("info", "content", "help", "warning", "protected", "correction"),
    }


def demo_rings() -> dict[str, RingView]:
    """Return the ring chart of seats in every state that it can have."""
    linked = [SectorShare(**{**vars(share), "url": "#choice"}) for share in HALF_FULL[:4]] + [HALF_FULL[4]]
    return {
        "half full": _draw(HALF_FULL, 250),
        "to choose from": _draw(linked, 250),
        "nearly full": _draw([SectorShare(s.key, s.name, s.places, s.places - 1) for s in HALF_FULL], 250),
        "empty": _draw([SectorShare(s.key, s.name, s.places, 0) for s in HALF_FULL], 250),
        "full": _draw([SectorShare(s.key, s.name, s.places, s.places, waiting=4) for s in HALF_FULL], 250),
        "over-full": _draw([SectorShare(s.key, s.name, s.places, s.places + 2) for s in HALF_FULL], 250),
        "one sector": _draw([SectorShare("other", "Everybody", 40, 17, held=4)], 40),
        "twelve sectors": _draw(_twelve(), 176),
        "a thousand places": _draw(
            [SectorShare(s.key, s.name, s.places * 4, s.taken * 4) for s in HALF_FULL], 1000
        ),
        "small": draw_ring(HALF_FULL, 250, small=True),
    }


def _draw(shares: Iterable[SectorShare], capacity: int) -> RingView:
    """Draw the ring chart, with the number of places left to each sector beside the sector's arc."""
    said = (replace(share, words=f"up to {share.open} left" if share.open else "full") for share in shares)
    return draw_ring(tuple(said), capacity)


def _twelve() -> list[SectorShare]:
    keys = ("politics", "justice", "tech", "ngo", "other", *(f"further-{number}" for number in range(6, 13)))
    places = (30, 25, 30, 20, 5, 15, 10, 18, 2, 10, 10, 1)
    return [
        SectorShare(key, name, places=number, taken=number * (index % 4) // 3, held=index % 2)
        for index, (key, name, number) in enumerate(zip(keys, LONG_NAMES, places, strict=True))
    ]


def _wrong_form() -> DemoForm:
    form = DemoForm(
        formdata=MultiDict({"wrong-email": "asa@", "wrong-message": "Jag kommer med tåg."}), prefix="wrong-"
    )
    form.validate()
    return form


ROWS = (
    {"label": "Given name", "value": "Þórdís", "change_name": "given_name", "change_label": "given name"},
    {
        "label": "Organisation",
        "value": "Lastenoikeusjärjestöjen yhteistyöverkosto Pohjoismaissa",
        "change_name": "organisation",
        "change_label": "organisation",
    },
    {"label": "Phone number", "value": "", "change_name": "phone", "change_label": "phone number"},
    {"label": "Reference", "value": "NF27-7K2Q"},
)
EVENTS = (
    {
        "at_text": "24 November 2026 at 9.44",
        "at_iso": "2026-11-24T09:44:00+01:00",
        "title": "A place was offered",
        "detail": "Valid until 26 November at 9.44. The place came free in Politics.",
        "actor": "the system",
    },
    {
        "at_text": "24 November 2026 at 9.20",
        "at_iso": "2026-11-24T09:20:00+01:00",
        "title": "Joined the waiting list",
        "detail": "",
        "actor": "",
    },
    {
        "at_text": "24 November 2026 at 9.12",
        "at_iso": "2026-11-24T09:12:00+01:00",
        "title": "Registered",
        "detail": "By the public form, in Swedish.",
        "actor": "",
    },
)
POSTS = (
    {
        "url": "#post-1",
        "label": "Agenda of action",
        "headline": "Eight calls that came out of the groups",
        "lead": "Each mixed group took one problem home as a challenge. These are the calls, and who has answered.",
        "date_text": "2 February 2017",
        "date_iso": "2017-02-02",
        "picture": None,
    },
    {
        "url": "#post-2",
        "label": "",
        "headline": "Lähettäjävarmennusjärjestelmä ja muita pitkiä sanoja otsikossa",
        "lead": "",
        "date_text": "11 November 2016",
        "date_iso": "2016-11-11",
        "picture": None,
    },
)
STATUSES = (
    ("Confirmed", "in"),
    ("Offered until 26 November", "offered"),
    ("Waiting, 3rd in line", "wait"),
    ("In review", "review"),
    ("Cancelled", "out"),
    ("Could not be sent", "failed"),
)
PEOPLE = (
    (
        "Ångström-Łęcka, Þórdís",
        "A children’s-rights organisation",
        4,
        "sector-ngo",
        "NGOs",
        STATUSES[0],
        "24 Nov 09:12",
    ),
    (
        "Bergström, Åsa",
        "A prosecution authority",
        2,
        "sector-justice",
        "Justice",
        STATUSES[2],
        "24 Nov 09:14",
    ),
    (
        "Hämäläinen, Marja-Leena",
        "A telecom operator",
        3,
        "sector-tech",
        "IT and telecom",
        STATUSES[3],
        "24 Nov 09:20",
    ),
)
