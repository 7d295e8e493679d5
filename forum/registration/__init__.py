"""Registrations: who gets a place, the waiting list, and people's own pages."""
