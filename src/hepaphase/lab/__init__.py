"""Lesions and contrast put into existing scans by the physics of the simulator: the lesion lab and real anatomy."""
