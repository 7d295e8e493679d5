"""The actions of the state machine in which people, contacts and organisers act at the very moment of the freeze."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from forum.registration.enums import LIVE
from tests.delegations.substituting_acts import REPLACEABLE
from tests.registration.editing_acts import DOMAINS, WHO

ACTS = st.sampled_from(("moves", "changes organisation", "is replaced", "is corrected"))


class Freezing:
    """Part of `tests.registration.test_state_machine.TowardsTheFreeze`: acts that come just after the freeze."""

    @precondition(lambda self: self.now < self.event.closes_at and self.those_who_are(*REPLACEABLE))
    @rule(data=st.data(), act=ACTS, key=st.sampled_from(("tech", "ngo", "other")), who=WHO)
    def somebody_acts_as_the_answers_freeze(self, data, act, key, who):
        """Freeze the answers, then let somebody move, change, or be replaced or corrected by a contact."""
        self.organisers_set_the_freeze(0)
        if act == "moves":
            self.somebody_moves_to_another_sector(data, key, who, may_wait=True)
        elif act == "changes organisation":
            self.somebody_changes_organisation(data, "Gamma")
        elif act == "is replaced":
            self.somebody_else_comes_instead(data)
        else:
            self.a_contact_corrects_an_address(data, "nobody's", confirms=False)

    @precondition(lambda self: self.now < self.event.ends_at and self.all_who_are(*LIVE))
    @rule(data=st.data(), who=WHO, domain=DOMAINS, hours=st.sampled_from((None, 1)))
    def a_link_to_a_new_address_is_used_as_the_answers_freeze(self, data, who, domain, hours):
        """Send a link to a new address, with no freeze set or one to come, and use it once the answers are frozen."""
        self.organisers_set_the_freeze(hours)
        self.a_new_address_is_entered(data, who, domain, is_taken=False)
        self.organisers_set_the_freeze(0)
        if self.sent:
            self.a_link_to_a_new_address_is_used(data, is_newest=True)
