"""Mail: first a row, then sent by the worker."""
