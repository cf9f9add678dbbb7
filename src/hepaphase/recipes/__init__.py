"""Named runs; a recipe is a function that returns a whole configuration."""
