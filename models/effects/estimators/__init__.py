"""Ways to estimate what a lever does to the customer, behind one protocol."""
