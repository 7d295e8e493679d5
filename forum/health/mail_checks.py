"""Checks of what receivers of mail look at: SPF, DKIM, DMARC, the mail server's name and encryption (M15).

Each finding says what to change and where. When DNS does not answer, the finding says so and is not an error.
"""

import base64
import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from flask import Flask

from forum.health import spf, tls_faults
from forum.health.checks import Finding
from forum.health.dns_lookups import Ask, NoAnswer, addresses, reverse_name
from forum.outbox.addresses import mailbox, parse_mailbox
from forum.outbox.errors import ServerUnreachable
from forum.outbox.transport import ServerTransport
from forum.settings.dkim import Dkim

POLICIES = {"none", "quarantine", "reject"}
DMARC = re.compile(
    r"\s*v\s*=\s*DMARC1\s*(;|$)"
)  # receivers ignore a record that begins otherwise (RFC 7489, 6.3)
NULL_MX = {"", "."}  # a domain that takes no mail (RFC 7505)


def examine(app: Flask, ask: Ask) -> list[Finding]:
    """Return the findings about the forum's mail; the function `ask` asks DNS."""
    sender = parse_mailbox(app.config["MAIL_DEFAULT_SENDER"]).address
    if "." not in _domain(sender):
        return [_to_do("sender", f"{sender} is an address of this machine: nobody else is asked about it")]
    bounces = mailbox(app.config["MAIL_BOUNCE_ADDRESS"] or sender).address
    checks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("spf", lambda: _spf(_domain(bounces), app.config["MAIL_SERVER"], ask)),
        ("dkim", lambda: _dkim(_domain(sender), app.config["DKIM"], ask)),
        ("dmarc", lambda: _dmarc(_domain(sender), _domain(bounces), app.config["DKIM"], ask)),
        ("bounces", lambda: _bounces(bounces, ask)),
        ("ptr", lambda: _ptr(app.config["MAIL_SERVER"], ask)),
    )
    findings = [finding for name, check in checks for finding in _answered(name, check)]
    return [*findings, *_encryption(app)]


def record_of(key: Dkim) -> str:
    """Return the text of the DKIM record, which must stand in DNS at `<selector>._domainkey.<domain>`."""
    return f"v=DKIM1; k=rsa; p={_public(key)}"


def _answered(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except NoAnswer as problem:
        return [_to_do(name, f"cannot be known: no DNS server answers about {problem}")]


def _spf(domain: str, server: str, ask: Ask) -> Iterator[Finding]:
    records = spf.records_of(domain, ask)
    if not records:
        public = _public_addresses(server, ask)
        # Propose no private address of this machine or network: with such an SPF record receivers would refuse every
        # mail.
        names = [f"ip{ip_address(each).version}:{each}" for each in public if each == server.strip("[]")]
        sends = (names or [f"a:{server}"])[0] if public else "ip4:ADDRESS"
        which = "" if public else ", where ADDRESS is the one from which your mail server sends"
        yield Finding(
            "spf",
            False,
            f'{domain} has no SPF record: add a TXT record there, such as "v=spf1 {sends} -all"{which}',
        )
        return
    if len(records) > 1:
        yield Finding(
            "spf", False, f"{domain} has {len(records)} SPF records, and one counts: put them into one"
        )
        return
    match spf.last_word(records[0]):
        case "pass":
            yield Finding("spf", False, f"the record of {domain} lets everybody send: let it end with -all")
        case "neutral":
            yield Finding(
                "spf", False, f"the record of {domain} forbids nobody: let it end with ~all or -all"
            )
        case _:
            yield from _spf_of_server(domain, server, ask)


def _spf_of_server(domain: str, server: str, ask: Ask) -> Iterator[Finding]:
    """Check that the SPF record allows the mail server's public addresses."""
    public = _public_addresses(server, ask)
    if not public:
        yield Finding("spf", True, f"{domain} has a record; see that it names the address that sends")
        return
    try:
        unnamed = [each for each in public if spf.Judge(each, ask).judge(domain) != "pass"]
    except spf.TooManyLookups:
        yield Finding(
            "spf", False, f"the record of {domain} needs more than ten look-ups, at which receivers give up"
        )
        return
    if unnamed:
        named = " and ".join(unnamed)
        yield _to_do(
            "spf",
            f"the record of {domain} does not name {named} ({server}): add it, unless mail leaves from elsewhere",
        )
    else:
        yield Finding("spf", True, f"the record of {domain} names {server}")


def _dkim(domain: str, key: Dkim | None, ask: Ask) -> Iterator[Finding]:
    if key is None:
        yield _to_do(
            "dkim",
            f"the forum signs nothing: set FORUM_DKIM_KEY_FILE, or let the mail server sign for {domain}",
        )
        return
    name = f"{key.selector}._domainkey.{key.domain}"
    records = [_tags(text) for text in ask(name, "TXT")]
    if not records:
        yield Finding("dkim", False, f'{name} has no TXT record: add "{record_of(key)}"')
    elif len(records) > 1:
        yield Finding("dkim", False, f"{name} has {len(records)} TXT records: keep the one with the key")
    elif re.sub(r"\s", "", records[0].get("p", "")) != _public(key):
        yield Finding(
            "dkim",
            False,
            f'{name} has another key than FORUM_DKIM_KEY_FILE: replace it by "{record_of(key)}"',
        )
    elif not _is_usable(records[0]):
        yield Finding(
            "dkim", False, f'{name} says that its key is for something else: replace it by "{record_of(key)}"'
        )
    elif "y" in records[0].get("t", "").split(":"):
        yield _to_do("dkim", f"{name} says t=y, by which receivers ignore signatures: take it out")
    else:
        yield Finding("dkim", True, f"the forum signs for {key.domain}, and {name} has its key")


def _is_usable(record: dict[str, str]) -> bool:
    """Return whether receivers check RSA-SHA256 signatures of mail by this DKIM record (RFC 6376, 3.6.1)."""
    services, digests = (record.get(name, "").replace(" ", "") for name in ("s", "h"))
    return (
        record.get("v", "DKIM1") == "DKIM1"
        and record.get("k", "rsa") == "rsa"
        and bool({"*", "email"} & set((services or "*").split(":")))
        and "sha256" in (digests or "sha256").split(":")
    )


def _dmarc(domain: str, envelope: str, key: Dkim | None, ask: Ask) -> Iterator[Finding]:
    name, records = _find_dmarc(domain, ask)
    if not records:
        yield Finding(
            "dmarc",
            False,
            f'{name} has no DMARC record: add a TXT record there, such as "v=DMARC1; p=none;'
            f' rua=mailto:postmaster@{domain}"',
        )
        return
    tags = _tags(records[0])
    is_parent_s = name != f"_dmarc.{domain}"
    policy = (tags.get("sp") if is_parent_s else None) or tags.get("p", "")
    if len(records) > 1 or tags.get("p", "").lower() not in POLICIES:
        yield Finding("dmarc", False, f"{name} must have one record with p=none, quarantine or reject")
    elif key and tags.get("adkim", "").lower() == "s" and key.domain != domain:
        yield Finding(
            "dmarc", False, f"{name} says adkim=s, and the forum signs for {key.domain}: take adkim=s out"
        )
    elif not key and tags.get("aspf", "").lower() == "s" and envelope != domain:
        yield Finding(
            "dmarc", False, f"{name} says aspf=s, and mail is sent from {envelope}: take aspf=s out"
        )
    elif not key and not _are_related(envelope, domain):
        yield _to_do(
            "dmarc",
            f"receivers compare {domain} with the domain of a signature, or with {envelope}, from which mail is sent:"
            f" the forum signs nothing, so set FORUM_DKIM_KEY_FILE, or let the mail server sign for {domain}",
        )
    elif policy.lower() == "none":
        yield _to_do("dmarc", f"{name} says p=none, which only watches: once reports are clean, p=quarantine")
    else:
        yield Finding("dmarc", True, f"{name} says p={policy.lower()}")


def _are_related(one: str, other: str) -> bool:
    """Return whether two domains have the same last two labels: then receivers take them for one organisation's."""
    return one.lower().split(".")[-2:] == other.lower().split(".")[-2:]


def _find_dmarc(domain: str, ask: Ask) -> tuple[str, list[str]]:
    """Return DNS name and texts of the DMARC records of the domain, or of the nearest parent domain that has some."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        name = "_dmarc." + ".".join(labels[start:])
        if records := [text for text in ask(name, "TXT") if DMARC.match(text)]:
            return name, records
    return f"_dmarc.{domain}", []


def _bounces(address: str, ask: Ask) -> Iterator[Finding]:
    domain = _domain(address)
    servers = ask(domain, "MX")
    if servers and NULL_MX.issuperset(servers):
        yield Finding(
            "bounces", False, f"the MX record of {domain} says that it takes no mail: name a server there"
        )
    elif servers or addresses(domain, ask):
        yield Finding("bounces", True, f"reports can reach {address}")
    else:
        yield Finding(
            "bounces", False, f"no server takes mail for {domain}, so reports are lost: add an MX record"
        )


def _ptr(server: str, ask: Ask) -> Iterator[Finding]:
    """Check that each public IP address of the mail server has a PTR record, whose name leads back to the address."""
    public = _public_addresses(server, ask)
    if not public:
        yield _to_do("ptr", "the mail server has no public address here: look at the one from which it sends")
    for each in public:
        hosts = ask(reverse_name(each), "PTR")
        if not hosts:
            yield Finding(
                "ptr", False, f"{each} ({server}) has no name: ask whoever provides it for a PTR record"
            )
        elif not any(each in addresses(host, ask) for host in hosts):
            yield Finding(
                "ptr", False, f"{each} is called {hosts[0]}, which has another address: let both agree"
            )
        else:
            yield Finding("ptr", True, f"{each} is called {hosts[0]}")


def _public_addresses(server: str, ask: Ask) -> list[str]:
    return [each for each in addresses(server, ask) if ip_address(each).is_global] if server else []


def _encryption(app: Flask) -> Iterator[Finding]:
    """Check whether mail goes to the mail server encrypted."""
    server = app.config["MAIL_SERVER"]
    if not server:
        yield _to_do("tls", "no mail server is set")
        return
    try:
        with ServerTransport(app.extensions["mail"]) as transport:
            transport.connect()
            connection: Any = getattr(transport.host, "sock", None)
            version = connection.version() if hasattr(connection, "version") else ""
            peer = ip_address(connection.getpeername()[0])
            takes_utf8 = transport.host is not None and transport.host.has_extn("smtputf8")
    except ServerUnreachable as problem:
        fault = tls_faults.tell(problem.__cause__, server)
        yield Finding("tls", not fault, fault or f"{server}: {problem}", is_to_do=not fault)
        return
    if app.config["MAIL_SMTPUTF8"] and not takes_utf8:
        yield Finding(
            "smtputf8",
            False,
            f"{server} does not offer SMTPUTF8, so mail to addresses such as åsa@example.org fails: take out"
            " FORUM_MAIL_SMTPUTF8, or switch it on there",
        )
    if version:
        yield Finding(
            "tls", True, f"mail goes to {server} encrypted ({version}), and its certificate is right"
        )
    elif peer.is_loopback:
        yield Finding("tls", True, f"{server} is this machine; see that it encrypts what it sends on")
    else:
        yield Finding("tls", False, f"mail goes to {server} in the open: set FORUM_MAIL_USE_TLS=1")


def _public(key: Dkim) -> str:
    public = load_pem_private_key(key.key, password=None).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _to_do(check: str, words: str) -> Finding:
    return Finding(check, True, words, is_to_do=True)
