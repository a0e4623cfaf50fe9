"""Training tables: moments, labels, features, and what must not be among them."""
