"""A simulated product company: teams that own functions, accounts that use them, and support."""
