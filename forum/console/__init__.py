"""The organisers' console: composes everything."""
