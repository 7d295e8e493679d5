"""Reports of mail servers are read by their machine-readable part alone, and no mail makes reading fail (M09)."""

from email import message

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.outbox import reports
from forum.outbox.reports import Outcome
from tests.outbox.samples import complaint, dsn

GLOBAL = (
    dsn(message_id="<a@b>")
    .replace(b"message/delivery-status", b"message/global-delivery-status")
    .replace(b"text/rfc822-headers", b"message/global-headers")
)


@pytest.mark.parametrize(
    ("raw", "outcome", "code"),
    [
        (dsn(), Outcome.ADDRESS_GONE, "5.1.1"),
        (GLOBAL, Outcome.ADDRESS_GONE, "5.1.1"),
        (dsn("5.0.0"), Outcome.ADDRESS_GONE, "5.1.1"),
        (dsn("5.1.10", diagnostic="smtp; null MX"), Outcome.ADDRESS_GONE, "5.1.10"),
        (dsn("5.2.2", diagnostic="smtp; 552 full"), Outcome.NOT_DELIVERED, "5.2.2"),
        (dsn("5.7.1", diagnostic="smtp;550 5.7.1 spam"), Outcome.NOT_DELIVERED, "5.7.1"),
        (dsn("4.4.7", diagnostic="X-Postfix; timeout"), Outcome.NOT_DELIVERED, "4.4.7"),
        (dsn("4.4.1", action="delayed", diagnostic="smtp; later"), Outcome.DELAYED, "4.4.1"),
        (dsn("5.0.0 (x 5.1.1)", diagnostic="smtp; 421 4.2.1 x"), Outcome.NOT_DELIVERED, "5.0.0"),
        (dsn("", diagnostic=""), Outcome.NOT_DELIVERED, ""),
        (complaint("abuse"), Outcome.COMPLAINT, ""),
        (complaint("Fraud"), Outcome.COMPLAINT, ""),
    ],
)  # fmt: skip
def test_report_says_what_became_of_the_mail(raw, outcome, code):
    report = reports.read(raw)
    assert (report.outcome, report.code) == (outcome, code)


def test_report_names_the_mail_by_addresses_and_message_ids():
    report = reports.read(dsn(to="b+x@y", message_id="<1@forum>", return_path="b+z@y"))
    assert report.message_ids == ("<1@forum>",)
    assert "b+x@y" in report.addressed
    assert "b+z@y" in report.addressed
    report = reports.read(complaint(message_id="<1@forum>", return_path="b+z@y"))
    assert (report.message_ids, "b+z@y" in report.addressed) == (("<1@forum>",), True)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 1000,
        b"Subject: Out of office\r\n\r\nStatus: 5.1.1\r\nAction: failed\r\n",
        dsn(action="delivered"),
        dsn(action="relayed"),
        complaint("not-spam"),
        # A report within a mail that somebody forwards is no report of a mail server.
        b'Content-Type: multipart/mixed; boundary="M"\r\n\r\n--M\r\nContent-Type: message/rfc822\r\n\r\n' + dsn(),
        # Many nested levels, with which Python's parser fails.
        b"".join(b'Content-Type: multipart/report; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(4000)),
        b"Content-Type: message/rfc822\r\n\r\n" * 8000,
    ],
)  # fmt: skip
def test_other_mail_is_no_report(raw):
    assert reports.read(raw) is None


def test_report_with_many_levels_is_not_parsed(monkeypatch):
    """Each level makes reading a line slower; twenty levels are more than any report of a mail server has."""
    returned = b"".join(b"Content-Type: MultiPart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(20))
    parsed = []
    parse = reports.message_from_bytes
    monkeypatch.setattr(
        reports,
        "message_from_bytes",
        lambda raw, *how, **more: parsed.append(raw) or parse(raw, *how, **more),
    )
    assert reports.read(dsn(message_id="<1@forum>") + returned[:200]) is not None
    assert reports.read(dsn(message_id="<1@forum>") + returned) is None
    assert len(parsed) == 1


def test_report_keeps_no_words_that_name_who_is_behind_an_alias():
    """A report about a mail that an alias forwards names the real address, and often the person."""
    report = reports.read(dsn(diagnostic="smtp; 550 5.1.1 <zoe@home.example>: Zoe Ek has left"))
    assert (report.outcome, "zoe" in str(report).lower()) == (Outcome.ADDRESS_GONE, False)


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n--B/1\r\n"])
def test_parameters_of_a_long_header_are_not_read(end, monkeypatch):
    """Python's parser would take twenty seconds for 256 KiB of semicolons."""
    asked = []
    parse = message._parseparam
    monkeypatch.setattr(message, "_parseparam", lambda text: asked.append(text) or parse(text))
    bomb = b'Content-Type: multipart/report; a="' + b";" * 250_000 + end
    assert reports.read(bomb) is None
    nested = dsn().replace(b"Content-Type: message/delivery-status", bomb.removesuffix(end), 1)
    assert reports.read(nested) is None
    assert max(map(len, asked), default=0) <= reports.LONGEST_HEADER
    assert reports.read(dsn()) is not None
    assert asked


def test_returned_mail_of_any_size_is_read_up_to_the_bound():
    report = reports.read(dsn(message_id="<1@forum>") + b"x" * 5_000_000)
    assert (report.outcome, report.message_ids) == (Outcome.ADDRESS_GONE, ("<1@forum>",))


FIELD = st.text(max_size=60) | st.sampled_from(["5.1.1", "=?utf-8?q?=35=2E1.1?=", "<a@b>", "=?x?", "\udcff"])


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.integers(0, 1200), st.integers(0, 300))
def test_damaged_report_raises_nothing(junk, start, length):
    for raw in (dsn(message_id="<1@forum>"), complaint(message_id="<1@forum>")):
        reports.read(raw[:start] + junk + raw[start + length :])


@settings(deadline=None, max_examples=60)
@given(status=FIELD, action=FIELD, diagnostic=FIELD, to=FIELD, message_id=FIELD, return_path=FIELD)
def test_report_with_any_fields_raises_nothing(**fields):
    try:
        raw = dsn(**fields)
    except UnicodeEncodeError:
        return
    report = reports.read(raw)
    assert report is None or len(report.code) <= 16
