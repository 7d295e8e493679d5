"""What the `forum` command does, one file a story."""
