"""The list of participants: who may be shown, to whom, and the pages that show them (P15)."""
