"""The kinds of company that can be simulated."""
