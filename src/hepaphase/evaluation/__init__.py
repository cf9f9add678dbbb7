"""How good is it; numpy only."""
