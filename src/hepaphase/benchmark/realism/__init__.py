"""How real simulated patients are: curves, noise, sizes and counts, texture, pictures."""
