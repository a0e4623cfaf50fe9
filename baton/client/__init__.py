"""A client of the service, typed: for other systems, notebooks and scripts."""
