"""People by the thousand for the demo, to try the console at the size of a whole country (`forum seed`).

Their rows are written in bulk, each in a state that the rules of registration lead to, with consents, answers and tags.
No mail is made, and no link. Every address ends in .example, a name that no real domain can have.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

from sqlalchemy import func, insert, select

from forum.demo import files
from forum.demo.answers import answers_of
from forum.demo.fates import FULL, STATES_OF, Standing
from forum.events.enums import ListAudience, NameOrder, SectorPolicy
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.folding import search_fold
from forum.people.models import RegistrationTag
from forum.questions import care_consent
from forum.questions import queries as questions
from forum.questions.enums import Sensitivity
from forum.questions.models import Answer, Question
from forum.registration import answers, given, held_places, names, places, searching
from forum.registration.consent_texts import ConsentText, current_text
from forum.registration.enums import ConsentPurpose, ListedAs, OfferMaker, Status
from forum.registration.models import CareAnswer, Consent, ProtectedIdentity, Registration
from forum.registration.offer_models import Offer
from forum.sealing import seal_in_row

Entry = TypeVar("Entry")
Rows = list[dict[str, Any]]
# How many units (branches) each organisation has; the names of all but the first end in a number.
UNITS = 40
SHARES = (18, 30, 20, 25, 7)  # the shares of the first, second … sector, in per cent of all people
TAGS = ("press", "speaker", "vip", "volunteer", "first-time")
# Write missing values as NULL, so that one statement can write rows of all kinds.
AT_ONCE = {"render_nulls": True}
# One of TAGGED people has a tag, and one of PROTECTED people has a protected identity.
TAGGED, PROTECTED = 7, 150


class Draw:
    """Draws entries from lists as if by chance; two Draws made with the same number draw the same entries."""

    def __init__(self, number: int):
        self._left = int.from_bytes(blake2b(b"%d" % number, digest_size=32).digest())

    def of(self, entries: Sequence[Entry]) -> Entry:
        """Return one of these entries, drawn as if by chance."""
        return entries[self.below(len(entries))]

    def below(self, end: int) -> int:
        """Return a number from 0 to `end` - 1, drawn as if by chance."""
        self._left, drawn = divmod(self._left, end)
        return drawn


class Crowd:
    """The invented people of one event; their numbers continue after those of the people already in the database."""

    def __init__(self, event: Event, now: datetime):
        self.event, self.now = event, now
        self._cast = _Cast()
        self._asked = {one.key: one for one in questions.list_all(event.id)}
        self._sectors = [sector for sector, share in _shares(event) for _each in range(share)]
        self._last = db.session.scalar(select(func.max(Registration.id))) or 0

    def add(self, number: int) -> None:
        """Add this number of people. The caller has started to write, mends the counters of places, and commits."""
        drawn = [self._invent(self._last + each) for each in range(1, number + 1)]
        self._last += number
        db.session.execute(insert(Registration), [row for row, _draw in drawn], execution_options=AT_ONCE)
        references = [row["reference"] for row, _draw in drawn]
        stored = select(Registration.reference, Registration.id).where(Registration.reference.in_(references))
        ids = dict(db.session.execute(stored).all())
        people = [(ids[row["reference"]], row, draw) for row, draw in drawn]
        for model, rows in (
            (ProtectedIdentity, [self._identity(*one) for one in people]),
            (CareAnswer, [self._care(*one) for one in people]),
            (Answer, [row for one in people for row in self._answers(*one)]),
            (Consent, [row for one in people for row in self._consents(*one)]),
            (RegistrationTag, [row for one in people for row in self._tags(*one)]),
            (Offer, [row for one in people for row in self._offers(*one)]),
        ):
            if rows:
                db.session.execute(insert(model), rows, execution_options=AT_ONCE)

    def _invent(self, number: int) -> tuple[dict[str, Any], Draw]:
        draw = Draw(number)
        sector = draw.of(self._sectors)
        person = self._cast.invent(sector.key, number, draw)
        stands = Standing.drawn(draw.of(STATES_OF[_kind(sector)]), self.event, draw.below(1000), self.now)
        values = {
            **person,
            **stands.values(),
            "event_id": self.event.id,
            "sector_id": sector.id,
            "reference": answers.new_reference(),
            # The address is made of folded names, so it is in its canonical form already.
            "email_canonical": person["email"],
            "version": 1,
        }
        return values | _derived(Registration(**values), self.event.name_order), draw

    def _identity(self, registration_id: int, row: Mapping[str, Any], draw: Draw) -> dict[str, Any]:
        is_protected = draw.below(PROTECTED) == 0
        told = {
            "is_protected": is_protected,
            "real_name": f"{row['family_name']} {row['given_name']}" if is_protected else None,
            "recorded_at": self.now.isoformat() if is_protected else None,
        }
        return _sealed(ProtectedIdentity, registration_id, told)

    def _care(self, registration_id: int, row: Mapping[str, Any], _draw: Draw) -> dict[str, Any]:
        told = self._told(registration_id, row, Sensitivity.CARE)
        by_key = {question.key: value for question, value in told}
        note = care_consent.given_now(self.now, is_own=True) if by_key else None
        return _sealed(CareAnswer, registration_id, given.care(by_key, consent=note, now=self.now))

    def _answers(self, registration_id: int, row: Mapping[str, Any], _draw: Draw) -> Iterator[dict[str, Any]]:
        for question, value in self._told(registration_id, row, Sensitivity.ORDINARY):
            yield {"registration_id": registration_id, "question_id": question.id, "value": value}

    def _told(
        self, number: int, row: Mapping[str, Any], sensitivity: Sensitivity
    ) -> list[tuple[Question, Any]]:
        """Return a person's answers to the questions of this sensitivity; none before the address is confirmed."""
        told = answers_of(number) if row["confirmed_at"] else {}
        asked = ((self._asked[key], value) for key, value in told.items() if key in self._asked)
        return [(question, value) for question, value in asked if question.sensitivity == sensitivity]

    def _consents(self, registration_id: int, row: Mapping[str, Any], draw: Draw) -> Iterator[dict[str, Any]]:
        if not row["confirmed_at"]:
            return
        audience, given = self.event.participant_list, {"registration_id": registration_id}
        if audience != ListAudience.OFF and draw.below(2):
            shown = ListedAs.ORGANISATION if draw.below(4) == 0 else ListedAs.NAME
            text = current_text(ConsentPurpose.PARTICIPANT_LIST, audience)
            yield given | _consent(text, row["confirmed_at"], listed_as=shown, audience=audience)
        if draw.below(5) < 3:
            yield given | _consent(current_text(ConsentPurpose.PHOTOGRAPHS), row["confirmed_at"])

    def _tags(self, registration_id: int, _row: Mapping[str, Any], draw: Draw) -> Iterator[dict[str, Any]]:
        drawn = {draw.of(TAGS), draw.of(TAGS)} if draw.below(TAGGED) == 0 else ()
        for name in drawn:
            yield {"registration_id": registration_id, "name": name, "event_id": self.event.id}

    def _offers(self, registration_id: int, row: Mapping[str, Any], _draw: Draw) -> Iterator[dict[str, Any]]:
        if row["status"] == Status.OFFERED:
            made = {"made_at": self.now, "made_by": OfferMaker.RULE, "why": {}}
            yield {"registration_id": registration_id, "expires_at": row["offer_expires_at"], **made}


class _Cast:
    """The word lists from which people are invented, and which organisations people of a sector can belong to."""

    def __init__(self) -> None:
        words, crowd = files.read_words(), files.read_crowd()
        self._organisations = {entry["sector"]: entry["list"] for entry in words["organisations"]}
        self._titles = {entry["kind"]: entry for entry in words["titles"]}
        self._names: dict[str, Rows] = {}
        combined = {name for entry in crowd["names"] for name in entry["given"]}
        whole = [entry for entry in words["names"] if combined.isdisjoint(entry["given"])]
        for entry in [*crowd["names"], *whole]:
            self._names.setdefault(entry["country"], []).append(entry)

    def invent(self, sector: str, number: int, draw: Draw) -> dict[str, Any]:
        """Return the details of an invented person of a sector; the number makes the address unique."""
        organisation = draw.of(self._organisations.get(sector) or self._organisations["other"])
        unit = draw.below(UNITS)
        words = draw.of(self._names[organisation["country"]])
        given_name, family_name = draw.of(words["given"]), _family_name(words, draw)
        local = search_fold(f"{given_name}.{family_name}").replace(" ", "-")
        titles = self._titles[organisation["kind"]][words["language"]]
        return {
            "given_name": given_name,
            "family_name": family_name,
            "email": f"{local}.{number}@{organisation['domain']}",
            "organisation": f"{organisation['name']} {unit + 1}" if unit else organisation["name"],
            "title": draw.of(titles),
            "country": organisation["country"],
            "language": words["language"],
            "phone": f"+46 70 174 06 {draw.below(95) + 5:02d}" if draw.below(3) == 0 else None,
        }


def make_room(event: Event) -> None:
    """Set ceilings and capacity so that everybody fits, and the sector with a waiting list is full; mend the counters.

    People who wait must get no offers after the new numbers: the worker would send them mails.
    """
    held = held_places.count_places(event)
    for sector in event.sectors:
        if _kind(sector) == FULL:
            sector.ceiling = held[sector.id]
            sector.floor = min(sector.floor, sector.ceiling)
        else:
            sector.ceiling = max(sector.ceiling, held[sector.id] + held[sector.id] // 10)
    event.capacity = max(event.capacity, sum(sector.ceiling for sector in event.sectors))
    places.mend(event)


def _family_name(words: Mapping[str, Any], draw: Draw) -> str:
    if "first" not in words:
        return draw.of(words["family"])
    return draw.of(words["first"]) + draw.of(words["second"])


def _shares(event: Event) -> Iterator[tuple[Sector, int]]:
    for place, sector in enumerate(event.sectors):
        yield sector, SHARES[place % len(SHARES)]


def _kind(sector: Sector) -> str:
    """Return the kind of sector, a key of STATES_OF, which decides the states of its people.

    The last open sector is the one that has a waiting list.
    """
    if sector.policy != SectorPolicy.OPEN:
        return sector.policy
    is_last = sector is [one for one in sector.event.sectors if one.policy == SectorPolicy.OPEN][-1]
    return FULL if is_last else sector.policy


def _derived(person: Registration, order: NameOrder) -> dict[str, Any]:
    """Return the columns by which a registration is searched, sorted and counted (`answers.derive`)."""
    person.search_text = searching.search_text(person)
    return {
        "sort_key": names.sort_key(person.family_name, person.given_name, order),
        "organisation_key": names.organisation_key(person.organisation),
        "organisation_sort_key": names.sort_key(person.organisation, "", order),
        "search_text": person.search_text,
        "search_extra": searching.search_extra(person),
        "search_extra_from": searching.search_extra_from(person),
    }


def _sealed(model: Any, registration_id: int, told: dict[str, Any]) -> dict[str, Any]:
    key = {"registration_id": registration_id}
    return {**key, "sealed_answer": seal_in_row(model.__table__.c.answer, told, key)}


def _consent(text: ConsentText, given_at: datetime, **listed: Any) -> dict[str, Any]:
    """Return a consent to a text, in a version no newer than the consent: nobody could have agreed to a later one."""
    version = min(text.version, given_at.date().isoformat())
    shown = {"listed_as": None, "audience": None, **listed}
    return {"purpose": text.purpose, "text_version": version, "given_at": given_at, **shown}
