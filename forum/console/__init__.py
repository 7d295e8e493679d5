"""The organisers' console: pages that put several features together."""
