"""Invitations: an organiser invites people to a sector of an event, and each answers by a link of their own."""
