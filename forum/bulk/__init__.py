"""One act on many people of the attendee list: choosing them, saying what will happen, and the task that does it."""
