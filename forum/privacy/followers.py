"""The register's entry about those who follow the news by mail."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import CONSENT, Entry, of

FOLLOWERS = Entry(
    what=_l(
        "If you follow the news by e-mail: your e-mail address, what you have chosen, when you asked and confirmed,"
        " your links, and which posts you have got"
    ),
    purpose=_l(
        "To send you the news that you asked for, each post once. The list knows nothing of registrations"
    ),
    basis=CONSENT,
    audience=_l(
        "Nobody at the office, which sees only how many follow the news; the provider that carries our e-mail"
    ),
    retention=_l(
        "48 hours if you do not confirm; otherwise until you leave, until messages to you come back, or a year after"
        " the forum. Messages that have left: 30 days; which posts you have got: 60 days"
    ),
    columns=(
        *of("followers", "email", "email_canonical", "language", "pace", "has_every"),
        *of("followers", "asked_at", "confirmed_at", "weekly_at"),
        *of("follower_categories", "follower_id", "category_id"),
        *of("follower_links", "digest", "follower_id", "purpose", "made_at"),
        *of("news_mails", "post_id", "follower_id", "message_id", "status", "made_at"),
    ),
    fields=("FollowForm.email", *of("ChoicesForm", "language", "categories", "pace")),
)
