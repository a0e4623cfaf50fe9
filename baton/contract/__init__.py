"""The tables that go in and come out."""
