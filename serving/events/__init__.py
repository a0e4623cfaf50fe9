"""Events: new and corrected rows of source tables, taken while things happen and kept until a run has read them."""
