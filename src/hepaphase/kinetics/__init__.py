"""Contrast physics; pure functions."""
