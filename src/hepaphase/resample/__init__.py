"""Volumes moved between grids; knows no files."""
