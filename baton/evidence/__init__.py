"""What stands beside a weight as evidence, chosen alike wherever it is read."""
