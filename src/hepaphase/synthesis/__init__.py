"""Stage I: the phase that was not scanned."""
