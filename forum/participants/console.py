"""The organisers' page that shows every version of the consents' texts (P03)."""

from flask import Blueprint, render_template

from forum.events.in_url import get_any_or_404
from forum.questions import care_consent
from forum.registration.consent_texts import TEXTS
from forum.registration.wording import CONSENTS
from forum.web.languages import NAMES

bp = Blueprint("consent_texts", __name__, url_prefix="/console/<event>/consent-texts")


@bp.get("")
def index(event: str) -> str:
    """Show every version of the consents' texts, the newest first; at the end the texts about diet and access."""
    newest_first = sorted(TEXTS, key=lambda text: text.version, reverse=True)
    return render_template(
        "console/participants/consent_texts.html",
        event=get_any_or_404(event),
        texts=newest_first,
        care_texts=sorted(care_consent.TEXTS.items(), reverse=True),
        purposes=CONSENTS,
        language_names=NAMES,
    )
