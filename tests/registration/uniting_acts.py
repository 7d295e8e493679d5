"""The actions of the state machine in which two registrations are merged, and the merge is undone."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from forum.extensions import db
from forum.registration import separating, uniting
from forum.registration.enums import LIVE, Status
from forum.registration.merge_models import RegistrationMerge
from forum.registration.uniting import STANDING

SHOWN = ("organisation", "email")
TAKEN = st.sets(st.sampled_from((*SHOWN, "q-arrival")))


class Uniting:
    """Part of `test_state_machine.Registrations`; `before` has what a merge replaced, by the id of the ended one."""

    before: dict[int, tuple[set[str], dict, dict]]

    @precondition(lambda self: self.now < self.event.ends_at and len(self.those_who_are(*STANDING)) > 1)
    @rule(data=st.data(), taken=TAKEN)
    def organisers_merge_two(self, data, taken):
        """Merge two registrations: the better status is kept, at most one place remains, and the other one ends."""
        one = self.pick(data, *STANDING)
        others = {each.id: each for each in self.those_who_are(*STANDING) if each is not one}
        other = others[data.draw(st.sampled_from(sorted(others)))]
        was = {each.id: (STANDING.index(each.status), each.holds_place) for each in (one, other)}
        stood = {each.id: {name: getattr(each, name) for name in SHOWN} for each in (one, other)}
        if not self.do(uniting.unite, one, other, taken, actor="user:1"):
            return
        kept, ended = (one, other) if other.status == Status.CANCELLED else (other, one)
        assert (ended.status, ended.holds_place) == (Status.CANCELLED, False)
        assert kept.status in LIVE
        assert kept.holds_place >= was[kept.id][1]
        assert was[kept.id][0] <= was[ended.id][0]
        mine, theirs = self.told.get(kept.id, {}), self.told.get(ended.id, {})
        self.before[ended.id] = (taken, mine, stood[kept.id])
        arrival = theirs.get("arrival") if "q-arrival" in taken else mine.get("arrival")
        diet = mine.get("diet") or theirs.get("diet")
        self.told[kept.id] = {**mine, "arrival": arrival, "diet": diet}

    @precondition(lambda self: db.session.scalars(select(RegistrationMerge.ended_id)).all())
    @rule(data=st.data())
    def organisers_part_two_again(self, data):
        """Undo a merge; mostly it is too late for that, or no place is free."""
        known = {each.ended_id: each for each in db.session.scalars(select(RegistrationMerge))}
        self.part(known[data.draw(st.sampled_from(sorted(known)))])

    @precondition(lambda self: self.now < self.event.ends_at and len(self.those_who_are(*STANDING)) > 1)
    @rule(data=st.data(), taken=TAKEN)
    def organisers_merge_two_and_undo_that_at_once(self, data, taken):
        known = {each.ended_id for each in db.session.scalars(select(RegistrationMerge))}
        self.organisers_merge_two(data, taken)
        self.everything_agrees()
        for merge in db.session.scalars(select(RegistrationMerge)).all():
            if merge.ended_id not in known:
                self.part(merge)

    def part(self, merge) -> None:
        kept, ended, merged_at = merge.kept, merge.ended, merge.merged_at
        has, theirs = ({name: getattr(each, name) for name in SHOWN} for each in (kept, ended))
        if not self.do(separating.separate, merge, actor="user:1"):
            return
        assert self.now - merged_at < timedelta(days=1)
        assert ended.status in STANDING
        assert kept.status in LIVE
        self.chosen, self.returned = {ended.id}, self.returned | {ended.id}
        taken, mine, stood = self.before.pop(ended.id)
        given_back = {name: stood[name] for name in taken & {*SHOWN} if has[name] == theirs[name]}
        assert {name: getattr(kept, name) for name in SHOWN} == {**has, **given_back}
        now, theirs = self.told[kept.id], self.told.get(ended.id, {})
        if "q-arrival" in taken and now.get("arrival") == theirs.get("arrival"):
            now = {**now, "arrival": mine.get("arrival")}
        if now.get("diet") == (mine.get("diet") or theirs.get("diet")):
            now = {**now, "diet": mine.get("diet")}
        self.told[kept.id] = now
