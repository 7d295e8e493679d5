"""An event's own questions to those who register, and the answers: data of the event, not columns of a table."""
