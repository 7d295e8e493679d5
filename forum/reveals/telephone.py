"""The page on which a handler registers somebody with protected identity by telephone, under an alias (P20)."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length, ValidationError

from forum.accounts import kept_words
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.registration import organisers_additions as additions
from forum.registration.by_hand import Identity
from forum.web.identity_numbers import no_identity_number

# The most bytes of real name and contact together: the encrypted record has the same length for everybody.
LONGEST_TOGETHER = 800
PAGE = "console/reveals/add.html"
bp = Blueprint("telephone", __name__, url_prefix="/console/<event>/reveals")


class TelephoneForm(additions.AdditionForm):
    """A person whom a handler registers, with the data that are stored encrypted."""

    real_name = StringField(
        _l("Real name"), [Length(max=200, message=_l("Use at most 200 characters")), no_identity_number]
    )
    contact = StringField(
        _l("Through whom we reach the person"), [Length(max=200, message=_l("Use at most 200 characters"))]
    )

    def validate_contact(self, field: StringField) -> None:
        """Refuse a contact that does not fit into the encrypted record together with the real name."""
        both = f"{self.real_name.data or ''}{field.data or ''}"
        if len(both.encode()) > LONGEST_TOGETHER:
            raise ValidationError(_("The real name and the contact are too long together"))

    def identity(self) -> Identity:
        """Return the identity to be stored encrypted."""
        return Identity(self.real_name.data or None, self.contact.data or None)


@bp.route("/add", methods=["GET", "POST"])
def add(event: str) -> ResponseReturnValue:
    """Show the form for a registration by telephone; on POST register the person.

    Organisers cannot see which handler has registered somebody.
    """
    chosen, form = get_any_or_404(event), TelephoneForm(kept_words.sent_or_kept())
    form.offer(chosen)
    if not form.validate_on_submit():
        return additions.render(chosen, form, template=PAGE), 422 if form.errors else 200
    try:
        added = additions.save(event, form, form.identity())
    except additions.REFUSALS as refusal:
        db.session.rollback()
        return additions.render(get_any_or_404(event), form, refusal, PAGE), 409
    told = _("The reference of the registration is %(reference)s.", reference=added.reference)
    flash(f"{additions.words_of(added, form.email.data or '')} {told}", "success")
    return redirect(url_for("reveals.index", event=event), 303)
