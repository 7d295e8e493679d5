"""Organisers: sign-in, second factor, roles and sessions."""
