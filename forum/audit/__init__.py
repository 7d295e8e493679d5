"""Who did, saw or exported what: a hash-chained, append-only record."""
