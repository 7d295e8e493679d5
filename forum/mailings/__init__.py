"""Messages to many people at once: who is written to, and handing the mails to the outbox bit by bit."""
