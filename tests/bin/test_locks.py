"""The lock files match pyproject.toml, have hashes, and name no package index."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
from flask import Flask, request
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from forum.settings.project import PROJECT
from tools.servers import free_port, run_web

PINNED = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)(?: ; .+)? \\$", re.MULTILINE)
LOCKS = ["requirements.lock", "requirements-dev.lock"]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_satisfies_each_dependency(lock):
    asked = [Requirement(line) for line in [*dependencies(lock), *extras(lock)]]

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


def test_bill_of_materials_names_what_the_lock_pins():
    bill = json.loads(text_of("sbom.json"))
    parts = [(part["name"], part["version"], part["purl"]) for part in bill["components"]]
    pinned = [(name, version) for name, version in PINNED.findall(text_of("requirements.lock"))]

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert parts == [(name, version, f"pkg:pypi/{name}@{version}") for name, version in pinned], (
        "run `make lock`"
    )
    told = re.findall(r"^\| ([a-z0-9._-]+) \| (\S+) \| (.+) \|$", text_of("docs/licences.md"), re.MULTILINE)
    assert [(name, version) for name, version, _ in told if name != "package"] == pinned
    assert [name for name, _, licence in told if licence == "not told"] == []


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        ([], 0, "Found no known vulnerabilities"),
        (["flask"], 1, "GHSA-0000-0000-0000: A weakness"),
        (None, 0, "Not checked: no source of advisories can be reached."),
    ],
    ids=["none", "one", "unreachable"],
)
def test_audit_tells_of_weaknesses_and_of_a_source_that_is_away(found, status, words):
    with run_web(advisories(found or [])) as url:
        address = url if found is not None else f"http://127.0.0.1:{free_port()}"
        done = subprocess.run(
            [sys.executable, PROJECT / "bin" / "audit", "--service-url", address],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, words in done.stdout) == (status, True), done.stdout + done.stderr


def advisories(weak: list[str]) -> Flask:
    """Return an app that answers like OSV, a database of vulnerabilities: with one weakness for each named package."""
    app, weakness = Flask("advisories"), {"id": "GHSA-0000-0000-0000", "modified": "2026-01-01T00:00:00Z"}

    @app.post("/v1/querybatch")
    def look_up():
        asked = [query["package"]["name"] for query in request.json["queries"]]
        return {"results": [{"vulns": [weakness]} if name in weak else {} for name in asked]}

    @app.get("/v1/vulns/<_id>")
    def tell(_id):
        return {**weakness, "published": weakness["modified"], "summary": "A weakness", "affected": []}

    return app


def dependencies(lock):
    project = tomllib.loads(text_of("pyproject.toml"))
    groups = ["install", "dev"] if "dev" in lock else ["install"]
    return [
        *project["project"]["dependencies"],
        *(line for group in groups for line in project["dependency-groups"][group]),
    ]


def extras(lock):
    """Return the packages of optional extras that a lock file pins: redis always, s3 in the file for development."""
    extra = tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"]
    return [*extra["redis"], *(extra["s3"] if "dev" in lock else [])]


def pins(lock):
    return {found["name"]: found["version"] for found in PINNED.finditer(text_of(lock))}


def name_of(requirement):
    return canonicalize_name(requirement.name)


def text_of(name):
    return (PROJECT / name).read_text()
