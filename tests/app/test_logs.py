"""Each log line is one JSON object, whatever is logged, and has no values from an exception (S36, S45, P28)."""

import json
import logging
import os
import sys

import pytest

from forum.logs import JsonLines, without_values
from forum.settings.project import VERSION
from forum.web import requests


def line(message, *args, **options) -> dict:
    record = logging.LogRecord(
        "forum.test", logging.INFO, __file__, 1, message, args, options.get("exc_info")
    )
    text = JsonLines().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_line_has_moment_level_and_message():
    found = line("mail %s sent", 7)

    assert found.pop("time").endswith("+00:00")
    assert found == {
        "version": VERSION,
        "process": os.getpid(),
        "level": "info",
        "logger": "forum.test",
        "message": "mail 7 sent",
    }


def test_fields_given_as_the_message_become_the_lines_own():
    assert line({"event": "request", "status": 200})["event"] == "request"


def test_typed_line_breaks_make_no_second_line():
    assert line("x %s", 'a\r\n{"level": "error"}\u2028')["message"] == 'x a\r\n{"level": "error"}\u2028'


def test_error_is_named_by_kind_and_place_without_its_values():
    try:
        int("Åsa Hemlig")
    except ValueError as error:
        found = line("failed", exc_info=sys.exc_info())
        short = without_values(error)

    assert "Hemlig" not in json.dumps(found)
    assert found["error"] == short["error"] == "ValueError"
    assert found["at"] == short["at"]
    assert short["at"][0].startswith("app/test_logs.py:")


TOKEN = "q7Rt-" + "aB3_" * 9 + "Zy"
ENDED = "/en/r", "/account/reset", "/account/welcome", "/ACCOUNT//demo/", "/en/preview-link"
ENCODED = "".join(f"%{ord(letter):02X}" for letter in TOKEN)


@pytest.mark.parametrize(
    "path",
    [
        *(f"/sv/r/{TOKEN}", f"/en/r/confirm/{TOKEN}", f"/account/reset/{TOKEN}", f"/account/demo/{TOKEN}"),
        *(f"/en/r//{TOKEN}", f"///r/{TOKEN}", f"/EN/R/{TOKEN}", f"/{TOKEN}", f"/en/pages/{TOKEN}/"),
        *(
            f"/%20{TOKEN}",
            f"/%3C{TOKEN}%3E",
            f"/en/r/{TOKEN}.",
            f"/en/r/%C3%A5{TOKEN}%C3%A5",
            f"/en/r/{TOKEN}%0A",
        ),
        *(
            f"/en/r/{TOKEN[:22]}{between}{TOKEN[22:]}"
            for between in ("%3D%0A", "%20", "%C2%AD", ".", "/", "%0D%0A")
        ),
        *(f"{route}//{TOKEN[:31].lower()}" for route in ENDED),
        *(f"/{TOKEN[:31]}", f"/en/r/{TOKEN[:18]}", f"/en/r/%E2%80%8B{TOKEN[:16]}", f"/en/r%252F{TOKEN[:17]}"),
        *(
            f"/en/r/confirm/{TOKEN[:18]}",
            f"/en/r//{TOKEN.lower()}",
            f"/en/R/{TOKEN.upper()}",
            f"/en/r.{TOKEN[:18]}",
        ),
        *(f"/en/r/{ENCODED}", f"/en/r/{ENCODED.replace('%', '%25')}", f"/en/r={TOKEN}&x"),
    ],
)
def test_request_is_logged_without_its_personal_link(pages, caplog, path):
    """The log line of a request for a personal link has no piece of the link's token, in whatever spelling (S22)."""
    with caplog.at_level(logging.INFO, logger="forum.requests"):
        pages.client.get(path)

    (record,) = [record for record in caplog.records if record.name == "forum.requests"]
    text = JsonLines().format(record)
    found = json.loads(text)
    pieces = [whole[at : at + 16].lower() for whole in (TOKEN, ENCODED) for at in range(len(whole) - 16)]
    assert ([piece for piece in pieces if piece in text.lower()], "***" in found["path"]) == ([], True)
    assert {"event", "process", "method", "path", "status", "ms"} <= set(found)


def test_no_line_of_any_logger_holds_a_link():
    found = line("Application callable raised an exception at %s", f"/en/r/{TOKEN}")
    assert found["message"] == "Application callable raised an exception at /en/r/***"


@pytest.mark.parametrize(
    "path",
    [
        *("/en/news/2016/11/25/a-headline-of-many-words-about-what-the-police-do-on-the-internet", "/en/"),
        *(
            "/en/r/",
            "/en/r/own-data",
            "/en/register/law-enforcement/check",
            "/account/reset",
            "/en/reset-of-2016/x",
        ),
    ],
)
def test_an_address_of_words_stays_readable(pages, caplog, path):
    with caplog.at_level(logging.INFO, logger="forum.requests"):
        pages.client.get(path)
    (record,) = [record for record in caplog.records if record.name == "forum.requests"]
    assert json.loads(JsonLines().format(record))["path"] == path


def test_a_line_has_a_length():
    assert len(line({"event": "request", "path": "/å " * 30_000})["path"]) == 300
    assert len(line("%s", "a " * 30_000)["message"]) == 2000


def lines_of(caplog, app, request) -> list[dict]:
    """Return the formatted log lines of a request; the formatter needs the request's context."""
    written, handler = [], logging.Handler()
    handler.emit = lambda record: written.append(json.loads(JsonLines().format(record)))
    logging.getLogger("forum").addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, logger="forum"):
            request(app.test_client())
    finally:
        logging.getLogger("forum").removeHandler(handler)
    return written


@pytest.mark.parametrize(
    ("given", "is_taken"), [("0af7651916cd43dd", True), ("x" * 65, False), ('a"}\n{', False)]
)
def test_a_request_has_one_name_in_log_and_answer(app, caplog, given, is_taken):
    answers = []
    headers = {"X-Request-ID": given.replace("\n", " ")}
    lines = lines_of(caplog, app, lambda client: answers.append(client.get("/en/nowhere", headers=headers)))
    (line,) = [line for line in lines if line["logger"] == "forum.requests"]
    assert answers[0].headers["X-Request-ID"] == line["request_id"]
    assert line["request_id"] in answers[0].text
    assert (line["request_id"] == given, len(line["request_id"]) >= 8) == (is_taken, True)


def test_a_kept_page_has_no_name_of_a_request(app, caplog):
    for _ in range(2):
        answer = app.test_client().get("/en/news/")
        assert (answer.status_code, "X-Request-ID" in answer.headers) == (200, False)


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        (
            {"Host": "elsewhere.example"},
            "the Host header is not that of FORUM_BASE_URL, nor among FORUM_TRUSTED_HOSTS",
        ),
        ({}, "The CSRF token is missing."),
    ],
)
def test_a_refusal_names_its_cause_in_the_log(app, caplog, headers, cause):
    (line,) = [
        line
        for line in lines_of(caplog, app, lambda client: client.post("/account/forgot", headers=headers))
        if line["logger"] == "forum.requests"
    ]
    assert (line["status"], line["level"], line["cause"]) == (400, "warning", cause)


def test_a_check_that_fails_is_named_in_the_log(app, database, caplog):
    lines = lines_of(caplog, app, lambda client: client.get("/status"))
    assert [(line["level"], line["cause"]) for line in lines if line.get("path") == "/status"] == [
        ("error", "not well: worker")
    ]


def test_a_failure_is_an_error_with_kind_and_place_and_no_value(app, caplog, monkeypatch):
    def fail(*_arguments, **_more):
        raise RuntimeError("Åsa Hemlig")

    monkeypatch.setattr("forum.home.site.events.find_current", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    lines = lines_of(caplog, app, lambda client: client.get("/en/news/"))
    (line,) = [line for line in lines if line["logger"] == "forum.requests"]
    assert (line["status"], line["level"], line["error"]) == (500, "error", "RuntimeError")
    assert line["at"][0].startswith("app/test_logs.py:")
    assert "Hemlig" not in json.dumps(lines)


def test_a_slow_request_is_named(app, caplog, monkeypatch):
    monkeypatch.setattr(requests, "SLOW_SECONDS", 0.0)
    (line,) = lines_of(caplog, app, lambda client: client.get("/livez"))
    assert (line["slow"], line["level"]) == (True, "warning")


def test_one_address_for_everybody_is_told_once(caplog, monkeypatch):
    monkeypatch.setattr(requests, "ALIKE_REQUESTS", 3)
    alike, several = requests.Clients(), requests.Clients()
    for number in range(9):
        alike.see("203.0.113.1")
        several.see(f"203.0.113.{number // 2}")
    assert [record.getMessage() for record in caplog.records] == [requests.ONE_CLIENT % 3]


@pytest.mark.parametrize("is_production", [True, False])
def test_one_address_for_everybody_is_looked_for_in_the_requests_of_production(
    app, caplog, monkeypatch, is_production
):
    monkeypatch.setattr(requests, "ALIKE_REQUESTS", 3)
    app.config["PRODUCTION"] = is_production
    for _ in range(4):
        app.test_client().get("/nope")
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert (requests.ONE_CLIENT % 3 in told) == is_production
