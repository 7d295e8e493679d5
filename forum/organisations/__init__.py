"""Organisations, which organisers add: their names, mail domains and caps, and which registrations belong to them."""
