"""What a live conversation tells: signals in the customer's words, the risk they mean, and advice."""
