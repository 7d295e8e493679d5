"""Images of an event's library: checked, re-encoded in several widths, stored, and shown on pages."""
