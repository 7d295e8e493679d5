"""Substitutes, who come instead of a registered person, and delegations, which one contact registers together."""
