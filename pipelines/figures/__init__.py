"""The plain figures of a company: as a step of a run, and alone."""
