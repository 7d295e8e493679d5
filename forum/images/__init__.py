"""Images of an event's library: checked, made anew in several widths, stored, and shown on pages."""
