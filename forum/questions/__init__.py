"""An event's own questions to those who register, and the answers: data that organisers declare, not columns."""
