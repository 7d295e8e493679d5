"""The audit trail: who did, saw or exported what, as an append-only hash chain."""
