"""Files that answer questions: checked on arrival, stored encrypted, and served as downloads only (S29).

A file is stored for a day when a form arrives, even if the form has errors; the form's field then holds a signed text
that names the file. So a form that is shown again, with errors or to be checked, keeps its file. The size of files in
unfinished forms is limited, for each client and in all.
"""

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import case, delete, func, or_, select, update

from forum.extensions import db
from forum.images import making
from forum.images.errors import NotTaken, TooLarge, TooNarrow, TooSmall
from forum.questions.enums import FileType, QuestionKind
from forum.questions.errors import FileFault, FileRefused
from forum.questions.models import AnswerFile, Question
from forum.tidying import tidy
from forum.web.identity_numbers import holds_identity_number

MEGABYTE = 1_000_000
KEPT_UNSENT = timedelta(days=1)
# The most bytes of files that no confirmed answer refers to: for one client, and in all.
MOST_OF_CLIENT, MOST_OF_ALL = 30 * MEGABYTE, 500 * MEGABYTE
MEDIA_TYPES = {FileType.PDF: "application/pdf", FileType.PICTURE: "image/jpeg"}
ENDINGS = {FileType.PDF: ".pdf", FileType.PICTURE: ".jpg"}
LONGEST_NAME, NAMELESS = 60, "file"
# Characters that are special to a file system or a header, and so may not stand in a file's name.
OUTSIDE_NAMES = re.compile(r'[\\/:*?"<>|%;\x00-\x1f]')
SALT = "answer-file"
PDF_BEGINS, PDF_ENDS, PDF_TAIL = re.compile(rb"%PDF-[12]\.[0-9]"), b"%%EOF", 1024
# Active content that a PDF may not contain: scripts, and embedded files. Compressed pictures do not contain these words
# by chance.
ACTIVE = (b"JavaScript", b"Launch", b"EmbeddedFile", b"RichMedia")
# A name in a PDF may have characters written as numbers: /J#61vaScript is the same name as /JavaScript.
NAMES_ACTIVE = re.compile(
    b"/(?:%s)" % b"|".join(b"".join(b"(?:%c|(?i:#%02x))" % (one, one) for one in word) for word in ACTIVE)
)
PICTURE_FAULTS: Mapping[type[NotTaken], FileFault] = {
    TooLarge: FileFault.TOO_MANY_PIXELS,
    TooSmall: FileFault.TOO_FEW_PIXELS,
    TooNarrow: FileFault.TOO_FEW_PIXELS,
}


def check(question: Question, sent: bytes) -> tuple[FileType, bytes]:
    """Return the type of a file, by its content, and the bytes to store: a picture is re-encoded.

    Raises FileRefused, and NoTurn or StorageAway when no picture can be made now.
    """
    if not sent:
        raise FileRefused(FileFault.EMPTY)
    if len(sent) > question.most_megabytes * MEGABYTE:
        raise FileRefused(FileFault.TOO_LARGE)
    if PDF_BEGINS.match(sent):
        if FileType.PDF not in question.file_types:
            raise FileRefused(FileFault.OTHER_TYPE)
        return FileType.PDF, _checked_pdf(sent)
    if FileType.PICTURE not in question.file_types:
        raise FileRefused(FileFault.OTHER_TYPE)
    try:
        made = making.make_original(sent)
    except NotTaken as refusal:
        raise FileRefused(PICTURE_FAULTS.get(type(refusal), FileFault.OTHER_TYPE)) from None
    return FileType.PICTURE, made


def keep(
    question: Question, file_type: FileType, content: bytes, name: str, *, asked_from: str, now: datetime
) -> dict[str, Any]:
    """Store a checked file for its form; return the value of its answer: key, name and size.

    Call after `start_write`; the caller commits. Raises FileRefused.
    """
    _refuse_too_much(asked_from, len(content))
    file = AnswerFile(
        key=secrets.token_hex(16),
        question_id=question.id,
        file_type=file_type,
        size=len(content),
        asked_from=asked_from,
        received_at=now,
        ends_at=now + KEPT_UNSENT,
        content=content,
    )
    db.session.add(file)
    return {"key": file.key, "name": clean_name(name, file_type), "size": file.size}


def clean_name(name: str, file_type: FileType) -> str:
    """Return a file's name without folders, hidden characters and identity numbers, with the ending of its type."""
    last = tidy(re.split(r"[\\/]", name[-1000:])[-1])
    stem = OUTSIDE_NAMES.sub(" ", last.rpartition(".")[0] or last).strip(" .")
    stem = " ".join(stem[:LONGEST_NAME].split())
    return (NAMELESS if not stem or holds_identity_number(stem) else stem) + ENDINGS[file_type]


def sign(told: Mapping[str, Any] | None) -> str:
    """Return the signed text by which a form's field names a file; "" for no file."""
    return _signer().dumps([told["key"], told["name"], told["size"]]) if told else ""


def read(signed: Any) -> dict[str, Any] | None:
    """Return the answer's value for the signed text of a field, or None for a text that this site has not signed."""
    try:
        key, name, size = _signer().loads(signed) if isinstance(signed, str) and signed else (None, "", 0)
    except (BadSignature, ValueError, TypeError):
        return None
    return {"key": key, "name": name, "size": size} if key else None


def is_kept(question: Question, told: Mapping[str, Any], now: datetime) -> bool:
    """Return whether the file is still stored and belongs to this question.

    The file of a form that was sent lasts as long as its registration can be confirmed, even if `ends_at` is past.
    """
    mine = AnswerFile.key == told["key"], AnswerFile.question_id == question.id
    lasts = or_(
        AnswerFile.ends_at.is_(None), AnswerFile.ends_at > now, AnswerFile.registration_id.is_not(None)
    )
    return db.session.scalar(select(func.count()).where(*mine, lasts)) == 1


def hold(registration_id: int, given: Mapping[str, Any] | None, *, now: datetime) -> None:
    """Keep the files of a sent form as long as its registration can be confirmed.

    The files still count against the client's limit, or forms for addresses that nobody confirms could fill the disk.
    """
    if keys := keys_in((given or {}).values()):
        change = update(AnswerFile).where(AnswerFile.key.in_(keys), AnswerFile.ends_at.is_not(None))
        held = {"registration_id": registration_id, "ends_at": now + KEPT_UNSENT}
        db.session.execute(change.values(held))


def settle(
    registration_id: int,
    questions: Iterable[Question],
    given: Mapping[str, Any],
    *,
    until: datetime | None = None,
) -> dict[str, Any]:
    """Keep the files that these answers refer to, and delete files of earlier answers; return the answers.

    `questions` are those answered or emptied in a form. The files are kept for good, or `until` a moment for answers
    that wait for an address to be confirmed. An answer is left out if its file is deleted, or belongs to another
    registration or question.
    """
    told = dict(given)
    for question in questions:
        if question.kind != QuestionKind.FILE:
            continue
        keys = keys_in([told.get(question.key)])
        mine = AnswerFile.question_id == question.id, AnswerFile.registration_id == registration_id
        free = AnswerFile.registration_id.is_(None) & AnswerFile.ends_at.is_not(None)
        named = AnswerFile.key.in_(keys), AnswerFile.question_id == question.id
        stays = {"registration_id": registration_id, "asked_from": None, "ends_at": until}
        is_mine = or_(AnswerFile.registration_id == registration_id, free)
        change = update(AnswerFile).where(*named, is_mine).values(stays).returning(AnswerFile.key)
        kept = db.session.scalars(change).all()
        db.session.execute(delete(AnswerFile).where(*mine, AnswerFile.key.not_in(keys)))
        if keys and not kept:
            del told[question.key]
    return told


def exchange(question_id: int, one: int, other: int) -> None:
    """Let two registrations, given by id, exchange the files with which they have answered a question."""
    both = AnswerFile.registration_id.in_((one, other)), AnswerFile.ends_at.is_(None)
    owner = case({one: other, other: one}, value=AnswerFile.registration_id)
    change = update(AnswerFile).where(AnswerFile.question_id == question_id, *both)
    db.session.execute(change.values(registration_id=owner))


def find_own(registration_id: int, key: str) -> AnswerFile | None:
    """Return the file with this key if it is a stored answer of this registration (S13)."""
    mine = AnswerFile.key == key, AnswerFile.registration_id == registration_id, AnswerFile.ends_at.is_(None)
    return db.session.scalars(select(AnswerFile).where(*mine)).one_or_none()


def forget_unsent(*, now: datetime, waiting: Any) -> int:
    """Delete files past their time that no confirmed answer uses; return how many.

    `waiting` selects the ids of registrations that can still be confirmed: these keep their files.
    """
    over = AnswerFile.ends_at <= now
    free = or_(AnswerFile.registration_id.is_(None), AnswerFile.registration_id.not_in(waiting))
    return len(db.session.scalars(delete(AnswerFile).where(over, free).returning(AnswerFile.key)).all())


def keys_in(values: Iterable[Any]) -> list[str]:
    """Return the keys of the files that these answers refer to."""
    return [value["key"] for value in values if isinstance(value, Mapping) and "key" in value]


def _checked_pdf(sent: bytes) -> bytes:
    if PDF_ENDS not in sent[-PDF_TAIL:]:
        raise FileRefused(FileFault.DAMAGED)
    if NAMES_ACTIVE.search(sent):
        raise FileRefused(FileFault.ACTIVE)
    return sent


def _refuse_too_much(asked_from: str, size: int) -> None:
    """Raise FileRefused when unfinished forms of this client, or of all together, have too many bytes of files."""
    unsent = select(func.sum(AnswerFile.size)).where(AnswerFile.ends_at.is_not(None))
    if (db.session.scalar(unsent.where(AnswerFile.asked_from == asked_from)) or 0) + size > MOST_OF_CLIENT:
        raise FileRefused(FileFault.TOO_MUCH)
    if (db.session.scalar(unsent) or 0) + size > MOST_OF_ALL:
        raise FileRefused(FileFault.NO_ROOM)


def _signer() -> URLSafeSerializer:
    secret_keys = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    return URLSafeSerializer(secret_keys, salt=SALT, serializer=json)
