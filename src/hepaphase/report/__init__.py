"""Findings to readers."""
