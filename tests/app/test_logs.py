"""Log lines: one JSON object each, whatever is in them, and no value of what went wrong (S36, S45, P28)."""

import json
import logging
import sys

from forum.logs import JsonLines, without_values


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
    assert found == {"level": "info", "logger": "forum.test", "message": "mail 7 sent"}


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


def test_request_is_logged_without_its_personal_link(pages, caplog):
    token = "A" * 43
    with caplog.at_level(logging.INFO, logger="forum.requests"):
        pages.client.get(f"/sv/r/{token}")

    (record,) = [record for record in caplog.records if record.name == "forum.requests"]
    found = json.loads(JsonLines().format(record))
    assert (found["path"], token in json.dumps(found)) == ("/sv/r/***", False)
    assert {"event", "reference", "method", "path", "status", "ms"} <= set(found)
