"""Asking DNS, with short waits: a server that gives no answer is told apart from a name that does not exist."""

from collections.abc import Callable
from ipaddress import ip_address

import dns.exception
import dns.resolver
import dns.reversename

SECONDS = 3
# A function that returns the DNS records of a name and type ("TXT", "MX", "A", "AAAA", "PTR") as texts, [] for a name
# without records. Raises NoAnswer.
Ask = Callable[[str, str], list[str]]


class NoAnswer(Exception):
    """No DNS server has answered, so it is not known which records there are."""


def ask(name: str, kind: str) -> list[str]:
    """Return the records of a name and type from the DNS servers of this machine. Raises NoAnswer."""
    try:
        records = dns.resolver.resolve(name, kind, lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, ValueError) as problem:
        raise NoAnswer(name) from problem
    return [_told(record, kind) for record in records]


def addresses(name: str, ask: Ask) -> list[str]:
    """Return the IP addresses of a host, or the name itself if it is an IP address. Raises NoAnswer."""
    try:
        return [str(ip_address(name.strip("[]")))]
    except ValueError:
        return [*ask(name, "A"), *ask(name, "AAAA")]


def reverse_name(address: str) -> str:
    """Return the DNS name under which an IP address has its PTR records, such as "1.2.0.192.in-addr.arpa"."""
    return dns.reversename.from_address(address).to_text(omit_final_dot=True)


def _told(record, kind: str) -> str:
    if kind == "TXT":
        # DNS splits a long text into pieces, which are joined without a blank (RFC 7208, 3.3).
        return b"".join(record.strings).decode("utf-8", "replace")
    if kind == "MX":
        return record.exchange.to_text(omit_final_dot=True)
    return record.to_text().rstrip(".")
