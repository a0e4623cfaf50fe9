"""What Baton predicts, explains and advises."""
