"""Tools that the pages of all features share: cache, headers, forms, languages, rate limits, tables, errors."""
