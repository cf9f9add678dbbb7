"""Networks that make an image rather than a curve: one file per family."""
