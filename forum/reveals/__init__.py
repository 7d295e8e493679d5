"""Revealing to a handler whether one person has protected identity, and the real name (P25)."""
