"""Posts with categories, tags, corrections and feeds."""
