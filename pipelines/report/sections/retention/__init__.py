"""How many customers stay, and by when those at risk have left."""
