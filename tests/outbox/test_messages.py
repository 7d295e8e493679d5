"""A mail is built from exactly what its draft holds (F2, F3, M01–M05, M09, S36)."""

from dataclasses import fields, replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forum.outbox.addresses import MAX_NAME, Mailbox, mailbox, parse_mailbox
from forum.outbox.errors import UnsafeMessage
from forum.outbox.messages import Attachment, Draft, build
from forum.outbox.messages import read as read_draft
from tests.factories.events import NOW

HEADERS = [
    "Date", "From", "To", "Reply-To", "Subject", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "Content-Language", "MIME-Version", "Content-Type",
]  # fmt: skip
LIST_HEADERS = ["List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence"]
NORDIC = "Åsa Þórðardóttir-Šarlakov æøå €🙂 – en ganska lång rad som måste vikas på flera ställen i huvudet"


def draft(**differing) -> Draft:
    values = {
        "sender": mailbox("forum@example.org", "Nordic Forum"),
        "recipient": mailbox("p@example.org"),
        "reply_to": mailbox("contact@example.org"),
        "subject": "Your place",
        "text": "Hello,\n\nyou have a place.\n",
        "html": "<p>Hello</p>",
        "language": "en",
        "message_id": "<1@example.org>",
        "date": NOW,
    }
    return Draft(**{**values, **differing})


def read(raw: bytes):
    return message_from_bytes(raw, policy=policy.default)


def test_build_gives_exactly_these_headers():
    message = read(build(draft()))

    assert message.keys() == HEADERS
    assert (message["From"], message["To"], message["Reply-To"], message["Message-ID"]) == (
        "Nordic Forum <forum@example.org>", "p@example.org", "contact@example.org", "<1@example.org>",
    )  # fmt: skip
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert parsedate_to_datetime(message["Date"]) == NOW


@pytest.mark.parametrize("reply_to", [None, mailbox("contact@example.org")])
def test_a_mail_without_files_can_be_read_back_into_its_draft(reply_to):
    long = f"{NORDIC}\n\nhttps://example.org/en/r/{'x' * 100}\n=20 trailing \n"
    sent = draft(
        sender=mailbox("forum@example.org", NORDIC), subject=NORDIC, text=long, html=f"<p>{long}</p>"
    )
    sent = replace(sent, reply_to=reply_to)
    again = read_draft(build(sent))
    as_read = {"text": again.text.replace("\r\n", "\n"), "html": again.html.replace("\r\n", "\n")}
    assert replace(again, **as_read) == replace(sent, html=f"{sent.html}\n")
    assert build(again) == build(sent)


@pytest.mark.parametrize(
    "differing",
    [
        {"attachments": [Attachment("forum.ics", "text/calendar", b"BEGIN")]},
        {"leave_link": "https://example.org/r/messages/x"},
    ],
)
def test_a_mail_with_files_or_a_link_for_refusing_is_not_read_back(differing):
    with pytest.raises(UnsafeMessage):
        read_draft(build(draft(**differing)))


def test_build_puts_plain_text_before_html_and_files_last():
    content = b"BEGIN:VCALENDAR\r\n" + "å".encode() * 2000
    file = Attachment("forum.ics", "text/calendar", content)

    message = read(build(draft(attachments=[file])))

    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar",
    ]  # fmt: skip
    attached = list(message.iter_attachments())[-1]
    assert (attached.get_filename(), attached.get_payload(decode=True)) == ("forum.ics", content)
    assert read(build(draft())).get_content_type() == "multipart/alternative"


@pytest.mark.parametrize(
    "text", [NORDIC * 40, "x" * 5000, "From me\n.\n..\n-- \ntrailing  \n\ttab", "🙂" * 900]
)
def test_build_keeps_lines_short_and_text_whole(text):
    raw = build(draft(text=text, html=f"<p>{text}</p>"))

    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert read(raw).get_body(("plain",)).get_content().replace("\r\n", "\n") == text + "\n"


@pytest.mark.parametrize(
    "name",
    [
        "Öst, Åsa",
        "Forum: the Nordic one",
        'Åsa "Polis" Öst',
        'A "quoted" name, with\\slash',
        "Berg (justice)",
        "a@b.example",
        "Łukasz Žižek",
        "Þórður",
        "O'Neill",
        "1+1=?",
        "=?",
        "?= =?",
        NORDIC,
        "Bo, " * 60,
    ],
)
def test_name_of_recipient_comes_back_as_it_was(name):
    raw = build(draft(recipient=mailbox("p@example.org", name)))

    ((shown, address),) = getaddresses([message_from_bytes(raw)["To"]])
    assert (str(make_header(decode_header(shown))), address) == (name, "p@example.org")
    assert [found.addr_spec for found in read(raw)["To"].addresses] == ["p@example.org"]
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    "subject", ["Din plats är bekräftad", NORDIC, "word " * 40 + "end", "🙂" * 100, "a=?b"]
)
def test_subject_comes_back_as_it_was(subject):
    raw = build(draft(subject=subject))

    assert read(raw)["Subject"] == subject
    words = [
        word for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n") for word in line.split() if b"=?u" in word
    ]
    assert all(len(word) <= 75 for word in words)


@pytest.mark.parametrize(
    ("setting", "name", "address"),
    [
        ("forum@example.org", "", "forum@example.org"),
        ("Nordic Forum <forum@example.org>", "Nordic Forum", "forum@example.org"),
        ("Forum, the Nordic <forum@example.org>", "Forum, the Nordic", "forum@example.org"),
        ('"Forum: ""x""" <forum@example.org>', 'Forum: ""x""', "forum@example.org"),
        (r'"Forum \"of\" 2027" <forum@example.org>', 'Forum "of" 2027', "forum@example.org"),
        ("Räksmörgås <forum@räksmörgås.se>", "Räksmörgås", "forum@xn--rksmrgs-5wao1o.se"),
    ],
)
def test_sender_setting_is_read_as_it_is_meant(setting, name, address):
    sender = parse_mailbox(setting)

    assert sender == Mailbox(address, name)
    assert read(build(draft(sender=sender)))["From"].addresses[0].addr_spec == address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("p@Exempel.SE", "p@exempel.se"),
        ("p@blåbär.example", "p@xn--blbr-noae.example"),
        ("åse@example.org", "åse@example.org"),
        ("o'neill+forum@example.org", "o'neill+forum@example.org"),
    ],
)
def test_address_has_its_domain_in_a_labels(given, address):
    assert mailbox(given).address == address


@pytest.mark.parametrize(
    "address",
    [
        "", "p", "@example.org", "p@", "p@@example.org", "p q@example.org", "p@exa mple.org", "p@-x.org", "p@x..org",
        "p@example.org,q@example.org", "<p@example.org>", "p@example.org>", "p@example.org\nBcc: q@example.org",
        "p\r@example.org", "p@example.org\u2028", '"p q"@example.org', ".p@example.org", "p@[127.0.0.1]", "\ud800@x.se",
        "p" * 65 + "@example.org", "=?utf-8?q?p?=@example.org", "p\u200b@example.org",
        "p" * 321 + "@example.org", "p@exämple..org", "p@" + "ä" * 64 + ".org",
    ],
)  # fmt: skip
def test_address_that_is_none_is_refused(address):
    with pytest.raises(UnsafeMessage):
        mailbox(address)


def test_name_that_is_too_long_is_refused():
    assert mailbox("p@example.org", "N" * MAX_NAME).name
    with pytest.raises(UnsafeMessage):
        mailbox("p@example.org", "N" * (MAX_NAME + 1))


@pytest.mark.parametrize(
    "text",
    [
        "A\nBcc: evil@example.org", "A\r\n\r\nbody", "A\x00", "A\x85B", "A\u2028B", "A\u2029B", "A\x1bB",
        "A 💩 =?UTF-8?Q?=0A?=Bcc: evil@example.org", "=?utf-8?b?Cg==?=",
    ],
)  # fmt: skip
def test_header_that_could_break_out_is_refused(text):
    for differing in ({"subject": text}, {"recipient": Mailbox("p@example.org", text)}):
        with pytest.raises(UnsafeMessage):
            build(draft(**differing))
    with pytest.raises(UnsafeMessage):
        mailbox("p@example.org", text)
    with pytest.raises(UnsafeMessage):
        build(draft(attachments=[Attachment(text, "text/plain", b"")]))


@pytest.mark.parametrize("content_type", ["text/html\r\nX: y", "", "text", 'text/plain; name="a\nb"'])
def test_attachment_with_an_odd_type_is_refused(content_type):
    with pytest.raises(UnsafeMessage):
        build(draft(attachments=[Attachment("a", content_type, b"")]))


def test_file_name_beyond_ascii_comes_back():
    message = read(build(draft(attachments=[Attachment("Kallelse åäö (1).ics", "text/calendar", b"x")])))

    assert list(message.iter_attachments())[-1].get_filename() == "Kallelse åäö (1).ics"


def test_local_part_beyond_ascii_stays_as_it_is():
    raw = build(draft(recipient=mailbox("åse@blåbär.example", "Åse")))

    assert "<åse@xn--blbr-noae.example>".encode() in raw


anything = st.text(st.characters(exclude_categories=()), max_size=80)
pieces = ["\r", "\n", "=?", "?=", "?q?", "utf-8", "Bcc: x@x.se", "<", ">", ",", '"', "\\", "å", " "]
hostile = st.lists(st.sampled_from(pieces)).map("".join)


# The text fields of a draft, each with a function that makes the field's value from a text. No text may make a header.
FIELDS = {
    "sender": lambda text: Mailbox("forum@example.org", text),
    "recipient": lambda text: Mailbox(text, "Åsa"),
    "reply_to": lambda text: Mailbox("contact@example.org", text),
    **dict.fromkeys(
        ("subject", "text", "html", "language", "message_id", "leave_link", "leave_address", "list_name"), str
    ),
}


@given(field=st.sampled_from(sorted(FIELDS)), text=st.text(max_size=80) | hostile)
@example(field="language", text="en\r\nBcc: x@x.se")
@example(field="list_name", text="a\r\n\r\nb")
@example(field="message_id", text="<1@x.se>\nBcc: x@x.se")
@settings(derandomize=True)
def test_no_field_of_a_draft_makes_another_header(field, text):
    leave = {"leave_link": "https://forum.example/r/x", "leave_address": "leave@example.org"}
    try:
        raw = build(draft(**{**leave, field: FIELDS[field](text)}))
    except UnsafeMessage:
        return
    listed = [] if field == "leave_link" and not text else LIST_HEADERS
    for reading in (policy.default, policy.compat32):
        message = message_from_bytes(raw, policy=reading)
        assert message.keys() == [*HEADERS[:8], *listed, *HEADERS[8:]]
        part = ["Content-Type", "Content-Transfer-Encoding"]
        assert [one.keys() for one in message.walk()][1:] == [part, part]


def test_every_field_of_a_draft_with_a_text_is_tried():
    named = {field.name for field in fields(Draft)}
    assert named - set(FIELDS) == {"date", "attachments"}


@given(subject=anything | hostile, name=anything | hostile, filename=anything | hostile)
@example(subject="=?utf-8?q?a?=", name="a", filename="a")
@example(subject="a", name="\\", filename="..")
@example(subject=" a", name=" a  b ", filename=" ")
def test_no_input_makes_another_header(subject, name, filename):
    attachment = Attachment(filename, "text/calendar", b"x")
    try:
        recipient = mailbox("p@example.org", name)
        raw = build(draft(subject=subject, recipient=recipient, attachments=[attachment]))
    except UnsafeMessage:
        return

    for reading in (policy.default, policy.compat32):
        message = message_from_bytes(raw, policy=reading)
        assert message.keys() == HEADERS
        assert [part.keys() for part in message.walk()][2:] == [
            ["Content-Type", "Content-Transfer-Encoding"],
            ["Content-Type", "Content-Transfer-Encoding"],
            ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"],
        ]
    assert [address.addr_spec for address in read(raw)["To"].addresses] == ["p@example.org"]
