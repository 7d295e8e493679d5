"""The worker process and its periodic jobs."""
