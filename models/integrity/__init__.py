"""Whether a model's files are those that were written, and can be read without harm."""
