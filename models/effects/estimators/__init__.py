"""Ways to estimate what a lever does to the customer, with one kind of answer."""
