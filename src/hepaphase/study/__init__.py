"""What a study is; data only."""
