"""What every face shares: access, headers, cache, languages, tables, errors."""
