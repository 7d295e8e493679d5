"""Health checks: for monitors, for the console and for `forum doctor`."""
