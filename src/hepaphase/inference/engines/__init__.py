"""What runs the studies of a batch: one file each, the file name is the name of the engine."""
