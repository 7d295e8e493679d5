"""The subcommands of `forum`, grouped by task."""
