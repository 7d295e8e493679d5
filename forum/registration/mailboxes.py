"""Which addresses lead to one mailbox, as far as limits need to know; this never identifies a person.

Mail to name+0@ and name+9@ arrives in one mailbox, at some providers mail to n.ame@ too. If a limit counts two people
as one, they lose little; as the identity of a registration this would be wrong (`names.canonical_email` is the
identity).
"""

from forum.registration import names

# Anybody can have an address at these providers: many messages to one of these domains are normal.
NAMES = """
    aol.com bahnhof.se bredband.net comhem.se email.com fastmail.com gmail.com gmx.com gmx.de gmx.net
    googlemail.com hey.com home.se hotmail.com hotmail.fi hotmail.no hotmail.se hushmail.com icloud.com live.com
    live.dk live.fi live.no live.se mac.com mail.com mail.dk mailbox.org me.com msn.com online.no outlook.com
    outlook.dk outlook.no outlook.se pm.me posteo.de posteo.net proton.me protonmail.com runbox.com simnet.is
    spray.se swipnet.se tele2.se telia.com tuta.com tutanota.com yahoo.com yahoo.no yahoo.se yandex.com ymail.com
    zoho.com
"""
PUBLIC_PROVIDERS = frozenset(NAMES.split())
SAME_PROVIDER = {"googlemail.com": "gmail.com", "pm.me": "proton.me", "protonmail.com": "proton.me"}


def base_mailbox(address: str) -> str:
    """Return the address without a part after a plus sign and without the dots before the at sign."""
    local, _, domain = names.canonical_email(address).rpartition("@")
    base = local.partition("+")[0].replace(".", "")
    return f"{base or local}@{SAME_PROVIDER.get(domain, domain)}"


def find_organisation_domain(address: str) -> str | None:
    """Return the domain of an address, or None if the domain is a provider at which anybody can have an address."""
    domain = names.canonical_email(address).rpartition("@")[2]
    return None if domain in PUBLIC_PROVIDERS else domain
