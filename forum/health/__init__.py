"""Whether the forum can do its work: for monitors, for the console and for `forum doctor`."""
