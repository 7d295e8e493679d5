"""Invitations in a restored database: no invitation and no reminder leaves a second time by itself (R12).

An invitation that has no mail in the backup may have been mailed since: it is paused until an organiser sends it
(`forum.invitations.releasing`). A reminder whose moment has passed may have left, too, and does not leave.
Nobody knows which invitations organisers made after the backup: an organiser who invites the same people again mails
them a second time.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, inspect, literal, or_, select, update
from sqlalchemy.engine import Connection

from forum import clock
from forum.database import Base
from forum.events.models import Event
from forum.invitations import silence
from forum.invitations.enums import InvitationState
from forum.invitations.models import PAUSED_LINK, Invitation

# SQL that pauses invitations and ends reminders in a PostgreSQL backup, as `quiet` does. A backup of an earlier release
# may lack some of the columns that the SQL uses, so it looks for each of them first.
PAUSING = """DO $$ BEGIN IF to_regclass('invitations') IS NOT NULL THEN
UPDATE invitations SET link_digest = 'held:' || id WHERE state = 'open' AND link_digest IS NULL; END IF; END $$;
DO $$ DECLARE ruled integer[] := '{}'; BEGIN
IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('events')
  AND attname = 'invitation_reminder_days') THEN
ruled := ARRAY(SELECT one.id FROM invitations AS one JOIN events ON events.id = one.event_id
  LEFT JOIN outbox_messages AS mail ON mail.id = one.message_id
  CROSS JOIN LATERAL (SELECT (date_trunc('day', coalesce(mail.sent_at, one.made_at) AT TIME ZONE timezone)
    + make_interval(days => invitation_reminder_days, hours => invitation_reminder_hour)) AT TIME ZONE timezone AS due
  ) AS rule WHERE one.remind_at IS NULL AND due <= now() AND due > now() - interval '12 hours');
END IF;
IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('invitations')
  AND attname = 'exempt_from_rule') THEN
UPDATE invitations SET remind_at = NULL, exempt_from_rule = true
WHERE state = 'open' AND reminded_at IS NULL AND (remind_at <= now() OR id = ANY(ruled));
ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('invitations') AND attname = 'remind_at') THEN
UPDATE invitations SET remind_at = expires_at
WHERE state = 'open' AND reminded_at IS NULL AND (remind_at <= now() OR id = ANY(ruled));
END IF; END $$;
"""


def quiet(connection: Connection) -> None:
    """Pause the invitations without a mail until an organiser sends them, and end reminders whose moment has passed."""
    _pause(connection)
    _end_past_reminders(connection)


def _pause(connection: Connection) -> None:
    """Pause invitations without a mail until an organiser sends them: they may have been mailed after the backup."""
    paused = literal(PAUSED_LINK).concat(cast(Invitation.id, String))
    unsent = Invitation.state == InvitationState.OPEN, Invitation.link_digest.is_(None)
    connection.execute(update(Invitation).where(*unsent).values(link_digest=paused))


def _end_past_reminders(connection: Connection) -> None:
    """Keep past reminders of invitations from leaving; organisers can still remind people by hand.

    The tables of an earlier release may lack the column for the event's reminder rule, or the one that exempts an
    invitation from the rule. Without the latter, the reminder is set to the moment at which the invitation ends: the
    rule leaves out invitations that have a reminder moment of their own, and nobody is reminded of an ended invitation.
    """
    now, columns = clock.now(), _columns_of(connection, Invitation)
    if Invitation.remind_at.key not in columns:
        return
    is_exempt = Invitation.exempt_from_rule.key in columns
    values = (
        {"remind_at": None, "exempt_from_rule": True} if is_exempt else {"remind_at": Invitation.expires_at}
    )
    silent = Invitation.state == InvitationState.OPEN, Invitation.reminded_at.is_(None)
    ended = update(Invitation).where(*silent).values(values)
    ruled = _reminded_by_rule(connection, now)
    connection.execute(ended.where(or_(Invitation.remind_at <= now, Invitation.id.in_(ruled))))


def _reminded_by_rule(connection: Connection, now: datetime) -> list[int]:
    """Return the ids of the invitations for which their event's reminder rule would send a reminder now."""
    if Event.invitation_reminder_days.key not in _columns_of(connection, Event):
        return []
    rules = select(Event.id, Event.timezone, Event.invitation_reminder_days, Event.invitation_reminder_hour)
    ids: list[int] = []
    for event_id, zone, days, hour in connection.execute(rules).all():
        if days:
            mine = Invitation.event_id == event_id, Invitation.remind_at.is_(None)
            mailed = select(Invitation.id).where(*mine, silence.mailed_on(ZoneInfo(zone), days, hour, now))
            ids += connection.execute(mailed).scalars()
    return ids


def _columns_of(connection: Connection, model: type[Base]) -> set[str]:
    """Return the columns that the model's table has in the backup, which may be one of an earlier release."""
    return {column["name"] for column in inspect(connection).get_columns(model.__tablename__)}
