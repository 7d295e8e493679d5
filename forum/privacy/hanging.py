"""Finding all data of a registration: rows that refer to it by foreign keys, and rows with its address (P08, P11).

The foreign keys are read from the models, so no list of tables has to be maintained: own data include the rows of a new
table at once, and erasing a registration deletes them. tests/guards/test_hanging.py fails on a foreign key that would
keep rows of an erased person, and on a table that keeps an address without being listed in `BY_ADDRESS`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import Column, ForeignKey, select
from sqlalchemy.orm import Mapper

from forum.database import Base
from forum.delegations import by_address
from forum.extensions import db
from forum.invitations import queries as invitations
from forum.invitations.models import Invitation
from forum.mailings import refusals
from forum.outbox import suppression
from forum.outbox.models import OutboxMessage
from forum.questions import care_consent, files
from forum.questions.models import Answer
from forum.registration import new_address
from forum.registration.consent_texts import words_of
from forum.registration.models import CareAnswer, Consent, Registration
from forum.registration.names import canonical_email
from forum.registration.owners import list_former, list_joined, list_sole, may_read_sealed
from forum.sealing import Sealed

ROOT = Registration.__tablename__
# Tables that `list_keys` leaves out: they refer to mails to followers of the news, which belong to no registration.
OF_FOLLOWERS = {"news_mails"}
# Columns that a person who reads their own data is not shown, in groups. A comment says what each group holds.
UNTOLD = {
    # The person is not shown digests of secrets.
    *("registration_tokens.digest", "ended_sign_ins.digest", "address_changes.digest"),
    *("invitations.link_digest", "invitations.reminder_digest"),
    *("substitutions.digest", "delegations.form_key"),
    *("mail_refusals.digest", "suppressed_addresses.digest", "suppressed_addresses.key"),
    # The person is not shown content and key of a file: a link on the page downloads the file, and the answer's own row
    # shows the key.
    *("answer_files.key", "answer_files.content"),
    # The person is not shown the digest of the sender's network address, which is deleted once the person confirms.
    "answer_files.asked_from",
    # The person is not shown random values, nor digests of answers: the page shows the answers themselves.
    *("submissions.key", "submissions.fingerprint"),
    # The person is not shown copies of answers, changed for sorting, comparing and searching.
    *("registrations.sort_key", "registrations.email_canonical", "registrations.organisation_key"),
    *("registrations.organisation_sort_key", "registrations.search_text", "invitations.email_canonical"),
    "registrations.sealed_for",  # `sealed_for` is a digest of the person's address
    "delegations.email_canonical",
    *("registrations.search_extra", "registrations.search_extra_from"),
    *("registrations.version", "task_people.seen_version"),
    # The person is not shown the content of unsent mails: it has a personal link, which the person gets with the mail.
    "outbox_messages.content",
    # The person is not shown technical values for sending a mail.
    *(f"outbox_messages.{name}" for name in ("message_id", "lane", "lease_owner", "lease_until")),
    *(
        f"outbox_messages.{name}"
        for name in ("attempts", "next_attempt_at", "not_after", "unanswered_since", "last_error")
    ),
}
# Columns of which a person reads only the parts named here in their own data, because other parts concern somebody
# else.
PARTLY = {
    "offers.why": ("because", "rank"),
    # Of the values before a merge, the person is not shown digests of both addresses, nor keys by which files are read.
    "registration_merges.before": (
        *("confirmed_at", "values", "identity", "notes", "tags", "delegates", "withdrawn", "added"),
    ),
}
# Tables with organisers' notes during a review. A copy of one's own data has them only once the review is decided
# (`own_data.DELIBERATIONS`). `task_people` is one of them: a task may have left a person out because of such a note.
DELIBERATIONS = {"proposed_refusals", "recusals", "task_people"}
# Tables whose rows belong to a person because of an equal address, with or without a foreign key to a registration
# (`_addressed`).
BY_ADDRESS = {"invitations", "delegations", "delegates", "substitutions"}
# Tables whose rows belong to a person because of a digest of the address. They outlive an erasure on purpose (M10).
BY_DIGEST = {"mail_refusals", "suppressed_addresses"}
# Foreign keys from one person's row to somebody else's row: own data and erasures do not include the rows to which they
# lead.
TO_OTHERS = {"invitations.forwarded_to_id"}
# Values that are sealed with these keys are shown only if the registration certainly is the reader's (`owners`).
# Otherwise the same fixed text is shown to everybody.
APART = {"identity", "care"}
CLOSED = {"not_shown": True}
# Texts that the person and organisers wrote to and about each other. Such texts of ended registrations with the same
# address are not shown.
FREE_WORDS = {
    *("restriction_requests.words", "restriction_requests.reason", "erasure_requests.reason"),
    *("registration_notes.text", "registration_tags.name", "offers.reason"),
    *("registrations.decline_words", "proposed_refusals.words"),
    *("invitations.words", "invitations.reason"),
}
Row = dict[str, Any]


@cache
def list_keys() -> tuple[ForeignKey, ...]:
    """Return the foreign keys by which rows refer to a registration, directly or through other such rows."""
    owned, keys = {ROOT}, []
    possible = [key for key in _all_keys() if key.parent.table.name not in OF_FOLLOWERS]
    while new := [key for key in possible if key not in keys and key.column.table.name in owned]:
        keys += new
        owned |= {key.parent.table.name for key in new}
    return tuple(keys)


def find_rows(registration: Registration) -> dict[str, list[Any]]:
    """Return, by table, the registration, registrations merged with it, and the rows that refer to any of these."""
    return _find_rows([registration, *list_joined(registration)])


def tell(registration: Registration) -> dict[str, list[Row]]:
    """Return all data about the registration's person, by table and row, sealed answers decrypted (Art. 15, 20 GDPR).

    Sealed answers of earlier registrations with the address are not decrypted, because a mailbox may be shared. Of
    these registrations, texts (`FREE_WORDS`), files, other addresses and the mails to these are left out.
    """
    withheld = DELIBERATIONS if registration.is_in_review else ()
    mine = [registration, *list_joined(registration)]
    own, former = _find_rows(mine), _find_rows(list_former(registration))
    is_closed, mails = not may_read_sealed(registration), OutboxMessage.__tablename__
    addresses = {one.email_canonical for one in mine}
    own[mails] = new_address.without_foreign(registration, own[mails])
    former[mails] = [mail for mail in former[mails] if canonical_email(mail.recipient) in addresses]
    told = {table: [_told(row, is_closed) for row in rows] for table, rows in {**own, **_marks(mine)}.items()}
    for table, rows in former.items():
        also = [_told_former(row, addresses) for row in rows if row not in own.get(table, ())]
        told[table] = [*told.get(table, ()), *also]
    return {table: rows for table, rows in told.items() if rows and table not in withheld}


def told_columns(table: str) -> list[Column]:
    """Return the columns of a table that own data include: neither ids nor what `UNTOLD` lists."""
    return [
        column
        for column in Base.metadata.tables[table].columns
        if column.name != "id" and not column.foreign_keys and f"{table}.{column.name}" not in UNTOLD
    ]


def _find_rows(every: Sequence[Registration]) -> dict[str, list[Any]]:
    by_table: dict[str, list[Any]] = {ROOT: [*every], **_addressed(every)}
    for key in list_keys():
        owners = [getattr(row, _attribute(key.column)) for row in by_table.get(key.column.table.name, ())]
        known = by_table.setdefault(key.parent.table.name, [])
        known += [row for row in _rows_with(key.parent, owners) if row not in known]
    return by_table


def _addressed(registrations: Sequence[Registration]) -> dict[str, list[Any]]:
    """Return, by table, the rows that have one of the person's addresses, and the mails of these rows.

    These are invitations, unless another registration has answered them, and rows of delegations and substitutions.
    Rows with an address with which somebody else is registered belong to that person, and are left out.
    """
    sole = list_sole(registrations) if registrations else []
    mine = {None, *(one.id for one in registrations)}
    every = [invitation for one in sole for invitation in invitations.list_of(one)]
    invited = [invitation for invitation in every if invitation.registration_id in mine]
    mails = [invitation.message for invitation in invited if invitation.message]
    by_table: dict[str, list[Any]] = {Invitation.__tablename__: invited, OutboxMessage.__tablename__: mails}
    for one in sole:
        for table, rows in by_address.find_rows(one).items():
            known = by_table.setdefault(table, [])
            known += [row for row in rows if row not in known]
    return by_table


def _marks(registrations: Sequence[Registration]) -> dict[str, list[Any]]:
    """Return, by table, the marks on the person's confirmed addresses and refusals of messages, stored by digest."""
    addresses = sorted({(one.email, one.event_id) for one in registrations if one.has_address})
    marks = [mark for address, event_id in addresses for mark in suppression.find_all(address, event_id)]
    refused = [
        one for address, event_id in addresses for one in refusals.list_of(event_id, canonical_email(address))
    ]
    return {"mail_refusals": refused, "suppressed_addresses": marks}


def _told(row: Any, is_closed: bool) -> Row:
    told = _named(row)
    for column in told_columns(row.__tablename__):
        is_kept = (is_closed and _is_apart(column)) or _is_by_open_link(row, column)
        told[column.name] = _closed(row, column) if is_kept else _value(row, column)
    if isinstance(row, Consent):
        return {**told, "text": dict(words_of(row))}
    return {**told, **_care_text(row)} if isinstance(row, CareAnswer) and not is_closed else told


def _care_text(row: CareAnswer) -> Row:
    """Return the text to which the person agreed by answering about diet and access; {} without a noted version."""
    note = care_consent.find_note(row.answer) or {}
    return {"text": dict(care_consent.words(note["text_version"]))} if note.get("text_version") else {}


def _told_former(row: Any, addresses: Collection[str]) -> Row:
    """Return a row about an ended registration for the copy of data that an owner of one of these addresses gets.

    The addresses are canonical. Several people may share a mailbox, so a fixed text replaces sealed answers, the texts
    in `FREE_WORDS`, files and other addresses.
    """
    told = _told(row, is_closed=True)
    for column in told_columns(row.__tablename__):
        value = _value(row, column)
        is_kept = (
            _is_apart(column)
            or f"{row.__tablename__}.{column.name}" in FREE_WORDS
            or (column.name == "email" and canonical_email(value or "") not in addresses)
            or (isinstance(row, Answer) and files.keys_in([value]))
        )
        if is_kept and value is not None:
            told[column.name] = dict(CLOSED)
    return told


def _is_by_open_link(row: Any, column: Column) -> bool:
    """Return whether the value is a reason for declining an invitation: anybody with the link may have written it."""
    return isinstance(row, Invitation) and column.name == "reason" and row.registration_id is None


def _is_apart(column: Column) -> bool:
    """Return whether the column is sealed with one of the keys in `APART`: identity, diet and access."""
    return isinstance(column.type, Sealed) and column.type.purpose in APART


def _closed(row: Any, column: Column) -> Row | None:
    """Return the text that own data show in place of a sealed value that the reader may not see.

    In the record of a merge, which holds former values of the registration, the text replaces only sealed values.
    """
    value = _value(row, column)
    beside = value if isinstance(value, dict) and "values" in value else {}
    told = {**beside, "identity": dict(CLOSED)} if beside else dict(CLOSED)
    return None if value is None else told


def _named(row: Any) -> Row:
    """Return the keys of other rows to which a row refers, such as the key of the question that an answer answers."""
    named = {}
    for key in sorted(row.__table__.foreign_keys, key=lambda key: key.parent.name):
        target = key.column.table
        if "key" in target.columns and target.name not in _owned():
            is_meant = key.column == getattr(row, _attribute(key.parent))
            named[key.parent.name.removesuffix("_id")] = db.session.scalar(
                select(target.c.key).where(is_meant)
            )
    return named


def _value(row: Any, column: Column) -> Any:
    value = _plain(getattr(row, _attribute(column)))
    parts = PARTLY.get(f"{row.__tablename__}.{column.name}")
    return {part: value[part] for part in parts if part in value} if parts and value else value


@cache
def _owned() -> frozenset[str]:
    return frozenset({ROOT, *(key.parent.table.name for key in list_keys())})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _rows_with(column: Column, values: Collection[Any]) -> list[Any]:
    """Return the rows that have one of these values in a column, in the order of their primary keys."""
    model: Any = _mapper(column.table.name).class_
    mine = select(model).where(column.in_(values)).order_by(*column.table.primary_key)
    return list(db.session.scalars(mine)) if values else []


def _attribute(column: Column) -> str:
    """Return the name of the model's attribute for a column; for a sealed column, that of the decrypted value."""
    if isinstance(column.type, Sealed):
        return column.name
    return _mapper(column.table.name).get_property_by_column(column).key


@cache
def _mapper(table: str) -> Mapper:
    mapped: Any = Base.registry.mappers
    return next(mapper for mapper in mapped if mapper.local_table.name == table)


def _all_keys() -> list[ForeignKey]:
    tables = sorted(Base.metadata.tables.values(), key=lambda table: table.name)
    every = [key for table in tables for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)]
    return [key for key in every if f"{key.parent.table.name}.{key.parent.name}" not in TO_OTHERS]
