"""How far a single row's prediction can be relied on: what came of rows of the same score, and rows unlike any seen."""
