"""Settings: read from FORUM_* environment variables here only, checked at start (S05)."""
