"""The mails by which colleagues learn what an admin has done, word by word in both languages."""

import pytest

from forum.accounts import mails
from tests.accounts.reading import mails_to
from tests.factories.events import NOW
from tests.factories.registrations import write
from tools.organisers import make_user

SITE, HOST = "127.0.0.1", "http://127.0.0.1:8000"
SAID = {
    "en": [
        "Invitation to the organisers’ console",
        f"Alva invites you to work on Nordic Forum for testing in the organisers’ console of {SITE}.",
        f"Choose a password:\n{HOST}/account/welcome/token?lang=en",
        "The link works once, for 3 days. You also need an authenticator app on your phone: after the password, "
        "the console shows how to set it up.",
        "If you do not know Alva, do nothing. When the link no longer works, ask for a new one.",
        "You can work on another event",
        f"Alva has added you to those who work on Nordic Forum for testing in the organisers’ console of {SITE}.",
        f"You have been signed out. Sign in as usual: your account page says what you may do.\n{HOST}/account/",
        "What you may do has been changed",
        f"Alva has changed what you may do for Nordic Forum for testing in the organisers’ console of {SITE}.",
        "You have been signed out, and can no longer open the pages of Nordic Forum for testing there.",
        "If you did not expect this, ask Alva.",
        "You can work on another event",
        f"Alva has added you to those who work on Nordic Forum for testing in the organisers’ console of {SITE}.",
        f"Your account page says what you may do.\n{HOST}/account/",
        "What you may do has been changed",
        f"Alva has changed what you may do for Nordic Forum for testing in the organisers’ console of {SITE}.",
        "You can no longer open the pages of Nordic Forum for testing there.",
        "If you did not expect this, ask Alva.",
        "Your second factor has been reset",
        f"Alva has reset the second factor of your account at {SITE}. You have been signed out; your authenticator "
        "app, your passkeys and your recovery codes no longer work there.",
        "Sign in with your password: the console then shows how to set up an authenticator app anew."
        f"\n{HOST}/account/",
        "If you did not ask for it, sign in at once, choose another password, and tell the other administrators.",
        "The second factor of a colleague has been reset",
        f"Alva has reset the second factor of Kim at {SITE}: for now, the password alone leads to setting up a new "
        "one.",
        "You get this because you manage colleagues, too. If you did not expect it, ask both of them.",
        "Your account has been disabled",
        f"Alva has disabled your account at {SITE}. You have been signed out and cannot sign in for now; what you have "
        "done there stays.",
        "If you think that this is a mistake, ask Alva.",
        "You can sign in again",
        f"Alva has enabled your account at {SITE} again. Your password and your second factor are as they were."
        f"\n{HOST}/account/",
        "If you did not expect this, ask Alva.",
    ],
    "sv": [
        "Inbjudan till arrangörssidorna",
        f"Alva bjuder in dig att arbeta med Nordiskt forum för provning på arrangörssidorna på {SITE}.",
        f"Välj ett lösenord:\n{HOST}/account/welcome/token?lang=sv",
        "Länken fungerar en gång, i 3 dagar. Du behöver också en autentiseringsapp i telefonen: efter lösenordet "
        "visar sidorna hur du kopplar den.",
        "Gör ingenting om du inte känner Alva. Be om en ny länk när den här inte längre fungerar.",
        "Du kan arbeta med ett evenemang till",
        "Alva har lagt till dig bland dem som arbetar med Nordiskt forum för provning på arrangörssidorna på "
        f"{SITE}.",
        f"Du har loggats ut. Logga in som vanligt: din kontosida säger vad du får göra.\n{HOST}/account/",
        "Det du får göra har ändrats",
        f"Alva har ändrat vad du får göra för Nordiskt forum för provning på arrangörssidorna på {SITE}.",
        "Du har loggats ut och kan inte längre öppna sidorna för Nordiskt forum för provning där.",
        "Fråga Alva om du inte väntade dig detta.",
        "Du kan arbeta med ett evenemang till",
        "Alva har lagt till dig bland dem som arbetar med Nordiskt forum för provning på arrangörssidorna på "
        f"{SITE}.",
        f"Din kontosida säger vad du får göra.\n{HOST}/account/",
        "Det du får göra har ändrats",
        f"Alva har ändrat vad du får göra för Nordiskt forum för provning på arrangörssidorna på {SITE}.",
        "Du kan inte längre öppna sidorna för Nordiskt forum för provning där.",
        "Fråga Alva om du inte väntade dig detta.",
        "Din andra faktor har återställts",
        f"Alva har återställt den andra faktorn för ditt konto på {SITE}. Du har loggats ut, och din "
        "autentiseringsapp, dina lösennycklar och dina reservkoder fungerar inte längre där.",
        "Logga in med ditt lösenord: arrangörssidorna visar sedan hur du kopplar en autentiseringsapp på nytt."
        f"\n{HOST}/account/",
        "Om du inte har bett om det: logga in genast, välj ett annat lösenord och säg till de andra administratörerna.",
        "En kollegas andra faktor har återställts",
        f"Alva har återställt den andra faktorn för Kim på {SITE}. Tills en ny är kopplad räcker lösenordet för att "
        "koppla den.",
        "Du får det här för att du också hanterar kollegor. Fråga dem båda om du inte väntade dig det.",
        "Ditt konto har stängts av",
        f"Alva har stängt av ditt konto på {SITE}. Du har loggats ut och kan inte logga in tills vidare. Det du har "
        "gjort där finns kvar.",
        "Fråga Alva om du tror att det är ett misstag.",
        "Du kan logga in igen",
        f"Alva har öppnat ditt konto på {SITE} igen. Lösenordet och den andra faktorn är som förut."
        f"\n{HOST}/account/",
        "Fråga Alva om du inte väntade dig detta.",
    ],
}


@pytest.mark.parametrize("language", ["sv", "en"])
def test_mails_say_what_an_admin_has_done(event, language):
    """The mails are compared without greeting and signature; no mail names a role."""
    user, admin = make_user(language=language, name="Kim"), make_user(name="Alva")
    told = {"by": admin, "now": NOW}
    write(mails.queue_invited, user, event, "token", days=3, **told)
    for is_signed_out in (True, False):
        write(mails.queue_added, user, event, is_signed_out=is_signed_out, **told)
        changed = {"is_of_all": False, "stays": False, "is_signed_out": is_signed_out}
        write(mails.queue_roles_changed, user, event, **changed, **told)
    write(mails.queue_second_factor_reset, user, **told)
    write(mails.queue_colleague_reset, user, to=user, **told)
    write(mails.queue_disabled, user, **told)
    write(mails.queue_enabled, user, **told)
    said = [words for mail in mails_to(user) for words in (mail.subject, *mail.text.split("\n\n")[1:-2])]
    assert said == SAID[language]
