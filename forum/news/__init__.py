"""News: posts with categories, tags, corrections and feeds."""
