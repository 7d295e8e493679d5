"""Own data and erasure include every row that refers to a registration (P08, P11, P18)."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select

from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.database import Base, start_write
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.extensions import db
from forum.privacy import actions, erasing, hanging
from forum.privacy.models import ErasureRequest
from forum.registration.models import Registration
from forum.registration.names import canonical_email
from tests.factories.events import NOW
from tests.factories.invitations import new_invitation
from tests.factories.registrations import write
from tests.factories.saving import save
from tests.guards.conftest import BOTH
from tests.guards.world import PERSON, find_registration

# Tables with an address whose rows belong to no registered person, with the reason.
NOT_OF_VISITORS = {
    "users": "accounts of organisers",
    "followers": "readers of the news, a list apart that nothing ties to a registration; they end it by its own link",
    "address_changes": "an address that nobody has confirmed; the row goes with the registration after 48 hours",
}
# Foreign keys of rows that stay after a person is erased, with the reason.
KEEPING = {"erasure_requests.registration_id": "the proof that somebody was erased; it names nobody then"}


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


def test_every_row_of_a_person_goes_with_the_registration_and_is_told_before():
    """A new table with a foreign key to a registration fails here unless erasing deletes its rows."""
    kept = {
        f"{key.parent.table.name}.{key.parent.name}"
        for key in hanging.list_keys()
        if key.column.table.name == hanging.ROOT and key.ondelete != "CASCADE"
    }
    assert kept == set(KEEPING)
    direct = {key.parent.table.name for key in hanging.list_keys() if key.column.table.name == hanging.ROOT}
    for key in hanging.list_keys():
        goes_along = key.ondelete == "CASCADE" or key.parent.table.name in direct
        assert goes_along, f"{key.parent} outlives {key.column}"
    addressed = {table.name for table in Base.metadata.tables.values() if "email" in table.columns}
    assert addressed - {hanging.ROOT} - set(NOT_OF_VISITORS) == hanging.BY_ADDRESS
    columns = {
        f"{table.name}.{column.name}" for table in Base.metadata.tables.values() for column in table.columns
    }
    assert columns >= hanging.UNTOLD


def test_own_data_are_all_rows_that_lead_to_the_person_by_foreign_keys(fresh_world):
    with fresh_world.app.app_context():
        person = find_registration(fresh_world, PERSON)
        write(actions.ask, person, now=NOW)
        told = hanging.tell(person)
        assert json.loads(json.dumps(told)) == told
        for table, ids in rows_by_walking(person.id).items():
            assert len(told.get(table, [])) == len(ids), table
        assert {
            "registrations",
            "consents",
            "outbox_messages",
            "registration_tokens",
            "submissions",
        } <= told.keys()
        assert "zq" in str(told["care_answers"])
        assert all(set(offer["why"]) <= {"because", "rank"} for offer in told["offers"])
        assert [tag["name"] for tag in told["registration_tags"]]
        assert told["answers"][0]["question"] == "arrival"
        assert told["protected_identities"][0]["answer"]["is_protected"] is True
        assert all(consent["text"]["sv"] for consent in told["consents"])


def test_an_erased_person_is_in_no_row_and_the_audit_trail_still_verifies(fresh_world):
    """No text of the person is left in any table, a twin with equal data stays, and the audit chain is valid."""
    with fresh_world.app.app_context():
        person, twin = find_registration(fresh_world, PERSON), find_registration(fresh_world, "twin")
        owned = rows_by_walking(person.id)
        mine = {
            word
            for word, canary in fresh_world.canaries.items()
            if canary.row and canary.row[0] in owned.get(canary.table, set())
        }
        assert len(mine) > 20
        twins = rows_by_walking(twin.id)
        request = write(actions.ask, person, now=NOW)
        email = person.email
        named_elsewhere(person, twin)
        write(actions.carry_out, request, actor="command", now=NOW + timedelta(days=1))
        write(erasing.forget_last_mails, now=NOW + timedelta(days=4))
        dump = everything_stored()
        assert [word for word in mine if word in dump] == []
        assert email.lower() not in dump.lower()
        assert (
            db.session.scalars(select(Registration.reference)).all().count(fresh_world.references[PERSON])
            == 0
        )
        assert {table: len(ids) for table, ids in rows_by_walking(twin.id).items()} == {
            table: len(ids) for table, ids in twins.items()
        }
        row = db.session.scalars(select(ErasureRequest).where(ErasureRequest.state == "done")).one()
        assert (row.state, row.registration_id, row.reason) == ("done", None, None)
        assert audit.verify() is None
        actions_of_chain = db.session.scalars(select(AuditEntry.action)).all()
        assert "registration.erased" in actions_of_chain


def named_elsewhere(person, twin):
    """Store the person's address in a row of each table whose rows belong to a person by the address alone."""
    event, email, canonical = person.event, person.email.upper(), canonical_email(person.email)
    start_write(db.session)
    # In the test data this column holds a unique text instead of the person's address.
    person.email_canonical = canonical
    db.session.commit()
    save(new_invitation(event, "ngo", email, state="withdrawn", email_canonical=canonical))
    moments = {"asked_at": NOW, "confirm_by": NOW, "confirmed_at": NOW}
    shared = {"sector_id": twin.sector_id, "event_id": event.id, "organisation": "", "country": "SE"}
    shared |= {"language": "en", "is_all_or_nobody": False, "family_name": "", **moments}
    for number, (own, canonical_own) in enumerate(((email, canonical), ("kim@example.org",) * 2)):
        mine = {"given_name": "Kim", "email": own, "email_canonical": canonical_own, "form_key": str(number)}
        named = Delegate(position=1, given_name="Kim", family_name="", title="", email=email)
        save(Delegation(**shared, **mine, people=[named]))
    save(Substitution(registration_id=twin.id, email=email, asked_at=NOW, expires_at=NOW))


def rows_by_walking(registration_id: int) -> dict[str, set]:
    """Return by table the keys of rows that refer to the registration, found by the database's own foreign keys."""
    inspector, found = inspect(db.session.connection()), {"registrations": {registration_id}}
    tables = inspector.get_table_names()
    for _round in range(3):
        for table in tables:
            for key in inspector.get_foreign_keys(table):
                owners = found.get(key["referred_table"])
                if not owners or key["referred_columns"] != primary(inspector, key["referred_table"]):
                    continue
                model = Base.metadata.tables[table]
                column = model.c[key["constrained_columns"][0]]
                query = select(next(iter(model.primary_key))).where(column.in_(owners))
                found[table] = found.get(table, set()) | set(db.session.scalars(query))
    return found


def primary(inspector, table: str) -> list[str]:
    return inspector.get_pk_constraint(table)["constrained_columns"]


def everything_stored() -> str:
    """Return all rows of all tables as one text, with sealed values decrypted."""
    db.session.rollback()
    parts = []
    for mapper in Base.registry.mappers:
        for row in db.session.scalars(select(mapper.class_)):
            parts += [repr(getattr(row, attribute)) for attribute in told_attributes(mapper)]
    return "\n".join(parts)


def told_attributes(mapper) -> list[str]:
    return [hanging._attribute(column) for column in mapper.local_table.columns]
