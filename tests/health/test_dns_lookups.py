"""DNS lookups return records as texts, none for a name without records, or an error if no server answers (M15)."""

import dns.exception
import dns.resolver
import pytest
from dns.rdata import from_text

from forum.health import dns_lookups
from forum.health.dns_lookups import NoAnswer


def answer(monkeypatch, kind: str, *records: str) -> None:
    """Let DNS answer with these records."""
    read = [from_text("IN", kind, record) for record in records]
    monkeypatch.setattr(dns.resolver, "resolve", lambda name, kind, lifetime: read)


@pytest.mark.parametrize(
    ("kind", "record", "text"),
    [
        ("TXT", '"v=spf1 ip4:193.0.2.0/24" " -all"', "v=spf1 ip4:193.0.2.0/24 -all"),
        ("MX", "10 mail.example.org.", "mail.example.org"),
        ("A", "193.0.2.7", "193.0.2.7"),
        ("PTR", "mail.example.org.", "mail.example.org"),
    ],
)
def test_records_are_texts(monkeypatch, kind, record, text):
    answer(monkeypatch, kind, record)
    assert dns_lookups.ask("example.org", kind) == [text]


def test_a_name_without_records_has_none_and_a_silent_dns_is_an_error(monkeypatch):
    def fail(error):
        def resolve(*_, **__):
            raise error

        monkeypatch.setattr(dns.resolver, "resolve", resolve)

    for missing in (dns.resolver.NXDOMAIN(), dns.resolver.NoAnswer()):
        fail(missing)
        assert dns_lookups.ask("example.org", "A") == []
    for silence in (dns.exception.Timeout(), OSError(), dns.resolver.NoNameservers()):
        fail(silence)
        with pytest.raises(NoAnswer):
            dns_lookups.ask("example.org", "A")
