"""Settings: read from FORUM_* environment variables in one place, checked at start (S05)."""
