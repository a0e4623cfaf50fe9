"""A service company: customers, cases, employees."""
