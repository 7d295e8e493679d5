"""Reading a domain's SPF records (RFC 7208): whether they are sound, and whether they name a mail server."""

from ipaddress import ip_address, ip_network

from forum.health.dns_lookups import Ask, addresses

MOST_LOOKUPS = 10
RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
# The terms of SPF records that cost receivers a DNS look-up each; they make ten at most (RFC 7208, 4.6.4).
COSTLY = {"include", "a", "mx", "ptr", "exists", "redirect"}


class TooManyLookups(Exception):
    """Receivers give up on the record, because it needs more than ten look-ups."""


def records_of(domain: str, ask: Ask) -> list[str]:
    """Return the SPF records of a domain, which needs exactly one: several are as bad as none. Raises NoAnswer."""
    texts = [" ".join(text.split()) for text in ask(domain, "TXT")]
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def last_word(record: str) -> str:
    """Return the result for a server that the SPF record does not name: pass, fail, softfail, neutral or redirect."""
    for term in record.lower().split()[1:]:
        sign, name, _value = _split(term)
        if name == "all":
            return RESULTS[sign]
    return "redirect" if "redirect=" in record.lower() else "neutral"


class Judge:
    """Evaluates a domain's SPF record for one IP address, and counts the DNS look-ups."""

    def __init__(self, address: str, ask: Ask):
        self.address = ip_address(address)
        self.ask = ask
        self.lookups = 0

    def judge(self, domain: str) -> str:
        """Return the SPF result for the mail server: pass, fail, softfail, neutral or none.

        Raises NoAnswer, TooManyLookups.
        """
        records = records_of(domain, self.ask)
        if len(records) != 1:
            return "none"
        leads_to = ""
        for term in records[0].split()[1:]:
            sign, name, value = _split(term.lower())
            if name in COSTLY:
                self._count()
            if name == "redirect":
                leads_to = value
            elif self._matches(name, value, domain):
                return RESULTS[sign]
        return self.judge(leads_to) if leads_to else "neutral"

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise TooManyLookups

    def _matches(self, name: str, value: str, domain: str) -> bool:
        if name == "all":
            return True
        if name in {"ip4", "ip6"}:
            return self._is_in(value)
        if "%" in value:  # an SPF macro, whose value depends on the single mail
            return False
        if name == "include":
            return self.judge(value) == "pass"
        if name in {"a", "mx"}:
            host, _, length = value.partition("/")
            hosts = self.ask(host or domain, "MX") if name == "mx" else [host or domain]
            return any(
                self._is_in(f"{each}/{length}" if length and ":" not in each else each)
                for one in hosts[:MOST_LOOKUPS]
                for each in addresses(one, self.ask)
            )
        return False

    def _is_in(self, network: str) -> bool:
        try:
            return self.address in ip_network(network, strict=False)
        except ValueError:
            return False


def _split(term: str) -> tuple[str, str, str]:
    """Return a term's sign, name and value, as in "~", "include", "example.org"."""
    sign = term[0] if term[0] in RESULTS else "+"
    rest = term.lstrip("+-~?")
    for separator in (":", "=", "/"):
        name, separated, value = rest.partition(separator)
        if separated and name.isalnum():
            return sign, name, f"/{value}" if separator == "/" else value
    return sign, rest, ""
