"""LIDIA's tables: methods, fusion operators and ablation at one scale."""
