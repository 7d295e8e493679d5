"""The locks hold what pyproject.toml asks for, by hash and from no particular address."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from forum.config import PROJECT

PINNED = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)(?: ; .+)? \\$", re.MULTILINE)
LOCKS = ["requirements.lock", "requirements-dev.lock"]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_satisfies_each_dependency(lock):
    asked = [Requirement(line) for line in dependencies(lock)]

    unmet = [str(wanted) for wanted in asked if not wanted.specifier.contains(pins(lock)[name_of(wanted)])]

    assert unmet == [], "run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_gives_a_hash_for_each_package_and_no_address(lock):
    stanzas = re.split(r"^(?=[a-z0-9])", text_of(lock), flags=re.MULTILINE)[1:]

    without_hash = [stanza.split()[0] for stanza in stanzas if "--hash=sha256:" not in stanza]

    assert (without_hash, re.findall(r"\w+://\S+|--\w*index\S*|--find-links\S*", text_of(lock))) == ([], [])


def test_development_lock_pins_the_same_versions():
    everything = pins("requirements-dev.lock")

    differing = {name for name, version in pins("requirements.lock").items() if everything[name] != version}

    assert differing == set()


def test_each_dependency_has_its_reason_beside_it():
    reasons = dict(re.findall(r'^    "([^"]+)",\s+# (\S.+)$', text_of("pyproject.toml"), re.MULTILINE))

    without_reason = [line for line in dependencies("requirements-dev.lock") if line not in reasons]

    assert without_reason == []


def dependencies(lock):
    project = tomllib.loads(text_of("pyproject.toml"))
    groups = ["install", "dev"] if "dev" in lock else ["install"]
    return [
        *project["project"]["dependencies"],
        *(line for group in groups for line in project["dependency-groups"][group]),
    ]


def pins(lock):
    return {found["name"]: found["version"] for found in PINNED.finditer(text_of(lock))}


def name_of(requirement):
    return canonicalize_name(requirement.name)


def text_of(name):
    return (PROJECT / name).read_text()
