"""Outgoing mail: stored as a row in the sender's transaction, then sent by the worker."""
