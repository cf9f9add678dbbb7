"""Stage I judged by its use: the same reader with measured, generated or no further phases."""
