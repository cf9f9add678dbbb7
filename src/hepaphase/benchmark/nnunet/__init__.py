"""nnU-Net v2 itself as a row of LIDIA's tables; its commands run in their own environment."""
