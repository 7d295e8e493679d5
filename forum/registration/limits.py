"""Limits on the mails that visitors can cause, on held places, and on forms in total (S25).

A mailbox gets a few messages that one client has asked for, and some more from all clients together. The client's own
limit is checked first: a client that floods a mailbox from one network leaves the common limit to the mailbox's owner,
who asks from another network. Beyond these limits no mail is sent, and no page says so, because that would reveal that
somebody has used this address before (S24); a page for everybody says how many messages are possible.

The domain of an organisation gets as many messages as a large organisation may need. Beyond that the form is refused,
for all addresses of the domain alike; a button sends it again later. One client gets most of them, but not all: with
forms and requests for links it would otherwise shut out everybody at the domain.

When many clients send forms at once, or ask for links at once, the limit of the whole site applies (the brake):
further forms have to be sent again a moment later.

Mail to name+0@ and name+9@ arrives in one mailbox, at some providers mail to n.ame@ too. If a limit counts two people
as one, they lose little; as the identity of a registration this would be wrong (`names.canonical_email` is the
identity).
"""

from flask import current_app
from limits import parse

from forum.audit.queries import DOMAIN_LIMITED, FORMS_BRAKED, NETWORK_LIMITED
from forum.audit.traces import note_brake
from forum.events.models import Event
from forum.registration import names
from forum.registration.errors import OrganisationFull
from forum.registration.models import Registration
from forum.registration.senders import Sender
from forum.web.limits import (
    TooManyTries,
    client,
    client_limit,
    give_back,
    has_room,
    keyed,
    seconds_since_first,
    takes,
)

EACH_CLIENT, ALL_CLIENTS = "3 per hour", "10 per hour"
MAILBOX, DOMAIN = "mail to a mailbox", "mail to a domain"
# The kinds of forms that the brake, the limit for all clients together, counts separately: many requests for links do
# not brake registering.
SITE, LINKS = "forms", "requests for a link"
# If the limit of messages an hour to one domain is lower than this, one client may ask for all of them: four fifths
# would be less than one office sends at once.
FEW = 100
CAPPED, GUESSES = "organisations at their cap", "3 per day"
WAIT_SECONDS = 20

# Providers at which anybody can have an address: many messages to one of these domains are normal.
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


class Braked(TooManyTries):
    """Too many forms arrive at the whole site: this form has to be sent again a moment later."""


class DomainFull(TooManyTries):
    """The domain of this address has received as many messages as one domain may in an hour."""


NOTED = {Braked: FORMS_BRAKED, DomainFull: DOMAIN_LIMITED, TooManyTries: NETWORK_LIMITED}


def admit(form_key: str, address: str) -> Sender:
    """Count a form that registers this address; return the client with its limits. Raises Braked, DomainFull."""
    brake(form_key)
    refuse_full_domain(address)
    return sender()


def admit_link(address: str) -> None:
    """Count a request for a link to this address. Raises Braked, DomainFull."""
    brake(keyed(f"{client()} {names.canonical_email(address)}"), LINKS)
    refuse_full_domain(address)


def brake(form_key: str, kind: str = SITE) -> None:
    """Count a form of this kind against the limit of the whole site. Raises Braked.

    Beyond the limit a form is accepted when it is sent again after WAIT_SECONDS, up to the same number of forms
    again. Each form makes one registration, so each registration needs a wait of its own. The first refusal of a form
    does not count against the client's own limit.
    """
    rule = current_app.config["REGISTRATIONS_IN_ALL"]
    if takes(rule, kind):
        return
    waited = seconds_since_first(kind, form_key)
    if waited is not None and waited >= WAIT_SECONDS and takes(rule, kind, "waited"):
        return
    if waited is None:
        give_back(client_limit())
    raise Braked


def note(refused: TooManyTries, event: Event) -> None:
    """Record that a limit refused a form; the console's overview shows it."""
    note_brake(NOTED[type(refused)], event)


def sender() -> Sender:
    """Return the client that sends a form, with its limits."""
    most = current_app.config["PLACES_HELD_PER_ADDRESS"]
    is_bounded = current_app.config["LIMITS_ENABLED"]
    return Sender(may_mail, client=keyed(client()) if is_bounded else None, most_held=most)


def refuse_guesses(registration: Registration) -> None:
    """Raise OrganisationFull when the person has named too many organisations that had reached their caps.

    Each refusal reveals that people of the organisation take part, so a person is refused for few of them (P20).
    """
    if not has_room(GUESSES, CAPPED, registration.reference):
        raise OrganisationFull


def note_guess(registration: Registration) -> None:
    """Count that the person has named an organisation that had reached its cap."""
    takes(GUESSES, CAPPED, registration.reference)


def refuse_full_domain(address: str) -> None:
    """Raise DomainFull when the limit of messages to the domain of this address is used up.

    Raises TooManyTries when this client alone has asked for most of them.
    """
    domain = find_organisation_domain(address)
    if domain and not has_room(_of_domain(), DOMAIN, keyed(domain)):
        raise DomainFull
    if domain and not has_room(_of_client(), DOMAIN, keyed(domain), client()):
        raise TooManyTries


def may_mail(address: str) -> bool:
    """Count a message that the client asks for to this address; return whether it may be sent."""
    mailbox, domain = keyed(base_mailbox(address)), find_organisation_domain(address)
    if not (takes(EACH_CLIENT, MAILBOX, mailbox, client()) and takes(ALL_CLIENTS, MAILBOX, mailbox)):
        return False
    if domain:
        takes(_of_domain(), DOMAIN, keyed(domain))
        takes(_of_client(), DOMAIN, keyed(domain), client())
    return True


def base_mailbox(address: str) -> str:
    """Return the address without a part after a plus sign and without the dots before the at sign."""
    local, _, domain = names.canonical_email(address).rpartition("@")
    base = local.partition("+")[0].replace(".", "")
    return f"{base or local}@{SAME_PROVIDER.get(domain, domain)}"


def find_organisation_domain(address: str) -> str | None:
    """Return the domain of an address, or None if the domain is a provider at which anybody can have an address."""
    domain = names.canonical_email(address).rpartition("@")[2]
    return None if domain in PUBLIC_PROVIDERS else domain


def _of_domain() -> str:
    return current_app.config["MAILS_PER_DOMAIN"]


def _of_client() -> str:
    """Return how many messages to one domain a client may ask for: four fifths of the limit, or all of a small one."""
    whole = parse(_of_domain())
    most = whole.amount * 4 // 5 if whole.amount >= FEW else whole.amount
    return f"{most} per {whole.get_expiry()} seconds"
