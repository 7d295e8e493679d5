"""A sealed value that SQL copies to another row or column cannot be decrypted there (P05, P28)."""

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, text

from forum.accounts import actions as accounts
from forum.accounts.models import KeptWords, User
from forum.cli import cli
from forum.columns import digest
from forum.database import start_write
from forum.extensions import db
from forum.health import checks, keys
from forum.outbox import delivery
from forum.outbox.models import OutboxMessage
from forum.questions.enums import QuestionKind
from forum.questions.models import AnswerFile
from forum.registration import uniting
from forum.registration.kept_answer_models import KeptAnswers
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import CareAnswer, ProtectedIdentity, Submission
from tests.delegations.test_delegations import ALONE, registered
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import make_mails, states
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tools.organisers import code_of, make_user

COPIED = (
    "UPDATE {table} SET {column} = (SELECT {column} FROM {table} AS other WHERE other.{key} = :theirs)"
    " WHERE {key} = :mine"
)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def copy(table: str, column: str, key: str, theirs, mine) -> None:
    """Copy the sealed value of another row, as somebody could who can write to the database but has no key."""
    start_write(db.session)
    statement = text(COPIED.format(table=table, column=column, key=key))
    db.session.execute(statement, {"theirs": theirs, "mine": mine})
    db.session.commit()


def test_every_sealed_column_is_tried_here():
    assert {str(column) for column in keys.sealed_columns()} == {
        *(
            "protected_identities.answer",
            "care_answers.answer",
            "submissions.fingerprint",
            "submissions.answers",
            "submissions.given",
            "answer_files.content",
            "kept_answers.content",
            "kept_export_parts.content",
            "import_table_parts.content",
        ),
        *("users.totp_secret", "users.totp_proposed", "outbox_messages.content", "kept_words.words"),
        *("autosaves.words", "registration_merges.before", "registration_merges.care_before"),
        "delegates.typed",
    }


def test_what_another_person_had_entered_does_not_open(database):
    digests = {name: digest(name) for name in ("mine", "theirs")}
    for name, value in digests.items():
        save(
            KeptWords(
                digest=value, user_id=make_user(email=f"{name}@example.org").id, made_at=NOW, words=name
            )
        )
    copy("kept_words", "words", "digest", digests["theirs"], digests["mine"])
    assert db.session.get_one(KeptWords, digests["theirs"]).words == "theirs"
    with pytest.raises(InvalidTag):
        assert db.session.get_one(KeptWords, digests["mine"]).words


@pytest.mark.parametrize("model", [ProtectedIdentity, CareAnswer])
def test_answer_of_another_person_does_not_open(database, model):
    event = make_event()
    theirs = register(event, is_protected=True, real_name="Verkliga Namnet").id
    mine = register(event).id
    copy(model.__tablename__, "answer", "registration_id", theirs, mine)
    assert db.session.get_one(model, theirs).answer
    with pytest.raises(InvalidTag):
        assert db.session.get_one(model, mine).answer


def test_form_of_another_person_does_not_open(database):
    event = make_event()
    theirs, mine = (
        db.session.scalars(select(Submission.key).where(Submission.registration_id == each.id)).one()
        for each in (register(event, given={"diet": []}), register(event, given={}))
    )
    for column in ("fingerprint", "answers", "given"):
        copy("submissions", column, "key", theirs, mine)
        assert getattr(db.session.get_one(Submission, theirs), column)
        with pytest.raises(InvalidTag):
            getattr(db.session.get_one(Submission, mine), column)


def test_what_another_merged_registration_had_before_does_not_open(database):
    event = make_event()
    merges = []
    for _number in range(2):
        one, other = confirmed(event), confirmed(event)
        merges.append(write(uniting.unite, one, other, (), actor="command", now=NOW).ended_id)
    for column in ("before", "care_before"):
        copy("registration_merges", column, "ended_id", *merges)
        assert getattr(db.session.get_one(RegistrationMerge, merges[0]), column)
        with pytest.raises(InvalidTag):
            getattr(db.session.get_one(RegistrationMerge, merges[1]), column)


def test_what_a_contact_typed_of_another_person_does_not_open(database):
    """If the copy could be decrypted, the contact's page would show somebody else's name beside a person's state."""
    mine, theirs = registered(make_event(sectors=[make_sector("tech")]), (ALONE, ALONE)).people
    copy("delegates", "typed", "id", theirs.id, mine.id)
    assert theirs.typed
    with pytest.raises(InvalidTag):
        assert mine.typed


def test_second_factor_of_another_organiser_opens_no_door(database):
    """A code of one organiser's authenticator must not open another account, even if the secret was copied there."""
    theirs, mine = make_user(totp_secret=b"twenty bytes of mine"), make_user()
    copy("users", "totp_secret", "id", theirs.id, mine.id)
    start_write(db.session)
    with pytest.raises(InvalidTag):
        accounts.check_code(mine, code_of(theirs), now=NOW)


def test_proposed_second_factor_does_not_open_as_the_one_in_use(database):
    user = make_user(totp_secret=None, totp_proposed=b"twenty bytes of mine")
    start_write(db.session)
    db.session.execute(text("UPDATE users SET totp_secret = totp_proposed"))
    db.session.commit()
    assert user.totp_proposed
    with pytest.raises(InvalidTag):
        assert user.totp_secret


@pytest.mark.parametrize("step", ["content", "recipient"])
def test_mail_of_another_leaves_for_nobody_else(database, app, step):
    """A mail's content holds a personal link, so it must not be moved to another mail or sent to another address."""
    theirs, mine = make_mails(2)
    copy("outbox_messages", step, "id", theirs.id, mine.id)
    mine = mine.id

    delivery.deliver_due()

    assert states() == [("sent", 1), ("failed", 1)]
    assert "sealed for another message" in db.session.get_one(OutboxMessage, mine).last_error


def test_long_answers_of_another_browser_do_not_open(database):
    event = make_event()
    for key in ("theirs", "mine"):
        save(KeptAnswers(digest=key, event_id=event.id, ends_at=NOW, content=b"answers"))
    copy("kept_answers", "content", "digest", "theirs", "mine")
    assert db.session.get_one(KeptAnswers, "theirs").content == b"answers"
    with pytest.raises(InvalidTag):
        assert db.session.get_one(KeptAnswers, "mine").content


def test_doctor_names_what_was_moved_and_rotating_leaves_it_closed(database, app):
    theirs, mine = make_user(totp_secret=b"twenty bytes of mine"), make_user()
    assert [finding.words for finding in checks.examine(["sealed"], NOW)] == [
        "every sealed value opens in its own row (2)"
    ]
    copy("users", "totp_secret", "id", theirs.id, mine.id)
    said = (
        f"1 of 2 sealed values cannot be opened in their row (users.totp_secret {mine.id}):"
        " copied there, changed, or sealed with a key that is not here"
    )

    rotated = app.test_cli_runner().invoke(cli, ["rotate-keys"])

    assert "1 value does not open in its row; what is there was left as before" in rotated.output
    assert [(each.is_well, each.words) for each in checks.examine(["sealed"], NOW)] == [(False, said)]
    with pytest.raises(InvalidTag):
        assert db.session.get_one(User, mine.id).totp_secret


def test_file_of_another_person_does_not_open(database):
    event = make_event()
    question = make_question(event, "cv", QuestionKind.FILE, file_types=["pdf"], most_megabytes=1)
    for key in ("theirs", "mine"):
        person = register(event)
        told = {"question_id": question.id, "registration_id": person.id, "received_at": NOW}
        save(AnswerFile(key=key, file_type="pdf", size=4, content=b"%PDF", **told))
    copy("answer_files", "content", "key", "theirs", "mine")
    assert db.session.get_one(AnswerFile, "theirs").content == b"%PDF"
    with pytest.raises(InvalidTag):
        assert db.session.get_one(AnswerFile, "mine").content
