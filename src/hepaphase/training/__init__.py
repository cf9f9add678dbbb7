"""The loop, and what to run in it."""
