"""Plumbing that does not know what a liver is."""
