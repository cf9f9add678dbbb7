"""One-command comparisons."""
