"""One file per generator; the file name is its name."""
