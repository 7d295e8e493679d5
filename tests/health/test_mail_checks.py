"""`forum doctor mail` says in words what to change in DNS and at the mail server; DNS is simulated (M15)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from forum.cli import cli
from forum.health import dns_lookups, mail_checks
from forum.health.dns_lookups import NoAnswer
from forum.settings.dkim import Dkim
from tests.outbox.scripted_smtp import scripted_smtp
from tests.outbox.test_transport import tls_server
from tools.certificates import make_certificate

SELECTOR = "f27._domainkey.example.org"
IP, REVERSE = "193.0.2.7", "7.2.0.193.in-addr.arpa"


@pytest.fixture(scope="module")
def key() -> Dkim:
    """Give a signing key, made once, because that takes time."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return Dkim("f27", "example.org", pem)


@pytest.fixture
def app(app, key):
    app.config.update(
        MAIL_DEFAULT_SENDER="Forum <forum@example.org>",
        MAIL_BOUNCE_ADDRESS="bounces@example.org",
        MAIL_SERVER="mail.example.org",
        DKIM=key,
    )
    # Nothing listens at port 1 of this machine, so no test of this file can send mail to a real server.
    app.extensions["mail"].server, app.extensions["mail"].port = "127.0.0.1", 1
    return app


@pytest.fixture
def records(key) -> dict[tuple[str, str], list[str]]:
    """Give the records of a domain at which nothing is wrong."""
    return {
        ("example.org", "TXT"): ["google-site-verification=x", "v=spf1 include:relays.example -all"],
        ("relays.example", "TXT"): ["v=spf1 ip4:193.0.2.0/24 ~all"],
        (SELECTOR, "TXT"): [mail_checks.record_of(key)],
        ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=quarantine; adkim=s; rua=mailto:d@example.org"],
        ("example.org", "MX"): ["mail.example.org"],
        ("mail.example.org", "A"): [IP],
        (REVERSE, "PTR"): ["mail.example.org"],
    }


def told(app, records) -> dict[str, tuple[str, str]]:
    """Check the domain with these DNS records; return the mark and the words of each finding by its check."""
    with app.app_context():
        found = mail_checks.examine(app, lambda name, kind: records.get((name, kind), []))
    assert len({finding.check for finding in found}) == len(found)
    return {
        one.check: ("TODO" if one.is_to_do else "ok" if one.is_well else "BAD", one.words) for one in found
    }


@pytest.mark.parametrize(
    ("server", "sends"),
    [
        ("mail.example.org", "a:mail.example.org"),
        (IP, f"ip4:{IP}"),
        ("127.0.0.1", "ip4:ADDRESS"),
        ("localhost", "ip4:ADDRESS"),
        ("", "ip4:ADDRESS"),
    ],
)
def test_record_to_add_names_no_address_of_this_machine(app, records, server, sends):
    app.config["MAIL_SERVER"] = server
    del records["example.org", "TXT"]
    records["localhost", "A"] = ["127.0.0.1"]
    assert f'"v=spf1 {sends} -all"' in told(app, records)["spf"][1]


def test_domain_at_which_nothing_is_wrong(app, records):
    assert {**told(app, records), "tls": None} == {
        "spf": ("ok", "the record of example.org names mail.example.org"),
        "dkim": ("ok", f"the forum signs for example.org, and {SELECTOR} has its key"),
        "dmarc": ("ok", "_dmarc.example.org says p=quarantine"),
        "bounces": ("ok", "reports can reach bounces@example.org"),
        "ptr": ("ok", f"{IP} is called mail.example.org"),
        "tls": None,
    }


@pytest.mark.parametrize(
    ("name", "kind", "answers", "check", "mark", "words"),
    [
        ("example.org", "TXT", [], "spf", "BAD", 'add a TXT record there, such as "v=spf1 a:mail.example.org -all"'),
        ("example.org", "TXT", ["v=spf1 -all", "v=spf1 mx -all"], "spf", "BAD", "2 SPF records, and one counts"),
        ("example.org", "TXT", ["v=spf1 mx +all"], "spf", "BAD", "lets everybody send: let it end with -all"),
        ("example.org", "TXT", ["v=spf1 mx"], "spf", "BAD", "forbids nobody: let it end with ~all or -all"),
        ("example.org", "TXT", ["v=spf1 ip4:193.0.3.1 ip6:2001:db8::/32 -all"], "spf", "TODO", f"not name {IP}"),
        ("example.org", "TXT", ["v=spf1 mx/24 ~all"], "spf", "ok", "names mail.example.org"),
        ("example.org", "TXT", ["v=spf1 redirect=relays.example"], "spf", "ok", "names mail.example.org"),
        ("relays.example", "TXT", ["v=spf1 include:relays.example -all"], "spf", "BAD", "more than ten look-ups"),
        ("relays.example", "TXT", [], "spf", "TODO", f"not name {IP}"),
        ("relays.example", "TXT", ["v=spf1 a:%{d} ip4:nowhere ptr +all"], "spf", "ok", "names mail.example.org"),
        (SELECTOR, "TXT", ["v=DKIM1", "v=DKIM1"], "dkim", "BAD", "has 2 TXT records: keep the one with the key"),
        (SELECTOR, "TXT", [], "dkim", "BAD", f'{SELECTOR} has no TXT record: add "v=DKIM1; k=rsa; p=MII'),
        (SELECTOR, "TXT", ["v=DKIM1; p=MIIB"], "dkim", "BAD", "another key than FORUM_DKIM_KEY_FILE"),
        (SELECTOR, "TXT", ["v=DKIM1; p="], "dkim", "BAD", "another key than FORUM_DKIM_KEY_FILE"),
        ("_dmarc.example.org", "TXT", ["p=reject; v=DMARC1"], "dmarc", "BAD", "has no DMARC record"),
        ("example.org", "MX", ["."], "bounces", "BAD", "says that it takes no mail"),
        ("_dmarc.example.org", "TXT", [], "dmarc", "BAD", 'such as "v=DMARC1; p=none; rua=mailto:'),
        ("_dmarc.example.org", "TXT", ["v=DMARC1; p=maybe"], "dmarc", "BAD", "p=none, quarantine or reject"),
        ("_dmarc.example.org", "TXT", ["v=DMARC1; p=none"], "dmarc", "TODO", "once reports are clean, p=quarantine"),
        (REVERSE, "PTR", [], "ptr", "BAD", "has no name: ask whoever provides it for a PTR record"),
        (REVERSE, "PTR", ["other.example"], "ptr", "BAD", "which has another address: let both agree"),
        ("mail.example.org", "A", ["127.0.0.1"], "ptr", "TODO", "no public address here"),
    ],
)  # fmt: skip
def test_fault_is_told_with_what_to_change(app, records, name, kind, answers, check, mark, words):
    found = told(app, {**records, (name, kind): answers})[check]
    assert (found[0], words in found[1]) == (mark, True), found


def test_settings_that_dns_does_not_follow_are_told(app, records, key):
    app.config.update(MAIL_DEFAULT_SENDER="f@post.example.org", MAIL_BOUNCE_ADDRESS="b@nowhere.example")
    found = told(app, records)
    assert found["dmarc"] == (
        "BAD",
        "_dmarc.example.org says adkim=s, and the forum signs for example.org: take adkim=s out",
    )
    assert found["bounces"][1] == (
        "no server takes mail for nowhere.example, so reports are lost: add an MX record"
    )
    app.config.update(DKIM=None)
    assert told(app, records)["dkim"] == (
        "TODO",
        "the forum signs nothing: set FORUM_DKIM_KEY_FILE, or let the mail server sign for post.example.org",
    )


def test_machine_without_dns_is_told_and_nothing_fails(app, monkeypatch, smtp_server):
    app.extensions["mail"].port = smtp_server.port

    def ask(name: str, kind: str) -> list[str]:
        raise NoAnswer(name)

    monkeypatch.setattr(dns_lookups, "ask", ask)
    answer = app.test_cli_runner().invoke(cli, ["doctor", "mail"])

    lines = answer.output.splitlines()
    assert answer.exit_code == 0
    assert lines[0] == "TODO spf: cannot be known: no DNS server answers about example.org"
    assert [line.split()[:2] for line in lines[:-1]] == [
        ["TODO", f"{name}:"] for name in ("spf", "dkim", "dmarc", "bounces", "ptr")
    ]
    assert lines[-1].startswith("ok")


def test_unencrypted_way_to_this_machine_is_well(app, records, smtp_server):
    app.extensions["mail"].port = smtp_server.port
    assert told(app, records)["tls"] == (
        "ok",
        "mail.example.org is this machine; see that it encrypts what it sends on",
    )


@pytest.mark.parametrize(
    ("name", "is_known", "days", "words"),
    [
        ("127.0.0.1", False, 1, "is signed by nobody whom this machine trusts"),
        ("127.0.0.2", True, 1, "is for another name: give FORUM_MAIL_SERVER the name that it has"),
        ("127.0.0.1", True, -1, "has expired: have it renewed there"),
        ("127.0.0.1", True, 3, "is not valid yet: compare the clocks"),
    ],
)
def test_a_wrong_certificate_of_the_mail_server_is_told_in_words(
    app, records, to_server, tmp_path, name, is_known, days, words
):
    certificate = make_certificate(tmp_path, name, ends_in_days=days)
    with tls_server(certificate, implicit=True) as server:
        to_server(server.port, MAIL_CA_FILE=str(certificate) if is_known else None, MAIL_USE_SSL=True)
        mark, said = told(app, records)["tls"]
    assert (mark, said.startswith("mail waits, for the certificate of 127.0.0.1 "), words in said) == (
        "BAD",
        True,
        True,
    )


def test_a_mail_server_without_encryption_is_told_in_words(app, records, to_server, smtp_server):
    to_server(smtp_server.port, MAIL_USE_TLS=True)
    assert "offers no encryption (STARTTLS): switch it on there" in told(app, records)["tls"][1]
    to_server(smtp_server.port, MAIL_USE_SSL=True, MAIL_USE_TLS=False)
    assert "does not answer in TLS" in told(app, records)["tls"][1]


def test_a_mail_server_that_waits_for_encryption_from_the_first_byte_is_told_in_words(
    app, records, to_server, tmp_path
):
    """The most usual mistake, a server at port 465 used without FORUM_MAIL_USE_SSL, is explained in words."""
    with tls_server(make_certificate(tmp_path, "127.0.0.1"), implicit=True) as server:
        for is_on in (True, False):
            to_server(server.port, MAIL_USE_TLS=is_on, MAIL_TIMEOUT=1)
            mark, said = told(app, records)["tls"]
            assert (mark, "FORUM_MAIL_USE_SSL is for port 465" in said) == ("BAD", True)


def test_address_of_this_machine_asks_nobody(app):
    app.config.update(MAIL_DEFAULT_SENDER="forum@localhost")
    answer = app.test_cli_runner().invoke(cli, ["doctor", "mail"])
    assert answer.output == (
        "TODO sender: forum@localhost is an address of this machine: nobody else is asked about it\n"
    )


@pytest.mark.parametrize("said", ["k=ed25519", "v=DKIM2", "s=tlsrpt", "h=sha1"])
def test_key_that_receivers_do_not_use_for_mail_is_told(app, records, key, said):
    name = said[0]
    (record,) = records[SELECTOR, "TXT"]
    kept = [part for part in record.split("; ") if not part.startswith(f"{name}=")]
    mark, words = told(app, {**records, (SELECTOR, "TXT"): ["; ".join([said, *kept])]})["dkim"]
    assert (mark, "says that its key is for something else" in words) == ("BAD", True)


def test_unsigned_mail_from_another_domain_than_the_sender_s_is_told(app, records):
    app.config.update(DKIM=None, MAIL_BOUNCE_ADDRESS="bounces@other.test")
    mark, words = told(app, records)["dmarc"]
    assert (mark, "so set FORUM_DKIM_KEY_FILE" in words) == ("TODO", True)
    app.config["MAIL_BOUNCE_ADDRESS"] = "bounces@bounce.example.org"
    assert told(app, records)["dmarc"][0] == "ok"


def test_policy_for_subdomains_is_told_of_a_sender_in_one(app, records):
    app.config.update(MAIL_DEFAULT_SENDER="forum@sub.example.org")
    records["_dmarc.example.org", "TXT"] = ["v=DMARC1; p=none; sp=reject"]
    assert told(app, records)["dmarc"] == ("ok", "_dmarc.example.org says p=reject")


def test_server_that_does_not_answer_is_told_in_words(app, records):
    mark, words = told(app, records)["tls"]
    assert (mark, words.partition(":")[0]) == ("BAD", "mail waits, for nothing answers at mail.example.org")


def test_server_without_letters_of_other_scripts_is_told(app, records):
    app.config["MAIL_SMTPUTF8"] = True
    with scripted_smtp({}) as server:
        app.extensions["mail"].port = server.port
        mark, words = told(app, records)["smtputf8"]
    assert (mark, "does not offer SMTPUTF8" in words) == ("BAD", True)
