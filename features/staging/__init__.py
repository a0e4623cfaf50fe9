"""Clean tables, pseudonyms, and the warehouse that holds them."""
