"""What the worker runs, and how often."""
