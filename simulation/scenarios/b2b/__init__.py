"""A simulated B2B company: accounts with long contracts, projects, visits and suppliers."""
