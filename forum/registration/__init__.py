"""Registrations: places, waiting list, self-service."""
