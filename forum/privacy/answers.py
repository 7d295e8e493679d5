"""The entries of the register of personal data about answers to the forum's own questions, and answers not sent yet."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, OFFICE, UNTIL_ERASED_OR_WEEK, Entry, of

OWN_QUESTIONS = Entry(
    what=_l("Your answers to the forum’s own questions, as far as they are not about food or access"),
    purpose=_l("To prepare what the questions are about"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE,
    retention=UNTIL_ERASED_OR_WEEK,
    columns=of("answers", "registration_id", "question_id", "value"),
)
FILES = Entry(
    what=_l("Files among your answers"),
    purpose=_l("To prepare what the questions are about. They are kept encrypted"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE,
    retention=_l(
        "Until you are erased; seven days after the forum, where the form says so; a day, if the form that they came"
        " with is not sent or confirmed"
    ),
    columns=(
        *(f"answer_files.{name}" for name in ("key", "question_id", "registration_id", "file_type")),
        *(f"answer_files.{name}" for name in ("size", "asked_from", "received_at", "ends_at", "content")),
    ),
)
ON_THEIR_WAY = Entry(
    what=_l("What you fill in, if it is long, until you have sent it"),
    purpose=_l(
        "So that nothing is lost when you go back to the form from the page where you check your answers"
    ),
    basis=LEGITIMATE_INTEREST,
    audience=_l("Only your browser: it is kept encrypted, and nobody else has the key"),
    retention=_l(
        "An hour. Once you have sent it, a quarter of an hour, without what you say about protected identity, food and"
        " access: so that you can correct the address"
    ),
    columns=of("kept_answers", "digest", "event_id", "ends_at", "content"),
)
