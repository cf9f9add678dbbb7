"""Stage II: find lesions and name them."""
