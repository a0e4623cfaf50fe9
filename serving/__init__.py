"""The service: BentoML routes and the manager's page over the files of a run."""
