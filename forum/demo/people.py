"""Invented people: names, organisations and titles combined in a fixed order, so every load gives the same ones."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from forum.folding import search_fold

# Telephone numbers that the Swedish regulator has reserved for fiction.
FICTIONAL_NUMBERS = [f"+46 70 174 06 {number:02d}" for number in range(5, 100)]


@dataclass(frozen=True)
class Person:
    """An invented person of one sector."""

    given_name: str
    family_name: str
    email: str
    organisation: str
    title: str
    country: str
    language: str
    phone: str | None


class Population:
    """Invents one person after another from the word lists of `people.toml`."""

    def __init__(self, words: Mapping[str, Any]):
        self._organisations = {entry["sector"]: entry["list"] for entry in words["organisations"]}
        self._titles = {entry["kind"]: entry for entry in words["titles"]}
        self._names = defaultdict(list)
        for entry in words["names"]:
            self._names[entry["country"]].append(entry)
        self._sector_count: dict[str, int] = defaultdict(int)
        self._country_count: dict[str, int] = defaultdict(int)

    def invent(self, sector: str) -> Person:
        """Return the next person of a sector."""
        number = _count_up(self._sector_count, sector)
        organisations = self._organisations[sector]
        organisation, colleagues = _turn(organisations, number), number // len(organisations)
        language, given_name, family_name = self._name(organisation["country"])
        return Person(
            given_name=given_name,
            family_name=family_name,
            email=_address(given_name, family_name, organisation["domain"]),
            organisation=organisation["name"],
            title=_turn(self._titles[organisation["kind"]][language], colleagues),
            country=organisation["country"],
            language=language,
            phone=_turn(FICTIONAL_NUMBERS, number) if language == "sv" and number % 4 == 0 else None,
        )

    def colleague_of(self, person: Person) -> Person:
        """Return somebody else of the same organisation, who reads the same language and has the same title."""
        _language, given_name, family_name = self._name(person.country)
        email = _address(given_name, family_name, person.email.rpartition("@")[2])
        return replace(person, given_name=given_name, family_name=family_name, email=email, phone=None)

    def _name(self, country: str) -> tuple[str, str, str]:
        """Return a language and a name that no other invented person has, from the names of a country.

        Once all given names are used, they are combined with further family names.
        """
        number, lists = _count_up(self._country_count, country), self._names[country]
        place, words = number // len(lists), _turn(lists, number)
        given, family = words["given"], words["family"]
        return words["language"], _turn(given, place), _turn(family, place + place // len(given))


def _address(given_name: str, family_name: str, domain: str) -> str:
    local_part = f"{search_fold(given_name)}.{search_fold(family_name)}".replace(" ", "-")
    return f"{local_part}@{domain}"


def _count_up(counts: dict[str, int], key: str) -> int:
    counts[key] += 1
    return counts[key] - 1


def _turn(entries: list, number: int):
    return entries[number % len(entries)]
