"""What is checked of the data, one subject a file."""
