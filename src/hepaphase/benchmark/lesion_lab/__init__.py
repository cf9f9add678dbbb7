"""Lesions put into real scans by the lesion lab, and read."""
