"""The texts from which a mail is made: finding them, and making the mail again with other texts in their place.

making = Making.of(message, context, recipient_name, reply_to, attachments)    as `outbox.actions` is told of a mail
for field in making.used_fields():
    with field.holding("text"):
        making.make()      the mail with this text in the field, or a dead letter

A field is a text of an event, a registration or another row that the mail's templates read, a text that is given to the
mail directly, or a part of its envelope. Which rows the templates read is known once the mail has been made.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from email import message_from_bytes, policy
from functools import partial
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import InstanceState
from sqlalchemy.orm.attributes import set_committed_value

from forum.columns import Text
from forum.extensions import db
from forum.outbox import actions
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.messages import Attachment
from forum.outbox.models import OutboxMessage

# How many rows lie between a mail's values and the furthest row whose texts are fields.
DEPTH = 4
# Values of a mail that its headers are made of, whether or not a reader sees them.
OF_HEADERS = {"context.leave_link", "context.leave_address", "context.list_name", "context.sender_name"}
ENVELOPE = ("recipient", "recipient_name", "reply_to", "filename", "content_type")


@dataclass(frozen=True)
class Field:
    """A text from which a mail is made: `put` replaces it."""

    name: str
    old: Any
    put: Callable[[Any], None]

    @contextmanager
    def holding(self, text: str) -> Iterator[None]:
        """Within the block the field holds `text`, in each of its languages."""
        self.put(Text(dict.fromkeys(self.old, text)) if isinstance(self.old, Text) else text)
        try:
            yield
        finally:
            self.put(self.old)


@dataclass
class Making:
    """What a mail is made from."""

    kind: str
    language: str
    event_id: int | None
    moment: Any
    context: dict[str, Any]
    envelope: dict[str, str]
    files: list[bytes]

    @classmethod
    def of(
        cls,
        message: OutboxMessage,
        context: Any,
        recipient_name: str,
        reply_to: str,
        attachments: Sequence[Attachment],
    ) -> "Making":
        """Return what the outbox was told of a mail; all attached files get the name and type of the first one."""
        first = attachments[0] if attachments else None
        envelope = {
            "recipient": message.recipient,
            "recipient_name": recipient_name,
            "reply_to": reply_to,
            **({"filename": first.filename, "content_type": first.content_type} if first else {}),
        }
        files = [one.content for one in attachments]
        told = message.kind, message.language, message.event_id, message.created_at
        return cls(*told, _listed(dict(context)), envelope, files)

    def make(self) -> OutboxMessage:
        """Make the mail by the outbox's own rules, without storing it; a mail that cannot be made has no content."""
        message = OutboxMessage(
            kind=self.kind,
            recipient=self.envelope["recipient"],
            language=self.language,
            subject="",
            message_id="<1@example.org>",
            status=MessageStatus.QUEUED,
            lane=Lane.SOON,
            created_at=self.moment,
            event_id=self.event_id,
        )
        names = self.envelope.get("filename", ""), self.envelope.get("content_type", "")
        files = [Attachment(*names, content) for content in self.files]
        with db.session.no_autoflush:
            told = self.envelope["recipient_name"], self.envelope["reply_to"]
            actions._write(message, self.context, *told, files)
        return message

    def used_fields(self, unfit: set[str]) -> list[Field]:
        """Return the fields whose text stands somewhere in the mail, and those of its headers and envelope.

        `unfit` holds the names of fields with which no mail can be made, such as a time zone; further ones are added.
        """
        self.make()
        found = {field.name: field for field in _fields(self.context, "context", set(), 0)}
        marks = {name: f"Zq{number}z" for number, name in enumerate(found) if _column(name) not in unfit}
        read = self._read_with(found, marks, unfit)
        used = [field for name, field in found.items() if name in OF_HEADERS or marks.get(name, "\0") in read]
        of_envelope = [
            Field(f"envelope.{name}", self.envelope[name], partial(self.envelope.__setitem__, name))
            for name in ENVELOPE
            if name in self.envelope
        ]
        return [*used, *of_envelope]

    def _read_with(self, found: dict[str, Field], marks: dict[str, str], unfit: set[str]) -> str:
        """Return what a reader sees of the mail with all marks in their fields, made in parts where that fails."""
        with ExitStack() as held:
            for name, mark in marks.items():
                held.enter_context(found[name].holding(mark))
            message = self.make()
        if message.content is not None:
            return read_everything(message.content)
        if len(marks) == 1:
            unfit.update(map(_column, marks))
        if len(marks) <= 1:
            return ""
        names = [*marks]
        halves = names[: len(names) // 2], names[len(names) // 2 :]
        return "".join(self._read_with(found, {name: marks[name] for name in half}, unfit) for half in halves)


def read_everything(raw: bytes) -> str:
    """Return headers and parts of a mail in one text, decoded."""
    message = message_from_bytes(raw, policy=policy.default)
    said = [str(value) for value in message.values()]
    for part in message.walk():
        said += [] if part.is_multipart() else [str(part.get_content())]
    return "\n".join(said)


def _column(name: str) -> str:
    """Return the part of a field's name that is the same for all rows of a table, such as "Event.timezone"."""
    return name.rpartition("/")[2]


def _listed(value: Any) -> Any:
    """Return the value with lists in place of tuples, whose texts can be replaced."""
    if type(value) is dict:
        return {key: _listed(one) for key, one in value.items()}
    return [_listed(one) for one in value] if type(value) in (list, tuple) else value


def _fields(value: Any, name: str, seen: set[int], depth: int) -> Iterator[Field]:
    if id(value) in seen or depth > DEPTH:
        return
    seen.add(id(value))
    for part, one, put in _parts(value):
        inner = f"{name}{part}"
        if isinstance(one, Text) or type(one) is str:
            if put:
                yield Field(inner, one, put)
        else:
            yield from _fields(one, inner, seen, depth + 1)


def _parts(value: Any) -> Iterator[tuple[str, Any, Callable[[Any], None] | None]]:
    """Yield each part of a value: its name, the part, and a function that replaces the part."""
    state = inspect(value, raiseerr=False)
    if isinstance(state, InstanceState):
        yield from _of_row(value, state)
    elif isinstance(value, dict):
        for key in value:
            yield f".{key}", value[key], partial(value.__setitem__, key)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield f".{number}", one, partial(value.__setitem__, number)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            put = partial(object.__setattr__, value, field.name)
            yield f".{field.name}", getattr(value, field.name), put


def _of_row(row: Any, state: InstanceState) -> Iterator[tuple[str, Any, Callable[[Any], None] | None]]:
    """Yield the columns of a row, and the other rows that were read with it."""
    table = type(row).__name__
    for attribute in state.mapper.column_attrs:
        put = partial(set_committed_value, row, attribute.key)
        yield f"/{table}.{attribute.key}", getattr(row, attribute.key), put
    for relation in state.mapper.relationships:
        if relation.key not in state.unloaded:
            yield f"/{table}.{relation.key}", getattr(row, relation.key), None
