"""A raw study to model input."""
