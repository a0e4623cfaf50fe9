"""The event log: what its marks mean, and how starts and ends become visits."""
