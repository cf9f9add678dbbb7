"""One file per metric; the file name is its name."""
