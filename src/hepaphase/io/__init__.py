"""Files in, studies out, and back."""
