"""A study in, findings out."""
