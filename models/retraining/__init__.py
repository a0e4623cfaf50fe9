"""A challenger against the champion: on which rows, by how much, and whether that is enough."""
