"""The health check that compares the counters of places with the registrations, invitations and bare holds."""

from datetime import datetime

from sqlalchemy import text

from forum.counting import counted
from forum.extensions import db

WRONG_COUNTERS = text(
    "SELECT (SELECT count(*) FROM sectors WHERE taken <> reserved + (SELECT count(*) FROM registrations AS r"
    " WHERE r.event_id = sectors.event_id AND r.sector_id = sectors.id AND r.holds_place)"
    " OR reserved <> (SELECT count(*) FROM invitations AS i WHERE i.sector_id = sectors.id AND i.holds_place)"
    " + (SELECT count(*) FROM bare_holds AS b WHERE b.sector_id = sectors.id))"
    " + (SELECT count(*) FROM events WHERE taken <>"
    " (SELECT count(*) FROM registrations AS r WHERE r.event_id = events.id AND r.holds_place)"
    " + (SELECT count(*) FROM invitations AS i WHERE i.event_id = events.id AND i.holds_place)"
    " + (SELECT count(*) FROM bare_holds AS b WHERE b.event_id = events.id))"
)

# Triggers keep numbers of registrations by sector and state. This query counts the numbers that differ from the
# registrations.
WRONG_STATES = text(
    "SELECT count(*) FROM (SELECT sum(number) FROM"
    " (SELECT event_id, sector_id, status, count(*) AS number FROM registrations"
    " GROUP BY event_id, sector_id, status"
    " UNION ALL SELECT event_id, sector_id, status, -number FROM people_counts) AS every"
    " GROUP BY event_id, sector_id, status HAVING sum(number) <> 0) AS wrong"
)


def check(now: datetime) -> tuple[bool, str]:
    """Return whether every counter is right, and a sentence about it."""
    wrong = (db.session.scalar(WRONG_COUNTERS) or 0) + (db.session.scalar(WRONG_STATES) or 0)
    return (
        not wrong,
        f"{counted(wrong, 'counts', 'count')} other numbers than their registrations tell: forum mend-counters"
        if wrong
        else "agree",
    )
