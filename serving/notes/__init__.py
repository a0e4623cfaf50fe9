"""Notes on customers at risk: what was done about them, and what came of it."""
