"""Plain figures of a company: volumes, waits, ratings and customers as they are, before any model."""
