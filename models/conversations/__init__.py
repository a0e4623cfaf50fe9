"""What a live conversation shows: signals in the customer's words, the risk they mean, and advice."""
