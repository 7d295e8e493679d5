"""Messages to many people at once: their recipients, and queueing the mails in small numbers."""
