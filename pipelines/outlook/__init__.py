"""How long a run will take, and how far it is."""
